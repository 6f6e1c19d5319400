"""Output tokens per second of a level, and how far the rate varies in the course of its window."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.numbers import sample
from reports.numbers.throughput import inside, share_inside
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.levels import Levels


class Rate(NamedTuple):
    """Output tokens per second, as `output_tokens_per_s` in the figures."""

    per_s: float
    """NaN where no window or no token count is known."""
    variance: float
    """The variance of its logarithm."""


def rate(levels: Levels, key: str) -> Rate:
    """The rate of a level. Its variance comes from the same waves as a design effect, over tokens instead of calls."""
    opened_at, closed_at = levels.window(key)
    if not closed_at > opened_at:
        return Rate(math.nan, math.nan)
    tokens = sum((_by_part(calls, opened_at, closed_at) for calls in inside(levels, key)), np.zeros(sample.PARTS))
    total = float(tokens.sum())
    if not total > 0:
        return Rate(math.nan, math.nan)
    return Rate(total / (closed_at - opened_at), sample.variance_of_sum(tokens) / total**2)


def _by_part(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.float64]:
    """The output tokens of successful calls inside the window, in the part in which the last of them came."""
    ok = calls[is_ok(calls) & calls["output_tokens"].notna().to_numpy()]
    tokens = (ok["output_tokens"] * share_inside(ok, opened_at, closed_at)).to_numpy().astype("float64")
    places = sample.parts(ok["tokens_to"].to_numpy(), (opened_at, closed_at))
    return np.bincount(places, tokens, minlength=sample.PARTS).astype("float64")
