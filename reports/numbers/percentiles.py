"""Percentiles and their companions: exact, over every value, by linear interpolation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.numbers import intervals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

PERCENTS = (50, 95, 99)
STATISTICS = ("min", "mean", "max")


def needed(percent: float) -> int:
    """How many values must stand behind a percentile: at least 1 / (1 - p), so P95: 20, P99: 100."""
    return math.ceil(round(100 / (100 - percent), 9))


def is_open(row: Mapping[Any, Any] | pd.Series[Any], name: str) -> bool:
    """Whether the interval of a percentile (`latency_ms_p95`) of a level does not close: it is a hint, not a figure.

    Gaps between tokens have no interval.
    """
    sides = [row[f"{name}_{side}"] for side in ("low", "high") if f"{name}_{side}" in row]
    return not all(map(math.isfinite, sides))


def with_extra(percent: float) -> tuple[float, ...]:
    """The percentiles that are always shown, and one more."""
    return tuple(sorted({*PERCENTS, percent}))


def summary(
    ordered: NDArray[np.floating],
    metric: str,
    percents: Sequence[float] = PERCENTS,
    effect: Callable[[float], float] = lambda _: 1.0,
) -> dict[str, float]:
    """`<metric>_count`, `_min`, `_mean`, `_max`, `_p50` and so on of sorted values, in their unit.

    `_p50_low` and `_p50_high` are the interval of the percentile at 95 % confidence, NaN on a side that the values
    leave open. `effect` is the design effect of a percentile, 1 for values that do not depend on each other.
    """
    table = {"count": float(len(ordered)), **dict.fromkeys(STATISTICS, math.nan)}
    if len(ordered):
        table |= {"min": float(ordered[0]), "mean": float(ordered.mean(dtype="float64")), "max": float(ordered[-1])}
    for percent in percents:
        low, high = intervals.quantile(ordered, percent, effect(percent))
        table |= {f"p{percent:g}": at(ordered, percent), f"p{percent:g}_low": low, f"p{percent:g}_high": high}
    return {f"{metric}_{name}": value for name, value in table.items()}


def p50_p95(values: pd.Series[float]) -> tuple[float, float]:
    """Both percentiles of the values that are known; NaN without one."""
    known: NDArray[np.float64] = np.sort(values.dropna().to_numpy(dtype="float64"))
    return at(known, 50), at(known, 95)


def at(ordered: NDArray[np.floating], percent: float) -> float:
    """The p-th percentile of n sorted values: at p / 100 * (n - 1), counted from 0, interpolated linearly."""
    if not len(ordered):
        return math.nan
    rank = percent / 100 * (len(ordered) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    low, high = float(ordered[below]), float(ordered[above])
    return low + (high - low) * (rank - below)
