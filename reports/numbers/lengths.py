"""TTFT and latency by the lengths of prompts and answers, of all levels together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reports.reading.levels import Levels
    from reports.reading.run import Run

MOST_BINS = 6
LEAST_CALLS = 5
"""A median of fewer calls is not shown."""
VARIES = 1.5
"""Lengths vary where P90 is at least this many times P10."""


@dataclass(frozen=True)
class Lengths:
    """Medians of measured successes by length."""

    by_input: pd.DataFrame
    """A row for each range of prompts: `low` and `high` in tokens, `calls`, `ttft_ms`, `latency_ms`."""
    cells: pd.DataFrame
    """A row for each pair of ranges with calls enough: `input_low`, `input_high`, `output_low`, `output_high`, and as
    above. Empty where answers do not vary."""


def prompt_tokens(calls: pd.DataFrame) -> pd.Series[float]:
    """Tokens of the whole prompt of each call, with what came from the cache and went into it."""
    cached: pd.Series[float] = calls["cache_read_tokens"].fillna(0) + calls["cache_write_tokens"].fillna(0)
    return cached + calls["input_tokens"]


def lengths(run: Run, levels: Levels) -> Lengths | None:
    """What lengths mean for the waiting; None where prompts do not vary, or the run has no workload."""
    if not isinstance(run.get("settings", "workload"), dict):
        return None
    calls = levels.calls[levels.counted & is_ok(levels.calls)]
    prompt = prompt_tokens(calls).to_numpy(dtype="float64")
    answer = calls["output_tokens"].to_numpy(dtype="float64")
    known = ~np.isnan(prompt) & ~np.isnan(answer)
    times = calls.loc[known, ["ttft_ms", "latency_ms"]].reset_index(drop=True).astype("float64")
    edges = _edges(prompt[known])
    if edges is None:
        return None
    by_input = pd.DataFrame(
        {"low": low, "high": high, **_medians(times, chosen)} for low, high, chosen in _bins(prompt[known], edges)
    )
    return Lengths(by_input, _cells(times, (prompt[known], edges), (answer[known], _edges(answer[known]))))


def _cells(
    times: pd.DataFrame,
    prompts: tuple[NDArray[np.float64], list[int]],
    answers: tuple[NDArray[np.float64], list[int] | None],
) -> pd.DataFrame:
    tokens, edges = answers
    rows = [
        {"input_low": low, "input_high": high, "output_low": least, "output_high": most, **_medians(times, of & with_)}
        for low, high, of in _bins(*prompts)
        for least, most, with_ in (_bins(tokens, edges) if edges else ())
        if np.count_nonzero(of & with_) >= LEAST_CALLS
    ]
    return pd.DataFrame(rows)


def _edges(tokens: NDArray[np.float64]) -> list[int] | None:
    """Ends of ranges with about as many calls each, rounded to two digits; None where lengths do not vary."""
    if len(tokens) < MOST_BINS * LEAST_CALLS:
        return None
    low, high = np.percentile(tokens, (10, 90))
    if high < VARIES * max(low, 1):
        return None
    inner = np.percentile(tokens, np.linspace(0, 100, MOST_BINS + 1)[1:-1])
    ends = sorted({_rounded(end) for end in inner} - {0})
    return [int(tokens.min()), *(end for end in ends if tokens.min() < end <= tokens.max()), int(tokens.max()) + 1]


def _rounded(tokens: float) -> int:
    """The number with two digits that tell."""
    unit = 10 ** max(0, len(str(int(tokens))) - 2)
    return int(round(tokens / unit) * unit)


def _bins(tokens: NDArray[np.float64], edges: list[int]) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
    """The least and the most tokens of each range, and which calls are in it."""
    for low, end in pairwise(edges):
        yield low, end - 1, (tokens >= low) & (tokens < end)


def _medians(times: pd.DataFrame, chosen: NDArray[np.bool_]) -> dict[str, float]:
    own = times[chosen]
    medians = own.median() if len(own) >= LEAST_CALLS else own.median() * np.nan
    return {"calls": len(own), "ttft_ms": float(medians["ttft_ms"]), "latency_ms": float(medians["latency_ms"])}
