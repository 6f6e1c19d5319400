"""How long the gaps between tokens were, from the buckets of `gaps.csv`: percentiles within 1 % of the true ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers.percentiles import PERCENTS

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("gap_ms_count", *(f"gap_ms_p{percent}" for percent in PERCENTS))


def figures(buckets: pd.DataFrame, level: str) -> dict[str, float]:
    """`gap_ms_count` and `gap_ms_p50`, `_p95`, `_p99` of a level, named as in the file; NaN where it has none."""
    own = buckets[buckets["level"] == level].sort_values("lower_ms")
    if own.empty:
        return dict.fromkeys(FIGURES, math.nan)
    ends = own["count"].to_numpy().cumsum()
    # As near to the one bound as to the other, in parts of itself: no value of the bucket is further away than 1 %.
    middles = (2 / (1 / own["lower_ms"] + 1 / own["upper_ms"])).to_numpy()
    found = {"gap_ms_count": float(ends[-1])}
    for percent in PERCENTS:
        rank = percent / 100 * (ends[-1] - 1)
        below, above = (float(middles[np.searchsorted(ends, place, "right")]) for place in _beside(rank))
        found[f"gap_ms_p{percent}"] = below + (above - below) * (rank - math.floor(rank))
    return found


def _beside(rank: float) -> tuple[int, int]:
    return math.floor(rank), math.ceil(rank)
