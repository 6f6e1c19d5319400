"""The values of a metric in a level, and how far their dependence on each other widens what is said of them.

Calls that run at the same time share the load of the service, so they are slow together. Such calls tell less than
as many independent ones. How much less is told by the *design effect*: how many times as much the number of values
below a percentile varies in the course of the window as it would for independent values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers import intervals, percentiles, student

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.reading.levels import Levels

PARTS = 100
"""The parts of equal length into which a window is divided."""
WAVES = 6
"""The slow waves over the window whose strength tells how much calls depend on each other."""
WIDENING = (student.quantile(2 * intervals.TAIL, WAVES) / intervals.Z) ** 2
"""What the uncertainty of a design effect, an estimate from `WAVES` squares, adds to it: 1.56."""
_WAVES = np.cos(math.pi * np.outer(np.arange(1, WAVES + 1), (np.arange(PARTS) + 0.5) / PARTS))


@dataclass(frozen=True)
class Sample:
    """The known values of a metric over the successful calls of a level."""

    ordered: NDArray[np.floating]
    """Sorted."""
    parts: NDArray[np.int8]
    """In which part of the window each of these calls started, 0 to `PARTS` - 1."""
    longer: NDArray[np.bool_] | None = None
    """Which values are lower bounds: calls that failed after that time. None: no value is."""
    unknown: int = 0
    """Calls that failed after a long time, of which this metric says nothing."""

    def __len__(self) -> int:
        return len(self.ordered)

    def at(self, percent: float) -> float:
        """A percentile; NaN of no values."""
        return percentiles.at(self.ordered, percent)

    def is_longer(self, percent: float) -> bool:
        """Whether only a lower bound of a percentile is known, as too many calls failed before their end."""
        above = math.ceil(round(percent / 100 * (len(self) - 1), 9))
        return len(self) > 0 and math.isinf(self.most[above])

    @cached_property
    def most(self) -> NDArray[np.floating]:
        """The values, sorted, with infinity for each lower bound."""
        return self.ordered if self.longer is None else np.sort(np.where(self.longer, np.inf, self.ordered))

    def interval(self, percent: float) -> intervals.Interval:
        """The interval of a percentile at 95 %; a side that the values leave open is NaN."""
        return intervals.quantile(self.ordered, percent, self.widened_effect(percent))

    def widened_effect(self, percent: float) -> float:
        """The design effect of a percentile, with what its own uncertainty adds to it."""
        return WIDENING * self.effect(percent)

    def side(self, percent: float) -> intervals.Sides:
        """The sample as a side of a comparison: what is unknown may be the shortest or the longest of all."""
        if not (self.unknown and len(self)):
            return intervals.Sides(self.ordered, self.most, self.effect(percent))
        least, most = (np.full(self.unknown, value) for value in (self.ordered[0], np.inf))
        return intervals.Sides(
            np.concatenate([least, self.ordered]), np.concatenate([self.most, most]), self.effect(percent)
        )

    def effect(self, percent: float) -> float:
        """The design effect of the number of values up to a percentile, 1 at least; see `design_effect`."""
        upto = int(np.searchsorted(self.ordered, self.at(percent), side="right"))
        return design_effect(np.bincount(self.parts[:upto], minlength=PARTS), self._counts)

    @cached_property
    def _counts(self) -> NDArray[np.integer]:
        return np.bincount(self.parts, minlength=PARTS)


def of(levels: Levels, key: str, metric: str) -> Sample:
    """The sample of a metric in a level."""
    values = levels.values(key, metric)
    known = ~np.isnan(values)
    order = np.argsort(values[known], kind="stable")
    return Sample(values[known][order], parts(levels.values(key, "started_at")[known], levels.window(key))[order])


SLOW_METRICS = ("ttft_ms", "latency_ms")
"""What is known to be long of a call that failed while it waited."""
TIMEOUTS = ("TimeoutError", "ModelTimeoutError")


def with_slow_failures(levels: Levels, key: str, metric: str) -> Sample:
    """The sample with the calls that failed because, or after, they had taken long: each took longer than it lasted.

    These are timeouts, and answers that broke off after the median of the successful calls or later. Of their time
    per token and their gaps nothing is known.
    """
    found = of(levels, key, metric)
    if key not in levels.failing or (metric == "ttft_ms" and levels.mode(key) != "streaming"):
        return found
    slow = _slow(levels, key)
    if slow.empty:
        return found
    if metric not in SLOW_METRICS:
        return replace(found, unknown=len(slow))
    lasted = slow["latency_ms"].to_numpy()
    seen = slow["ttft_ms"].to_numpy() if metric == "ttft_ms" else np.full(len(slow), np.nan)
    values = np.concatenate([found.ordered, np.where(np.isnan(seen), lasted, seen)])
    longer = np.concatenate([np.zeros(len(found), dtype=bool), np.isnan(seen)])
    places = np.concatenate([found.parts, parts(slow["started_at"].to_numpy(), levels.window(key))])
    order = np.argsort(values, kind="stable")
    return Sample(values[order], places[order], longer[order])


def complete(levels: Levels, key: str, metric: str) -> Sample:
    """The sample with slow failures, and with the calls that the end of the run cut off by Kaplan and Meier's estimate.

    Without such calls it is that of `with_slow_failures`.
    """
    found = with_slow_failures(levels, key, metric)
    if metric not in SLOW_METRICS or (metric == "ttft_ms" and levels.mode(key) != "streaming"):
        return found
    columns = ["started_at", "latency_ms", "ttft_ms"]
    blocks = [calls[columns] for calls in levels.cut_off(key)]
    if not blocks or not len(found):
        return found
    cut = pd.concat(blocks)
    seen = cut["ttft_ms"].to_numpy() if metric == "ttft_ms" else np.full(len(cut), np.nan)
    lasted = np.where(np.isnan(seen), cut["latency_ms"].to_numpy(), seen)
    open_ = np.zeros(len(found), dtype=bool) if found.longer is None else found.longer
    times, is_open = np.concatenate([found.ordered, lasted]), np.concatenate([open_, np.isnan(seen)])
    places = np.concatenate([found.parts, parts(cut["started_at"].to_numpy(), levels.window(key))])
    order = np.lexsort((is_open, times))
    values, longer = product_limit(times[order], is_open[order])
    return Sample(values, places[order], longer)


def product_limit(
    times: NDArray[np.floating], is_open: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """As many values as there are times, spread as Kaplan and Meier (1958) estimate the distribution behind them.

    `times` are sorted; of those that are `is_open`, the value is longer. The values come sorted; those beyond the last
    one that is known are the longest time, and marked.
    """
    count = len(times)
    at_risk = count - np.arange(count)
    survival = np.cumprod(np.where(is_open, 1.0, 1 - 1 / at_risk))
    # Value i stands for the shares from i / n to (i + 1) / n: it is where the estimate passes the middle.
    middles = 1 - (np.arange(count) + 0.5) / count
    place = np.searchsorted(-survival, -middles - 1e-12, side="left")
    longer = place >= count
    return np.where(longer, times[-1], times[np.minimum(place, count - 1)]), longer


def _slow(levels: Levels, key: str) -> pd.DataFrame:
    median_ms = percentiles.at(levels.sample(key, "latency_ms"), 50)
    columns = ["started_at", "latency_ms", "ttft_ms", "error", "error_stage"]
    failed = [calls.loc[(calls["error"] != "").to_numpy(), columns] for calls in levels.ended(key)]
    calls = pd.concat(failed) if failed else levels.calls.iloc[:0]
    late = (calls["error_stage"] == "stream") & ~(calls["latency_ms"] < median_ms)
    return calls[calls["error"].isin(TIMEOUTS) | late]


def parts(started_at: NDArray[np.floating], window: tuple[float, float], count: int = PARTS) -> NDArray[np.int8]:
    """In which of `count` equal parts of the window each call started; without a window, of their own first to last."""
    opened_at, closed_at = window
    if not closed_at > opened_at:
        opened_at, closed_at = started_at.min(initial=np.inf), started_at.max(initial=-np.inf)
    length_s = max(closed_at - opened_at, 1e-9)
    places: NDArray[np.floating] = (started_at - opened_at) / length_s * count
    return places.clip(0, count - 1).astype(np.int8)


def design_effect(hits: NDArray[np.integer], counts: NDArray[np.integer]) -> float:
    """How many times as much a share varies as that of independent trials; `hits` of `counts` in each part.

    With s_b hits of c_b trials in part b, p = sum s_b / sum c_b, and the waves w_j(b) = cos(pi j (b + 1/2) / B) less
    their mean over all trials, it is the mean over j = 1..`WAVES` of
    (sum_b w_j(b) (s_b - p c_b))^2 / (p (1 - p) sum_b w_j(b)^2 c_b): the equal-weighted cosine estimate of a long-run
    variance (Müller 2007; Lazarus, Lewis, Stock and Watson 2018), over the variance of independent trials.
    """
    count, share = counts.sum(), hits.sum() / max(counts.sum(), 1)
    if not 0 < share < 1:
        return 1.0
    waves = _WAVES - (_WAVES @ counts / count)[:, None]
    expected = share * (1 - share) * (waves**2 @ counts)
    known = expected > 0
    strengths = (waves @ (hits - share * counts))[known] ** 2 / expected[known]
    return max(float(strengths.mean()), 1.0) if known.any() else 1.0


def variance_of_sum(amounts: NDArray[np.float64]) -> float:
    """The variance of the sum of amounts, one for each part of the window, that may depend on each other.

    2 mean_j (sum_b w_j(b) x_b)^2 with the waves w_j of `design_effect`; `WAVES` degrees of freedom.
    """
    return 2 * float(((_WAVES @ amounts) ** 2).mean())


def change(before: Sample, after: Sample, percent: float) -> intervals.Change | None:
    """The relative change of a percentile between two samples of dependent calls; None of too few calls to tell."""
    sides = [one.side(percent) for one in (before, after)]
    spread = degrees(*(variance(side, percent) for side in sides))
    return intervals.change(sides[0], sides[1], percent, spread)


def degrees(*variances: float) -> int:
    """Degrees of freedom of a sum of variances with `WAVES` each (Welch 1947), rounded down; NaN is as unsure."""
    squares = sum(variance**2 for variance in variances)
    found = sum(variances) ** 2 / squares * WAVES if squares > 0 else WAVES
    return int(found) if found >= WAVES else WAVES


def variance(side: intervals.Sides, percent: float) -> float:
    """The variance of the logarithm of a percentile; NaN where it is not known."""
    low, high = intervals.quantile(side.least, percent, side.effect)
    return float(np.log(high / low) / (2 * intervals.Z)) ** 2 if low > 0 else math.nan
