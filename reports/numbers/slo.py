"""The service level objective: which levels met it, how many calls per second did, and whether the run passes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers import intervals, sample
from reports.numbers.arrivals import LOST_SHARE
from reports.numbers.failures import TELLING_FAILURES, TOLERABLE_FAILURES
from reports.numbers.figures import SLO_METRICS
from reports.numbers.throughput import calls_inside, inside
from reports.reading.tokens import tpot_ms
from reports.reading.windows import USERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reports.numbers.sample import Sample
    from reports.reading.levels import Levels
    from reports.reading.run import Run

TIMES = SLO_METRICS
LOAD = "load"
"""The condition that a level had the load that it asks for. It is never missed: with less, the SLO was not measured."""
DEFAULT_PERCENTILE = 95


@dataclass(frozen=True)
class Slo:
    """What a level has to hold; None is not asked for."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    latency_ms: float | None = None
    success_rate: float | None = None
    """Percent of the calls that ended; None: failures have to be tolerable (see `reports.numbers.conclusion`)."""
    min_tokens_per_s: float | None = None
    """Output tokens/s that one user sees."""
    users: float | None = None
    """The gate looks at levels of at most this number of users; None: at all levels."""
    percentile: float = DEFAULT_PERCENTILE
    """Of 100 calls, how many must keep the times and the speed."""

    def asks(self, mode: str) -> bool:
        """Whether anything is asked of levels of a mode: of those without streaming only latency and success."""
        streams = mode == "streaming" and any((self.ttft_ms, self.tpot_ms, self.min_tokens_per_s))
        return bool(streams or self.latency_ms or self.success_rate)

    @property
    def tolerable_failures(self) -> float:
        """The share of failed calls, 0 to 1, that a level may have."""
        return TOLERABLE_FAILURES if self.success_rate is None else 1 - self.success_rate / 100

    def limit_ms(self, metric: str) -> float | None:
        """The longest time of a metric; the speed is a longest time per token."""
        limit: float | None = getattr(self, metric)
        if metric != "tpot_ms" or not self.min_tokens_per_s:
            return limit
        return min(1000 / self.min_tokens_per_s, limit or math.inf)


@dataclass(frozen=True)
class Check:
    """One condition in one level."""

    criterion: str
    """A field of `Slo`, or `LOAD`."""
    limit: float
    value: float
    """In the unit of the criterion; NaN if it could not be measured."""
    met: bool | None
    """None: not measured, which is no pass."""
    close: bool
    """Whether the limit lies inside the interval of the value at 95 %: chance could turn the verdict."""
    longer: bool = False
    """Whether the value is only a lower bound, as too many calls failed before their end."""


@dataclass(frozen=True)
class Gate:
    """The verdict on a run."""

    slo: Slo
    checks: dict[str, list[Check]]
    """By level; a level in which no call ended has none."""
    goodput: pd.DataFrame
    """By level: `goodput_per_s`, calls that ended in the window within all the limits for a call;
    `good_share`, 0 to 1, those of the measured calls that ended."""

    def met(self, key: str) -> bool | None:
        """Whether a level held all conditions; None if it missed none that was measured, but not all were."""
        met = [check.met for check in self.checks.get(key, [])]
        if False in met:
            return False
        return True if met and None not in met else None

    def unmeasured(self, key: str) -> list[Check]:
        """The conditions of a level with ended calls that could not be judged."""
        return [check for check in self.checks.get(key, []) if check.met is None]

    def clearly_missed(self, key: str) -> bool:
        """Whether a level missed a condition other than by so few failures that chance could be why."""
        missed = [check for check in self.checks.get(key, []) if check.met is False]
        return any(check.criterion != "success_rate" or not check.close for check in missed)

    def unsure(self, key: str) -> bool:
        """Whether so few calls stand behind the verdict on a level that more could turn it."""
        checks = self.checks.get(key, [])
        missed = [check.close for check in checks if check.met is False]
        return all(missed) if missed else any(check.close for check in checks)

    def failed(self, levels: pd.DataFrame) -> list[str]:
        """The levels that count for the verdict and did not hold."""
        return [key for key in self.counting(levels) if not self.met(key)]

    def passed(self, levels: pd.DataFrame) -> bool:
        """Whether every level that counts held, and there was one."""
        return bool(self.counting(levels)) and not self.failed(levels)

    def counting(self, levels: pd.DataFrame) -> list[str]:
        """The levels that count for the verdict: something is asked of them, and they have not too many users."""
        asked = levels[np.array([self.slo.asks(mode) for mode in levels["mode"]], dtype=bool)]
        within = (
            asked if self.slo.users is None else asked[~((asked["unit"] == USERS) & (asked["load"] > self.slo.users))]
        )
        return [str(key) for key in within.index]


def wanted(run: Run) -> Slo | None:
    """The SLO in the settings of a run; None if it asks for nothing."""
    known = {field.name: run.number("settings", "slo", field.name) for field in fields(Slo)}
    percentile = known.pop("percentile") or DEFAULT_PERCENTILE
    if all(known[name] is None for name in (*TIMES, "success_rate", "min_tokens_per_s")):
        return None
    return Slo(**known, percentile=min(max(percentile, 1), 99.99))


def gate(run: Run, levels: Levels, figures: pd.DataFrame, other_loads: Mapping[str, float]) -> Gate | None:
    """The levels of a run against its SLO; None if it has none. For `other_loads` see `arrivals.other_loads`."""
    slo = wanted(run)
    if slo is None:
        return None
    checks = {str(key): _checks(slo, levels, str(key), row) for key, row in figures.iterrows()}
    for key, percent in other_loads.items():
        if checks[key]:
            checks[key].append(Check(LOAD, 100 * (1 - LOST_SHARE), percent, met=None, close=False))
    rows = {key: _goodput(slo, levels, key) for key in figures.index}
    goodput = pd.DataFrame.from_dict(rows, orient="index", columns=["goodput_per_s", "good_share"], dtype="float64")
    return Gate(slo, {key: found for key, found in checks.items() if found}, goodput)


def _checks(slo: Slo, levels: Levels, key: str, row: pd.Series[float]) -> list[Check]:
    ended = row["ok"] + row["failed"]
    if not ended:
        return []
    found = [_time(slo, metric, sample.complete(levels, key, metric), levels.mode(key)) for metric in TIMES]
    found.append(_speed(slo, sample.of(levels, key, "tpot_ms"), levels.mode(key)))
    interval = (100 * row["success_rate_low"], 100 * row["success_rate_high"])
    if slo.success_rate is not None:
        found.append(_check("success_rate", slo.success_rate, 100 * row["ok"] / ended, interval, at_least=True))
    else:
        found.append(_tolerable(row["ok"], ended, interval))
    return [check for check in found if check is not None]


def _tolerable(ok: float, ended: float, interval: intervals.Interval) -> Check:
    """What holds for failures if no success rate is asked for: the threshold of the conclusion."""
    limit, value = 100 * (1 - TOLERABLE_FAILURES), 100 * ok / ended
    low, high = interval
    met = bool(value >= limit or ended - ok < TELLING_FAILURES)
    return Check("success_rate", limit, value, met, close=not met and low <= limit <= high)


def _time(slo: Slo, metric: str, times: Sample, mode: object) -> Check | None:
    limit = getattr(slo, metric)
    if limit is None or (mode != "streaming" and metric != "latency_ms"):
        return None
    value = times.at(slo.percentile)
    if times.is_longer(slo.percentile):
        low, _ = times.interval(slo.percentile)
        met = False if value >= limit else None
        return Check(metric, limit, value, met, close=met is False and low <= limit, longer=True)
    return _check(metric, limit, value, times.interval(slo.percentile))


def _speed(slo: Slo, tpot_ms: Sample, mode: object) -> Check | None:
    """The speed that this number of 100 calls reached at least."""
    slowest = tpot_ms.at(slo.percentile)
    if slo.min_tokens_per_s is None or mode != "streaming":
        return None
    if not slowest > 0:
        return _check("min_tokens_per_s", slo.min_tokens_per_s, math.nan, (math.nan, math.nan), at_least=True)
    low_ms, high_ms = tpot_ms.interval(slo.percentile)
    low, high = (1000 / side if side > 0 else math.nan for side in (high_ms, low_ms))
    return _check("min_tokens_per_s", slo.min_tokens_per_s, 1000 / slowest, (low, high), at_least=True)


def _check(criterion: str, limit: float, value: float, sides: intervals.Interval, *, at_least: bool = False) -> Check:
    low, high = sides
    if math.isnan(value):
        return Check(criterion, limit, value, met=None, close=False)
    met = value >= limit if at_least else value <= limit
    outside = high < limit or low > limit
    return Check(criterion, limit, value, bool(met), close=not outside)


def is_good(slo: Slo, calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls succeeded within the limits for a single call: TTFT, TPOT or speed, latency.

    What is not known of a call is not within a limit; an answer of one token has no time per token to keep.
    """
    good = np.asarray(calls["error"] == "")
    streaming = np.asarray(calls["mode"] == "streaming")
    values = {
        "ttft_ms": calls["ttft_ms"].to_numpy(),
        "tpot_ms": tpot_ms(calls),
        "latency_ms": calls["latency_ms"].to_numpy(),
    }
    single = np.asarray(calls["output_tokens"] <= 1)
    for metric, value in values.items():
        limit = slo.limit_ms(metric)
        if limit is not None:
            within = (value <= limit) | (single if metric == "tpot_ms" else False)
            good = good & (within if metric == "latency_ms" else within | ~streaming)
    return good


def _goodput(slo: Slo, levels: Levels, key: str) -> dict[str, float]:
    opened_at, closed_at = levels.window(key)
    own = [(int(is_good(slo, calls).sum()), len(calls)) for calls in levels.ended(key)]
    good, ended = sum(good for good, _ in own), sum(count for _, count in own)
    share = good / ended if ended else math.nan
    if not closed_at > opened_at:
        return {"goodput_per_s": math.nan, "good_share": share}
    inside_ = sum(
        float(np.nansum(is_good(slo, calls) * calls_inside(calls, opened_at, closed_at)))
        for calls in inside(levels, key)
    )
    return {"goodput_per_s": inside_ / (closed_at - opened_at), "good_share": share}
