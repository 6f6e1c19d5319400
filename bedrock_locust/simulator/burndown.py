"""Burn-down: how many tokens of quota an output token of a model uses, as AWS states it.

The rates, their source and their date are data of the project, which are read here and nowhere else in the simulator.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from importlib.resources import files

TABLE = files("bedrock_locust") / "settings" / "burndown.json"


@cache
def _rates() -> list[tuple[re.Pattern[str], float]]:
    """The patterns of model ids, and their rates."""
    said = json.loads(TABLE.read_text(encoding="utf-8"))
    return [(re.compile(one["models"]), float(one["factor"])) for one in said["rates"]]


@lru_cache(maxsize=1024)
def stated(model_id: str) -> float:
    """The rate of the first pattern that an id has; 1 without one, as for an ARN that does not name a model."""
    name = model_id.lower()
    return next((factor for pattern, factor in _rates() if pattern.search(name)), 1.0)
