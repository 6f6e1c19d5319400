"""Throughput: what happened inside a window of time, whichever level the calls began in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.reading.blocks import ended_at
from reports.reading.levels import is_ok
from reports.reading.run import CANCELLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.levels import Levels

RATES = (
    "requests_per_s",
    "failed_per_s",
    "output_tokens_per_s",
    "input_tokens_per_s",
    "total_tokens_per_s",
    "in_flight",
)


def inside(levels: Levels, key: str) -> Iterator[pd.DataFrame]:
    """The calls that were at work in the window of a level, block by block, on the time axis."""
    return map(on_time_axis, levels.at_work(key))


def on_time_axis(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls with `ended_at` and the moments of their tokens, in Unix seconds.

    `tokens_from` to `tokens_to` is where the output tokens are spread evenly: first to last token
    of a streaming call, else start to end. `input_at` is when the input tokens count: at the first
    token, else at the end of the call.
    """
    started_at, ends = _column(calls, "started_at"), ended_at(calls)
    first = started_at + _column(calls, "ttft_ms") / 1000
    last = started_at + _column(calls, "last_token_ms") / 1000
    streamed = np.asarray(calls["mode"] == "streaming") & ~np.isnan(first) & ~np.isnan(last)
    return calls.assign(
        ended_at=ends,
        tokens_from=np.where(streamed, first, started_at),
        tokens_to=np.where(streamed, last, ends),
        input_at=np.where(streamed, first, ends),
    )


def rates(calls: Iterable[pd.DataFrame], opened_at: float, closed_at: float) -> dict[str, float]:
    """Requests, failures and tokens per second in the window, both edges included, and the mean calls in flight.

    `calls` come from `inside`. Tokens are those of successful calls; a call without a token count adds none, and
    where no success in the window has any, the rate is not known. All are NaN if the window is not known or has
    no length.
    """
    window_s = closed_at - opened_at
    if not window_s > 0:
        return dict.fromkeys(RATES, float("nan"))
    found = [_Amounts(), *(_amounts(block, opened_at, closed_at) for block in calls)]
    sums = _Amounts(*map(math.fsum, zip(*found, strict=True)))
    output, input_ = (
        amount if known or not sums.successes else math.nan
        for amount, known in ((sums.output, sums.with_output), (sums.input, sums.with_input))
    )
    amounts = (sums.ended, sums.failed, output, input_, output + input_, sums.busy_s)
    return {rate: amount / window_s for rate, amount in zip(RATES, amounts, strict=True)}


class _Amounts(NamedTuple):
    """What happened in a window."""

    ended: float = 0.0
    """Successes, each spread over its length."""
    failed: float = 0.0
    output: float = 0.0
    """Tokens of successes."""
    input: float = 0.0
    busy_s: float = 0.0
    """The time that calls of any outcome were at work, summed over the calls."""
    successes: float = 0.0
    """Successes that were at work in the window, and those of them with counts."""
    with_output: float = 0.0
    with_input: float = 0.0


def _amounts(calls: pd.DataFrame, opened_at: float, closed_at: float) -> _Amounts:
    ok, cancelled = is_ok(calls), np.asarray(calls["error"] == CANCELLED)
    output, input_ = _column(calls, "output_tokens"), _column(calls, "input_tokens")
    parts = calls_inside(calls, opened_at, closed_at)
    at_work = ok & (_column(calls, "started_at") <= closed_at) & (_column(calls, "ended_at") >= opened_at)
    return _Amounts(
        ended=float(np.nansum(parts[ok])),
        failed=float(np.nansum(parts[~ok & ~cancelled])),
        output=float(np.nansum((output * share_inside(calls, opened_at, closed_at))[ok])),
        input=float(np.nansum(input_[ok & _is_between(_column(calls, "input_at"), opened_at, closed_at)])),
        busy_s=float(np.nansum(busy_s(calls, opened_at, closed_at))),
        successes=float(at_work.sum()),
        with_output=float((at_work & ~np.isnan(output)).sum()),
        with_input=float((at_work & ~np.isnan(input_)).sum()),
    )


def ended_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.bool_]:
    """Which calls ended in the window."""
    return _is_between(_column(calls, "ended_at"), opened_at, closed_at)


def busy_s(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.float64]:
    """For how many seconds of the window each call was at work."""
    return _overlap_s(_column(calls, "started_at"), _column(calls, "ended_at"), opened_at, closed_at)


def calls_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.float64]:
    """The part of each call, 0 to 1, that falls into the window: a call is spread over its length, as tokens are."""
    return _part_inside(_column(calls, "started_at"), _column(calls, "ended_at"), opened_at, closed_at)


def share_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.float64]:
    """The part of each call's output, 0 to 1, that falls into the window.

    Tokens that all come at one moment are inside or not as a whole.
    """
    return _part_inside(_column(calls, "tokens_from"), _column(calls, "tokens_to"), opened_at, closed_at)


def _part_inside(
    start: NDArray[np.float64], end: NDArray[np.float64], opened_at: float, closed_at: float
) -> NDArray[np.float64]:
    """The part of each span of time that falls into the window: all or nothing of a moment."""
    found = _is_between(start, opened_at, closed_at).astype("float64")
    np.divide(_overlap_s(start, end, opened_at, closed_at), end - start, out=found, where=end > start)
    return found


def _overlap_s(
    start: NDArray[np.float64], end: NDArray[np.float64], opened_at: float, closed_at: float
) -> NDArray[np.float64]:
    """For how many seconds of the window each span of time lasts."""
    found: NDArray[np.float64] = np.maximum(np.minimum(end, closed_at) - np.maximum(start, opened_at), 0)
    return found


def _is_between(moments: NDArray[np.float64], opened_at: float, closed_at: float) -> NDArray[np.bool_]:
    within: NDArray[np.bool_] = (moments >= opened_at) & (moments <= closed_at)
    return within


def _column(calls: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """A column by itself: pandas takes far longer for each step than the step takes."""
    found: NDArray[np.float64] = calls[name].to_numpy().astype("float64", copy=False)
    return found
