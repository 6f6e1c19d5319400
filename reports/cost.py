"""What the calls cost, by the prices in the settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reports.levels import is_ok

if TYPE_CHECKING:
    from reports.levels import Levels
    from reports.run import Run

PRICES = {
    "input_tokens": "input_per_million",
    "output_tokens": "output_per_million",
    "cache_read_tokens": "cache_read_per_million",
    "cache_write_tokens": "cache_write_per_million",
}
"""Column of the calls -> key of the settings. A price that is not set is 0, one for input and output must be."""


@dataclass(frozen=True)
class Cost:
    """The cost of a run, in `currency`."""

    currency: str
    total: float
    """Every call with token counts, warm-up and drain included."""
    unknown: int
    """Successful calls without token counts: not in any figure here."""
    table: pd.DataFrame
    """By level: `total`, and `per_1000` successful calls, measured ones."""


def cost(run: Run, levels: Levels) -> Cost | None:
    """The cost of the run and of its levels; None without prices."""
    prices = {column: run.number("settings", "pricing", key) for column, key in PRICES.items()}
    if prices["input_tokens"] is None and prices["output_tokens"] is None:
        return None
    calls = levels.calls
    each = sum(
        (calls[column].astype("float64").fillna(0) * (price or 0) / 1e6 for column, price in prices.items()),
        start=pd.Series(0.0, index=calls.index),
    )
    known = calls["input_tokens"].notna() & calls["output_tokens"].notna()
    rows = {key: _row(levels, key, each, known) for key in levels.table.index}
    return Cost(
        currency=run.text("settings", "pricing", "currency") or "USD",
        total=float(each.sum()),
        unknown=int((~known & is_ok(calls)).sum()),
        table=pd.DataFrame.from_dict(rows, orient="index", columns=["total", "per_1000"], dtype="float64"),
    )


def _row(levels: Levels, key: str, each: pd.Series[float], known: pd.Series[bool]) -> dict[str, float]:
    own = levels.calls["key"] == key
    counting = each[own & known & levels.counted & is_ok(levels.calls)]
    return {"total": float(each[own].sum()), "per_1000": 1000 * float(counting.mean()) if len(counting) else math.nan}
