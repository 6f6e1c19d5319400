"""The columns of `gaps.csv`, and which of its rows can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TEXTS = ("level",)
NUMBERS = ("lower_ms", "upper_ms", "count")


def sound(buckets: pd.DataFrame) -> Any:
    """Which rows of the file are buckets that have something in them."""
    lower, upper = buckets["lower_ms"], buckets["upper_ms"]
    return (buckets["level"] != "") & (lower > 0) & (upper >= lower) & (buckets["count"] >= 1)
