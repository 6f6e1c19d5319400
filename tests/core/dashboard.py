"""The dashboard of the examples, and its queries as Grafana sends them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2] / "examples" / "grafana-dashboard.json"
VARIABLES = {"$__rate_interval": "5s", "$mode": ".*", "$target": ".*", "$level": ".*", "$phase": ".*"}
"""Variable of a query -> what Grafana puts in its place."""


def dashboard() -> dict[str, Any]:
    """The file."""
    read: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def queries() -> dict[str, str]:
    """Panel and number of the query -> the query with its variables filled in."""
    found = {}
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"]
            for name, value in VARIABLES.items():
                query = query.replace(name, value)
            found[f"{panel['title']} {target['refId']}"] = query
    return found
