"""Percentiles and their companions: exact, over every value, by linear interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

PERCENTS = (50, 95, 99)


def needed(percent: int) -> int:
    """How many values must stand behind a percentile: at least 1 / (1 - p), so P95: 20, P99: 100."""
    return -(-100 // (100 - percent))


def is_shaky(count: float, percent: int) -> bool:
    """Whether a percentile of so many values is a hint rather than a figure."""
    return count < needed(percent)


def summary(calls: pd.DataFrame, by: str, metric: str, percents: Sequence[int] = PERCENTS) -> pd.DataFrame:
    """Statistics of `metric` for each value of the column `by`, which is the index.

    Columns `<metric>_count`, `_min`, `_mean`, `_max`, `_p50` and so on, in the unit of the metric;
    missing values do not count. The p-th percentile of n sorted values lies at p / 100 * (n - 1),
    counted from 0; between two values it is interpolated linearly.
    """
    grouped = calls.groupby(by, observed=True)[metric]
    table = grouped.agg(["count", "min", "mean", "max"])
    for percent in percents:
        table[f"p{percent}"] = grouped.quantile(percent / 100)
    return table.add_prefix(f"{metric}_")
