"""Throughput: what happened inside a window of time, whichever level the calls began in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.reading.blocks import ended_at
from reports.reading.levels import is_ok
from reports.reading.run import CANCELLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
    started_at, ends = calls["started_at"], pd.Series(ended_at(calls), index=calls.index)
    first = started_at + calls["ttft_ms"].astype("float64") / 1000
    last = started_at + calls["last_token_ms"].astype("float64") / 1000
    streamed = (calls["mode"] == "streaming") & first.notna() & last.notna()
    return calls.assign(
        ended_at=ends,
        tokens_from=first.where(streamed, started_at),
        tokens_to=last.where(streamed, ends),
        input_at=first.where(streamed, ends),
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
    ok = calls[is_ok(calls)]
    failed = calls[np.asarray(calls["error"] != "") & np.asarray(calls["error"] != CANCELLED)]
    at_work = (ok["started_at"] <= closed_at) & (ok["ended_at"] >= opened_at)
    return _Amounts(
        ended=float(calls_inside(ok, opened_at, closed_at).sum()),
        failed=float(calls_inside(failed, opened_at, closed_at).sum()),
        output=float((ok["output_tokens"] * share_inside(ok, opened_at, closed_at)).sum()),
        input=float(ok.loc[ok["input_at"].between(opened_at, closed_at), "input_tokens"].astype("float64").sum()),
        busy_s=float(overlap_s(calls["started_at"], calls["ended_at"], opened_at, closed_at).sum()),
        successes=float(at_work.sum()),
        with_output=float((at_work & ok["output_tokens"].notna()).sum()),
        with_input=float((at_work & ok["input_tokens"].notna()).sum()),
    )


def ended_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> NDArray[np.bool_]:
    """Which calls ended in the window."""
    return calls["ended_at"].between(opened_at, closed_at).to_numpy()


def calls_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> pd.Series[float]:
    """The part of each call, 0 to 1, that falls into the window: a call is spread over its length, as tokens are."""
    start, end = calls["started_at"], calls["ended_at"]
    at_once: Any = start.between(opened_at, closed_at).astype("float64")
    return (overlap_s(start, end, opened_at, closed_at) / (end - start)).where(end > start, at_once)


def share_inside(calls: pd.DataFrame, opened_at: float, closed_at: float) -> pd.Series[float]:
    """The part of each call's output, 0 to 1, that falls into the window.

    Tokens that all come at one moment are inside or not as a whole.
    """
    first, last = calls["tokens_from"], calls["tokens_to"]
    at_once: Any = first.between(opened_at, closed_at).astype("float64")
    return (overlap_s(first, last, opened_at, closed_at) / (last - first)).where(last > first, at_once)


def overlap_s(start: pd.Series[float], end: pd.Series[float], opened_at: float, closed_at: float) -> pd.Series[float]:
    """For how many seconds of the window each span of time lasts."""
    return (end.clip(upper=closed_at) - start.clip(lower=opened_at)).clip(lower=0)
