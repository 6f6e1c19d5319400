"""Changes between sides of one run and of several."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from reports.numbers import changes, intervals, sample
from reports.numbers.rate import Rate
from reports.numbers.sample import PARTS, Sample
from reports.numbers.trials import Trials


def made(values: np.ndarray) -> Sample:
    """A sample in any order in time."""
    parts = np.random.default_rng(len(values)).integers(0, PARTS, len(values))
    return Sample(np.sort(values), parts.astype(np.int8))


def runs(seed: int, count: int, *, apart: float = 0.0, size: int = 200, by: float = 1.0) -> list[Sample]:
    """Runs whose pace differs from run to run by a standard deviation `apart` of the logarithm."""
    generator = np.random.default_rng(seed)
    return [
        made(by * np.exp(apart * generator.standard_normal() + 0.3 * generator.standard_normal(size)))
        for _ in range(count)
    ]


def test_several_runs_are_held_to_students_test() -> None:
    """Where runs differ more than their calls explain, it is scipy's test on the logarithms of the medians."""
    before, after = runs(1, 4, apart=0.2), runs(2, 3, apart=0.2, by=1.3)
    found = changes.percentile(before, after, 50)
    logs = [[math.log(one.at(50)) for one in side] for side in (after, before)]
    expected = stats.ttest_ind(*logs)
    interval = expected.confidence_interval()
    assert found is not None
    assert found.chance == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((math.expm1(interval.low), math.expm1(interval.high)))


def test_runs_that_agree_by_chance_are_not_surer_than_their_calls() -> None:
    """Six runs with the very same median: the spread inside the runs is the least that counts."""
    one = runs(3, 1)[0]
    found = changes.percentile([one] * 3, [one] * 3, 50)
    assert found is not None
    assert found.low < -0.02 < 0.02 < found.high


def test_a_busy_hour_shows_between_runs_only() -> None:
    """Of 60 comparisons of equal runs that differ by their hour, one run a side is mostly wrong, three seldom are."""
    single = several = 0
    for seed in range(60):
        before, after = runs(seed, 3, apart=0.15), runs(1_000 + seed, 3, apart=0.15)
        alone, together = changes.percentile(before[:1], after[:1], 50), changes.percentile(before, after, 50)
        single += alone is not None and alone.chance < 0.05
        several += together is not None and together.chance < 0.05
    assert single > 30
    assert several <= 7


def test_a_percentile_of_several_runs_needs_calls_enough_in_each() -> None:
    """20 for P95: with one run of 19 calls nothing is said."""
    enough, few = runs(4, 2, size=20), [*runs(5, 1, size=20), *runs(6, 1, size=19)]
    assert changes.percentile(enough, enough, 95) is not None
    assert changes.percentile(enough, few, 95) is None


def test_what_is_longer_is_not_faster() -> None:
    """In a run of three P95 is only known to be above 2 s: that cannot be faster than 3 s, and is slower than 1 s."""
    timed_out = [
        Sample(np.append(one.ordered[:90], np.full(30, 2.0)), one.parts[:120], np.arange(120) >= 90)
        for one in runs(7, 3, size=120, by=0.5)
    ]
    slower_base, faster_base = (runs(8, 3, size=120, by=by) for by in (3, 0.2))
    unsure, sure = (changes.percentile(base, timed_out, 95) for base in (slower_base, faster_base))
    assert unsure is not None
    assert (unsure.chance, unsure.high) == (1, math.inf)
    assert sure is not None
    assert sure.chance < 0.01
    assert sure.low > 0


def test_throughput_of_single_runs_is_as_sure_as_their_waves_say() -> None:
    """Student's interval on the logarithm, with the degrees of freedom of both sides."""
    found = changes.throughput([Rate(100, 0.0004)], [Rate(110, 0.0004)])
    assert found is not None
    error = math.sqrt(0.0008)
    t = stats.t.isf(0.025, 2 * sample.WAVES)
    assert found.low == pytest.approx(1.1 * math.exp(-t * error) - 1)
    assert found.chance == pytest.approx(2 * stats.t.sf(math.log(1.1) / error, 2 * sample.WAVES))
    assert changes.throughput([Rate(math.nan, math.nan)], [Rate(110, 0.0004)]) is None


@pytest.mark.parametrize(("before", "after"), [((100, 104, 97), (120, 131)), ((100,), (120, 131)), ((100, 90), (120,))])
def test_throughput_of_several_runs_is_held_to_students_test(
    before: tuple[float, ...], after: tuple[float, ...]
) -> None:
    """With the spread between runs of a side, also where the other side is a single one."""
    found = changes.throughput(*([Rate(one, math.nan) for one in side] for side in (before, after)))
    logs = [[math.log(one) for one in side] for side in (after, before)]
    squares = sum(sum((one - np.mean(side)) ** 2 for one in side) for side in logs)
    degrees = len(before) + len(after) - 2
    error = math.sqrt(squares / degrees * (1 / len(before) + 1 / len(after)))
    difference = float(np.mean(logs[0]) - np.mean(logs[1]))
    assert found is not None
    assert found.chance == pytest.approx(2 * stats.t.sf(abs(difference) / error, degrees))
    half = stats.t.isf(0.025, degrees) * error
    assert (found.low, found.high) == pytest.approx((math.expm1(difference - half), math.expm1(difference + half)))


def test_rates_that_agree_by_chance_are_not_surer_than_inside() -> None:
    """Of runs with the very same rate, what is known of each is the least that counts."""
    found = changes.throughput([Rate(100, 0.0004)] * 2, [Rate(100, math.nan)] * 2)
    assert found is not None
    half = stats.t.isf(0.025, 2) * 0.02
    assert (found.low, found.high) == pytest.approx((math.expm1(-half), math.expm1(half)))
    certain = changes.throughput([Rate(100, math.nan)] * 2, [Rate(100, math.nan)] * 2)
    assert certain == intervals.Change(0, 0, 1)


def test_success_that_fails_in_bursts_is_less_sure() -> None:
    """The same rates: with a design effect of 8, and with runs that differ, the interval is wider."""
    alone = changes.success([Trials(990, 1000, 1)], [Trials(960, 1000, 1)])
    bursts = changes.success([Trials(990, 1000, 1)], [Trials(960, 1000, 8)])
    apart = changes.success([Trials(500, 500, 1), Trials(490, 500, 1)], [Trials(500, 500, 1), Trials(460, 500, 1)])
    assert bursts.low < alone.low < alone.high < bursts.high
    assert apart.low < bursts.low
    assert alone.chance < bursts.chance < apart.chance
    assert alone.high < 0 < apart.high
    narrow = intervals.share_difference((990, 1000), (960, 1000))
    assert alone.low < narrow[0]


def test_success_has_newcombes_interval_with_what_the_dependence_leaves() -> None:
    """Of single runs each with its own design effect; of several with the spread between runs, or inside if larger."""
    found = changes.success([Trials(990, 1000, 2)], [Trials(960, 1000, 8)])
    t = stats.t.isf(0.025, sample.WAVES)
    assert (found.low, found.high) == pytest.approx(intervals.share_difference((495, 500), (120, 125), t))
    chance = intervals.share_chance((495, 500), (120, 125))
    assert found.chance == pytest.approx(2 * stats.t.sf(stats.norm.isf(chance / 2), sample.WAVES))
    sides = [Trials(500, 500, 1), Trials(490, 500, 3)], [Trials(500, 500, 1), Trials(460, 500, 2), Trials(40, 50, 1)]
    apart = 0.0
    for side in sides:
        share = sum(one.hits for one in side) / sum(one.calls for one in side)
        apart += sum((one.hits - share * one.calls) ** 2 / (one.calls * share * (1 - share)) for one in side)
    for inside in (1, 100):
        found = changes.success(sides[0], [*sides[1][:2], sides[1][2]._replace(effect=inside)])
        effect = max(apart / 3, inside, 3)
        before, after = (990 / effect, 1000 / effect), (1000 / effect, 1050 / effect)
        expected = intervals.share_difference(before, after, stats.t.isf(0.025, 3))
        assert (found.low, found.high) == pytest.approx(expected)
    sure = changes.success([Trials(10, 10, 1)] * 2, [Trials(10, 10, 1)] * 2)
    assert sure.chance == 1
    assert sure.low == pytest.approx(-sure.high)


def test_what_is_longer_by_less_than_twice_is_as_sure_as_it_was() -> None:
    """Above the base by a part of it: its chance is that of the bound; swapped, the other side is open."""
    open_ = [Sample(one.ordered, one.parts, np.arange(120) >= 110) for one in runs(7, 3, size=120, by=1.5)]
    plain = runs(7, 3, size=120)
    found, back = changes.percentile(plain, open_, 95), changes.percentile(open_, plain, 95)
    assert found is not None
    assert back is not None
    assert 0 < found.low < 1
    assert found.chance < 0.05
    assert found.high == math.inf
    assert back.low == -1
    assert back.chance == pytest.approx(found.chance)
    assert 1 + back.high == pytest.approx(1 / (1 + found.low))
