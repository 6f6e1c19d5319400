"""The load generator's own health: what each worker says of itself, and what its calls show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports import percentiles
from reports.run import finite

if TYPE_CHECKING:
    from reports.run import Run

BUSY_PERCENT = 90
"""From this share of a core on, a worker may measure itself rather than the service."""

NUMBERS = ("rows_made", "rows_received", "cpu_percent")
METRICS = ("send_delay_ms", "read_lag_ms")


def workers(run: Run) -> pd.DataFrame:
    """One row per worker, the index its name.

    Columns: `state`, `rows_made`, `rows_received`, `cpu_percent` (of one core), `calls` in
    `requests.csv`, and of all those calls `send_delay_ms_p50`, `_p99`, `read_lag_ms_p50`, `_p99`.
    """
    said = _said(run)
    seen = run.requests.groupby("worker").size().rename("calls")
    names = said.index.union(seen.index).sort_values()
    parts = [said, seen.to_frame()]
    parts += [percentiles.summary(run.requests, "worker", metric) for metric in METRICS]
    return pd.concat([part.reindex(names) for part in parts], axis=1).fillna({"calls": 0, "state": ""})


def _said(run: Run) -> pd.DataFrame:
    known = run.get("workers")
    entries = known.items() if isinstance(known, dict) else ()
    rows = {str(name): _row(said) for name, said in entries if isinstance(said, dict)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["state", *NUMBERS]).astype(
        {"state": "str", **dict.fromkeys(NUMBERS, "float64")}
    )


def _row(said: dict[str, object]) -> list[object]:
    return [str(said.get("state", "")), *(finite(said.get(number)) for number in NUMBERS)]
