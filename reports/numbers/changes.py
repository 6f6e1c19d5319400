"""How far a figure changed from one side of a comparison to the other, and how sure that is.

With one run on each side the dependence of its calls on each other is measured inside the run. With several runs the
spread between runs on the same side counts, too: it also holds what is slower than a window.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.numbers import intervals, percentiles, sample, student
from reports.numbers.intervals import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.numbers.rate import Rate
    from reports.numbers.sample import Sample
    from reports.numbers.trials import Trials


class Shift(NamedTuple):
    """A change of a success rate in points of 1, with its chance."""

    low: float
    high: float
    chance: float


class _Estimate(NamedTuple):
    """The logarithm of a figure in one run."""

    value: float
    variance: float
    """NaN where it is not known."""


def percentile(before: Sequence[Sample], after: Sequence[Sample], percent: float) -> Change | None:
    """The relative change of a percentile; None of too few calls to tell."""
    if len(before) == len(after) == 1:
        return sample.change(before[0], after[0], percent)
    every = [*before, *after]
    if any(len(one) < percentiles.needed(percent) or not one.at(percent) > 0 for one in every):
        return None
    found = _between_runs(*([_of_sample(one, percent) for one in side] for side in (before, after)))
    return _bounded(found, *(any(one.is_longer(percent) or one.unknown for one in side) for side in (before, after)))


def throughput(before: Sequence[Rate], after: Sequence[Rate]) -> Change | None:
    """The relative change of a rate; None where a rate is not known."""
    if any(math.isnan(one.per_s) for one in (*before, *after)):
        return None
    sides = [[_Estimate(math.log(one.per_s), one.variance) for one in side] for side in (before, after)]
    if len(before) > 1 or len(after) > 1:
        return _between_runs(*sides)
    variances = [side[0].variance for side in sides]
    return _student(sides[1][0].value - sides[0][0].value, math.sqrt(sum(variances)), sample.degrees(*variances))


def success(before: Sequence[Trials], after: Sequence[Trials]) -> Shift:
    """The change of a success rate: Newcombe's interval with as many calls as the dependence leaves."""
    effects, degrees = _effects(before, after)
    pairs = [
        (sum(one.hits for one in side) / effect, sum(one.calls for one in side) / effect)
        for side, effect in zip((before, after), effects, strict=True)
    ]
    low, high = intervals.share_difference(pairs[0], pairs[1], student.quantile(2 * intervals.TAIL, degrees))
    return Shift(low, high, intervals.student_chance(intervals.share_chance(pairs[0], pairs[1]), degrees))


def _effects(before: Sequence[Trials], after: Sequence[Trials]) -> tuple[tuple[float, float], int]:
    """The design effects of both sides and their degrees of freedom."""
    if len(before) == len(after) == 1:
        return (before[0].effect, after[0].effect), sample.WAVES
    degrees = len(before) + len(after) - 2
    apart = sum(_apart(side) for side in (before, after)) / degrees
    within = max(one.effect for one in (*before, *after))
    return (max(apart, within),) * 2, degrees


def _apart(side: Sequence[Trials]) -> float:
    """How far the rates of runs are apart, over what independent calls would make of it: Pearson's chi-square."""
    count, hits = sum(one.calls for one in side), sum(one.hits for one in side)
    share = hits / count
    if not 0 < share < 1:
        return 0.0
    return sum((one.hits - share * one.calls) ** 2 / one.calls for one in side) / (share * (1 - share))


def _of_sample(one: Sample, percent: float) -> _Estimate:
    return _Estimate(math.log(one.at(percent)), sample.variance(one.side(percent), percent))


def _between_runs(before: Sequence[_Estimate], after: Sequence[_Estimate]) -> Change:
    """Student's test with a pooled variance of runs, at least as large as it is inside the runs on average."""
    degrees = len(before) + len(after) - 2
    squares = sum(float(np.var([one.value for one in side])) * len(side) for side in (before, after))
    inside = [one.variance for one in (*before, *after) if not math.isnan(one.variance)]
    variance = max(squares / degrees, float(np.mean(inside)) if inside else 0.0)
    means = [float(np.mean([one.value for one in side])) for side in (before, after)]
    error = math.sqrt(variance * (1 / len(before) + 1 / len(after)))
    return _student(means[1] - means[0], error, degrees)


def _student(difference: float, error: float, degrees: int) -> Change:
    half = student.quantile(2 * intervals.TAIL, degrees) * error
    chance = student.two_sided(difference / error, degrees) if error > 0 else float(difference == 0)
    return Change(math.expm1(difference - half), math.expm1(difference + half), chance)


def _bounded(found: Change, before_longer: bool, after_longer: bool) -> Change:
    """The change where only a lower bound of a percentile is known on a side: open towards there."""
    low, high = -1.0 if before_longer else found.low, math.inf if after_longer else found.high
    return Change(low, high, found.chance if low > 0 or high < 0 else 1.0) if before_longer or after_longer else found
