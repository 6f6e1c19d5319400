"""What the calls of a run asked of the service, minute by minute: the figures that a request for more quota needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers import percentiles
from reports.numbers.quota import THROTTLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.reading.run import Run

LONG_TOKENS = 25_000
"""A prompt above this length counts as long: the bound in the form of AWS Support for more Bedrock quota."""
STEADY, PEAK = 50, 90
"""The percentiles, over the minutes, that stand for the steady load and for its peak."""
MINUTE_S = 60
CACHES = ("cache_read_tokens", "cache_write_tokens")


@dataclass(frozen=True)
class Rate:
    """Amounts per minute; NaN where they are not known."""

    steady: float
    peak: float


@dataclass(frozen=True)
class Lengths:
    """Tokens of a call; NaN where they are not known."""

    mean: float
    p90: float


@dataclass(frozen=True)
class Demand:
    """What the calls to one model asked for."""

    minutes: int
    """Whole minutes of load; 0 of a run of less than one, whose calls are taken as one minute."""
    calls: int
    """Calls that were not throttled: these are counted."""
    throttled: int
    requests: Rate
    tokens: Rate
    """Input, with what was read from a cache and written to it, and output of the calls that started in a minute."""
    prompts: Rate
    """Of these, input with caches."""
    answers: Rate
    """Of these, output."""
    input: Lengths
    output: Lengths
    long_share: float
    """The share of the calls with known input, 0 to 1, whose prompt has more than `LONG_TOKENS`."""


def demand(run: Run) -> Demand:
    """The demand of the calls to the model in the settings of a run."""
    calls = run.calls[run.of_model(run.calls)]
    throttled = (calls["error"] == THROTTLED).to_numpy()
    taken = calls[~throttled]
    started_at = taken["started_at"].to_numpy()
    prompt, output = taken["input_tokens"].to_numpy("float64"), taken["output_tokens"].to_numpy("float64")
    for column in CACHES:
        prompt = prompt + np.nan_to_num(taken[column].to_numpy("float64"))
    load = _load_of(run, started_at)
    return Demand(
        minutes=load.minutes,
        calls=len(taken),
        throttled=int(throttled.sum()),
        requests=_rate(load, np.ones(len(taken))),
        tokens=_rate(load, np.nan_to_num(prompt) + np.nan_to_num(output), known=bool((prompt >= 0).any())),
        prompts=_rate(load, np.nan_to_num(prompt), known=bool((prompt >= 0).any())),
        answers=_rate(load, np.nan_to_num(output), known=bool((output >= 0).any())),
        input=_lengths(prompt),
        output=_lengths(output),
        long_share=float((prompt[prompt >= 0] > LONG_TOKENS).mean()) if (prompt >= 0).any() else math.nan,
    )


@dataclass(frozen=True)
class _Load:
    """When calls came."""

    minutes: int
    places: NDArray[np.int64]
    """The minute of each call, from 0 on."""


def _load_of(run: Run, started_at: NDArray[np.float64]) -> _Load:
    """The minutes of the load: from the first call, or from the window before it, to the last of both.

    A window of 60 s has its first call after it opens, and its last before it closes: it is a minute all the same. A
    minute without a call, before or after all others, is none of load.
    """
    if not len(started_at):
        return _Load(0, started_at.astype("int64"))
    opened_at, closed_at = (run.levels[name].to_numpy("float64") for name in ("measured_from", "measured_to"))
    first, last = started_at.min(), started_at.max()
    begin = np.nanmin([first, *opened_at[opened_at > first - MINUTE_S]])
    end = np.nanmax([last, *closed_at[closed_at < last + MINUTE_S]])
    # To the millisecond: a difference of two moments has not all digits of a window's length.
    return _Load(int(round(end - begin, 3) // MINUTE_S), ((started_at - begin) // MINUTE_S).astype("int64"))


def _rate(load: _Load, amounts: NDArray[np.float64], *, known: bool = True) -> Rate:
    """P50 and P90 of the sums over whole minutes; the rest after the last whole one is left out."""
    if not (len(load.places) and known):
        return Rate(math.nan, math.nan)
    sums = np.bincount(load.places, weights=amounts, minlength=load.minutes)[: max(load.minutes, 1)]
    ordered = np.sort(sums.astype("float64"))
    return Rate(percentiles.at(ordered, STEADY), percentiles.at(ordered, PEAK))


def _lengths(values: NDArray[np.float64]) -> Lengths:
    known = np.sort(values[~np.isnan(values)])
    return Lengths(float(known.mean()) if len(known) else math.nan, percentiles.at(known, PEAK))
