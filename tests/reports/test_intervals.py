"""Intervals and tests against scipy and slow plain computations."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.numbers import intervals, student

if TYPE_CHECKING:
    from numpy.typing import NDArray


@given(st.integers(1, 3000), st.sampled_from([50, 90, 95, 99, 99.9]))
def test_ranks_are_those_of_the_binomial(count: int, percent: float) -> None:
    """Each tail holds at most 2.5 %, and one place further inside would hold more."""
    low, high = intervals.ranks(count, percent)
    below = stats.binom(count, percent / 100)
    if low >= 1:
        assert below.cdf(low - 1) <= intervals.TAIL + 1e-9
    assert below.cdf(low) > intervals.TAIL - 1e-9
    if high <= count:
        assert below.sf(high - 1) <= intervals.TAIL + 1e-9
    assert below.sf(high - 2) > intervals.TAIL - 1e-9 or high == low + 1


@pytest.mark.parametrize("count", [100_000, 10_000_000])
def test_ranks_of_many_values_are_near_the_normal_ones(count: int) -> None:
    """Where there are many values, the places are those of the normal approximation, within a few."""
    low, high = intervals.ranks(count, 95)
    half = intervals.Z * math.sqrt(count * 0.95 * 0.05)
    assert low == pytest.approx(0.95 * count - half, abs=3)
    assert high == pytest.approx(0.95 * count + half, abs=3)


@pytest.mark.parametrize("percent", [50, 95])
def test_an_interval_holds_the_true_quantile_in_95_of_100_samples(percent: int) -> None:
    """Of 1,000 samples of a skewed distribution, about 950 intervals hold its quantile."""
    generator = np.random.default_rng(1)
    truth = stats.lognorm(0.8).ppf(percent / 100)
    samples = np.sort(generator.lognormal(0, 0.8, (1000, 200)), axis=1)
    sides = [intervals.quantile(sample, percent) for sample in samples]
    held = sum(low <= truth <= high for low, high in sides)
    assert 935 <= held <= 985


def test_too_few_values_leave_a_side_open() -> None:
    """Of 20 values none can be said to be above P95 with 95 % confidence."""
    low, high = intervals.quantile(np.arange(20.0), 95)
    assert low == 16
    assert math.isnan(high)
    assert all(math.isnan(side) for side in intervals.quantile(np.array([]), 50))


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_has_the_interval_of_wilson(hits: int, misses: int) -> None:
    """The same as scipy's, for any count."""
    count = hits + misses
    if not count:
        assert all(math.isnan(side) for side in intervals.share(0, 0))
        return
    expected = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert intervals.share(hits, count) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    # Newcombe 1998, table II, method 10: (a) and (b), there as the first share less the second.
    [((48, 80), (56, 70), (-0.3339, -0.0524)), ((3, 10), (9, 10), (-0.8090, -0.1705))],
)
def test_a_difference_of_shares_is_that_of_newcombe(
    before: tuple[int, int], after: tuple[int, int], expected: tuple[float, float]
) -> None:
    """Published examples."""
    low, high = intervals.share_difference(after, before)
    assert (low, high) == pytest.approx(expected, abs=2e-4)


@settings(max_examples=10)
@given(st.integers(0, 10_000), st.sampled_from([50, 95]), st.floats(0.8, 1.4))
def test_a_change_has_the_interval_of_the_plain_bootstrap(seed: int, percent: int, factor: float) -> None:
    """Drawing whole samples, the slow way, gives the same interval."""
    generator = np.random.default_rng(seed)
    before, after = np.sort(generator.lognormal(5, 0.5, 300)), np.sort(generator.lognormal(5, 0.5, 250) * factor)
    found = intervals.quantile_change(before, after, percent)
    assert found is not None
    drawn = [_resampled(generator, values, percent) for values in (before, after)]
    low, high = np.quantile(drawn[1] / drawn[0] - 1, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.05 if percent == 50 else 0.15)
    assert found.high == pytest.approx(high, abs=0.05 if percent == 50 else 0.15)


def _resampled(generator: np.random.Generator, values: np.ndarray, percent: int) -> np.ndarray:
    rank = math.ceil(percent / 100 * len(values)) - 1
    return np.sort(generator.choice(values, (4000, len(values))), axis=1)[:, rank]


@given(st.integers(0, 10_000), st.integers(6, 400), st.integers(6, 400), st.sampled_from([50, 95]), st.floats(0.7, 1.5))
def test_which_run_is_the_base_changes_no_verdict(seed: int, count: int, other: int, percent: int, by: float) -> None:
    """Swapped, the chance is the same, and the interval that of the reciprocal."""
    generator = np.random.default_rng(seed)
    before, after = (np.sort(generator.lognormal(5, 0.5, size) * factor) for size, factor in ((count, 1), (other, by)))
    there, back = intervals.quantile_change(before, after, percent), intervals.quantile_change(after, before, percent)
    if there is None or back is None:
        assert there is back
        return
    assert there.chance == pytest.approx(back.chance, rel=1e-9)
    assert 1 + there.low == pytest.approx(1 / (1 + back.high), rel=1e-12)
    assert 1 + there.high == pytest.approx(1 / (1 + back.low), rel=1e-12)


@pytest.mark.parametrize(("percent", "count"), [(50, 40), (50, 300), (95, 100), (95, 400)])
def test_an_interval_of_a_change_holds_the_true_one_in_95_of_100_pairs(percent: int, count: int) -> None:
    """Of 300 pairs of log-normal samples, 20 % apart, 93 % and more of the intervals hold the 20 %, not all do."""
    generator = np.random.default_rng(11)
    pairs = [[np.sort(generator.lognormal(6, 0.5, count) * factor) for factor in (1, 1.2)] for _ in range(300)]
    changes = [intervals.quantile_change(before, after, percent) for before, after in pairs]
    held = sum(change is not None and change.low <= 0.2 <= change.high for change in changes)
    assert 0.93 * 300 <= held <= 0.994 * 300


def test_equal_runs_seldom_differ_and_others_do() -> None:
    """Of 200 pairs of samples of one distribution at most 1 in 10 seem to differ; 30 % more shows at once."""
    generator = np.random.default_rng(3)
    pairs = [[np.sort(generator.lognormal(5, 0.4, 200)) for _ in range(2)] for _ in range(200)]
    changes = [intervals.quantile_change(before, after, 50) for before, after in pairs]
    assert sum(change is not None and change.chance < 0.05 for change in changes) <= 20
    slower = intervals.quantile_change(pairs[0][0], pairs[0][1] * 1.3, 50)
    assert slower is not None
    assert slower.chance < 0.001
    assert slower.low > 0


def test_too_few_calls_compare_to_nothing() -> None:
    """A P95 of 20 calls carries no verdict, nor do times of 0."""
    few, many = np.arange(1.0, 21.0), np.arange(1.0, 301.0)
    assert intervals.quantile_change(few, many, 95) is None
    assert intervals.quantile_change(many, few, 95) is None
    assert intervals.quantile_change(np.zeros(300), many, 50) is None


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_step_down_procedure(chances: list[float]) -> None:
    """The same as its definition: adjusted chances that never fall, at most 5 %."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    adjusted, most = {}, 0.0
    for step, place in enumerate(order):
        most = max(most, min((len(chances) - step) * chances[place], 1.0))
        adjusted[place] = most
    expected = [adjusted[place] <= 0.05 for place in range(len(chances))]
    close = any(abs(value - 0.05) < 1e-9 for value in adjusted.values())
    assert close or intervals.holm(chances) == expected


def test_the_same_samples_give_the_same_interval() -> None:
    """Nothing is left to chance between two reports."""
    values = np.sort([random.Random(1).lognormvariate(5, 1) for _ in range(100)])
    assert intervals.quantile_change(values, values, 50) == intervals.quantile_change(values, values, 50)


def test_equal_runs_seldom_show_any_difference() -> None:
    """Of 100 comparisons of equal runs with twelve figures each, at most 5 % call one of them clear."""
    generator, wrong = np.random.default_rng(5), 0
    for _ in range(100):
        levels = [[np.sort(generator.lognormal(6, 0.5, 120)) for _ in range(2)] for _ in range(6)]
        changes = [intervals.quantile_change(before, after, point) for before, after in levels for point in (50, 95)]
        wrong += any(intervals.holm([change.chance for change in changes if change]))
    assert wrong <= 0.05 * 100


@given(st.integers(2, 2000), st.sampled_from([50, 95, 99]), st.floats(1, 40))
def test_places_of_dependent_values_are_beta_binomial(count: int, percent: float, effect: float) -> None:
    """The same as scipy's, and with the variance of the binomial times the design effect."""
    effect, share = min(effect, count / 2), percent / 100
    first, masses = intervals.places_below(count, share, effect)
    places = first + np.arange(len(masses))
    if effect > 1.0001:
        weight = (count - effect) / (effect - 1)
        expected = stats.betabinom(count, share * weight, (1 - share) * weight).pmf(places)
        assert masses == pytest.approx(expected, abs=1e-7)
    mean = float(masses @ places)
    assert mean == pytest.approx(count * share, rel=1e-6)
    assert float(masses @ (places - mean) ** 2) == pytest.approx(count * share * (1 - share) * max(effect, 1), rel=1e-4)


@pytest.mark.parametrize(("percent", "effect", "expected"), [(50, 1, 6), (95, 1, 72), (99, 1, 368), (50, 4, 15)])
def test_how_many_values_close_an_interval(percent: float, effect: float, expected: int) -> None:
    """72 and 368 of independent values; one value fewer leaves a side open."""
    assert intervals.needed(percent, effect) == expected
    assert intervals.is_closed(expected, percent, effect)
    assert not intervals.is_closed(expected - 1, percent, effect)


def test_a_chance_can_be_as_small_as_the_samples_allow() -> None:
    """Twice as slow with 100 calls a side: far smaller than the 1 in 10,000 that 20,000 draws can tell."""
    generator = np.random.default_rng(2)
    before, after = (np.sort(generator.lognormal(5, 0.2, 100)) for _ in range(2))
    found = intervals.quantile_change(before, 2 * after, 50)
    assert found is not None
    assert 0 < found.chance < 1e-20


@pytest.mark.parametrize(
    ("before", "after"), [((100, 100), (91, 100)), ((1000, 1000), (910, 1000)), ((4, 4), (2, 4)), ((20, 20), (17, 20))]
)
def test_the_chance_of_two_shares_is_where_their_interval_begins_to_hold_0(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    """Just above that confidence the interval holds 0, just below it does not; swapped, it is the same."""
    chance = intervals.share_chance(before, after)
    z = stats.norm.isf(chance / 2)
    assert (
        intervals.share_difference(before, after, z * 1.01)[1]
        > 0
        > intervals.share_difference(before, after, z * 0.99)[1]
    )
    assert intervals.share_chance(after, before) == pytest.approx(chance, rel=1e-6)
    assert intervals.share_chance(before, before) == 1


@pytest.mark.parametrize("degrees", [1, 4, 30])
@pytest.mark.parametrize("chance", [1e-6, 0.01, 0.05, 0.5, 1.0])
def test_the_chance_of_an_estimated_error_is_students(chance: float, degrees: int) -> None:
    """The same distance in standard errors, by scipy; never a smaller chance than with a known error."""
    found = intervals.student_chance(chance, degrees)
    assert found == pytest.approx(2 * stats.t.sf(stats.norm.isf(chance / 2), degrees), rel=1e-6)
    assert found >= chance * (1 - 1e-9)


@pytest.mark.parametrize("percent", [1, 50, 90, 95, 99.9, 100 / 3])
def test_the_interval_of_few_values_has_the_places_of_its_definition(percent: float) -> None:
    """Of 1 to 60 values, by scipy's binomial; it always holds the two values that the percentile lies between."""
    for count in range(1, 61):
        fewer = np.arange(count)
        low = int((stats.binom.cdf(fewer, count, percent / 100) <= intervals.TAIL).sum())
        high = 1 + int((stats.binom.sf(fewer, count, percent / 100) > intervals.TAIL).sum())
        rank = math.floor(percent / 100 * (count - 1)) + 1
        low, high = min(low, rank), max(high, rank + 1) if rank < count else high
        expected = (low if low >= 1 else math.nan, high if high <= count else math.nan)
        assert intervals.quantile(np.arange(1.0, count + 1), percent) == pytest.approx(expected, nan_ok=True), count
        assert intervals.is_closed(count, percent) is (intervals.ranks(count, percent)[0] >= 1 and high <= count)


class Law:
    """Where the logarithm of a quantile lies, place by place, by scipy: in the middle between two values."""

    def __init__(self, ordered: NDArray[np.floating], percent: float, effect: float, *, is_open: bool) -> None:
        """`effect` is the design effect, with what is not known of it."""
        count, share = len(ordered), percent / 100
        effect = min(max(effect, 1.0), max(count / 2, 1.0))
        weight = (count - effect) / (effect - 1) if effect > 1 else math.nan
        law = stats.betabinom(count, share * weight, (1 - share) * weight) if effect > 1 else stats.binom(count, share)
        self.chances = law.pmf(np.arange(count + 1))
        logs = np.log(ordered)
        ends = (-math.inf, math.inf) if is_open else (logs[0], logs[-1])
        steps = np.concatenate([ends[:1], logs, ends[1:]])
        self.at = (steps[:-1] + steps[1:]) / 2

    def above(self, other: Law, gap: float = 0.0) -> float:
        """How likely it is at or above the other one by a gap: all pairs."""
        return float(self.chances @ (self.at[:, None] >= other.at[None, :] + gap) @ other.chances)

    def most_above(self, other: Law) -> float:
        """The largest gap that is more likely than the tail."""
        finite = [law.at[np.isfinite(law.at)] for law in (self, other)]
        gaps = np.unique(finite[0][:, None] - finite[1][None, :])
        if self.above(other, gaps[-1] + 1) > intervals.TAIL:
            return math.inf
        return float(max(gap for gap in gaps if self.above(other, gap) > intervals.TAIL))


def wide_laws(one: intervals.Sides, percent: float, degrees: int | None) -> list[Law]:
    """The laws of an interval, of the least and of the most values, with what is not known of the design effect."""
    widening = 1.0 if degrees is None else (stats.t.isf(intervals.TAIL, degrees) / stats.norm.isf(intervals.TAIL)) ** 2
    return [Law(values, percent, one.effect * widening, is_open=True) for values in (one.least, one.most)]


def plain_change(
    before: intervals.Sides, after: intervals.Sides, percent: float, degrees: int | None
) -> tuple[float, float, float]:
    """Interval and chance of a change, pair of places by pair of places."""
    sides = (before, after)
    (old, oldest), (new, newest) = (wide_laws(one, percent, degrees) for one in sides)
    low, high = -oldest.most_above(new), newest.most_above(old)
    (old, oldest), (new, newest) = (
        [Law(values, percent, one.effect, is_open=False) for values in (one.least, one.most)] for one in sides
    )
    n, m = (max(len(one.least) / max(one.effect, 1.0), 1.0) for one in sides)
    least = math.exp(math.lgamma(n + 1) + math.lgamma(m + 1) - math.lgamma(n + m + 1))
    chance = min(2 * max(min(oldest.above(new), newest.above(old)), least), 1.0)
    if degrees is not None:
        chance = 2 * float(stats.t.sf(stats.norm.isf(chance / 2), degrees))
    return math.expm1(low), math.expm1(high), chance


def has_bounds(before: intervals.Sides, after: intervals.Sides, percent: float, degrees: int | None) -> bool:
    """Whether the difference of what is known of both ends somewhere on either side."""
    (old, _), (new, _) = (wide_laws(one, percent, degrees) for one in (before, after))
    return math.isfinite(max(old.most_above(new), new.most_above(old)))


@settings(max_examples=60, deadline=None)
@example(seed=0, counts=(8, 8), effects=(1.0, 1.0), longer=(0, 0), percent=50, degrees=6)
@given(
    seed=st.integers(0, 10_000),
    counts=st.tuples(st.integers(8, 45), st.integers(8, 45)),
    effects=st.tuples(st.sampled_from([1.0, 1.7, 3.0]), st.sampled_from([1.0, 2.5])),
    longer=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    percent=st.sampled_from([30, 50, 60]),
    degrees=st.sampled_from([None, 6, 11]),
)
def test_a_change_is_that_of_all_pairs_of_places(
    *,
    seed: int,
    counts: tuple[int, int],
    effects: tuple[float, float],
    longer: tuple[int, int],
    percent: float,
    degrees: int | None,
) -> None:
    """With dependence, with values of which only a lower bound is known, and with degrees of freedom."""
    generator = np.random.default_rng(seed)
    sides = []
    for count, effect, open_ in zip(counts, effects, longer, strict=True):
        values = np.sort(generator.lognormal(5, 0.6, count))
        most = np.append(values[: count - open_], np.full(open_, np.inf)) if open_ else values
        sides.append(intervals.Sides(values, most, effect))
    found = intervals.change(sides[0], sides[1], percent, degrees)
    widening = 1.0 if degrees is None else (student.quantile(0.05, degrees) / intervals.Z) ** 2
    closed = [intervals.is_closed(len(one.least), percent, one.effect * widening) for one in sides]
    # Each of two samples may have an interval, and their difference none: both may lie beyond the values at a time.
    assert (found is not None) is (all(closed) and has_bounds(sides[0], sides[1], percent, degrees))
    if found is not None:
        low, high, chance = plain_change(sides[0], sides[1], percent, degrees)
        assert found.low == pytest.approx(low, rel=1e-4, abs=1e-5)
        assert found.high == pytest.approx(high, rel=1e-4, abs=1e-5)
        assert found.chance == pytest.approx(chance, rel=1e-6)


@pytest.mark.parametrize("events", [0, 1, 37, 1000.5])
def test_the_interval_of_a_count_is_where_it_would_be_as_far_off(events: float) -> None:
    """Wilson's for a Poisson number: at each end, so many events are 1.96 of its own standard deviations away."""
    low, high = intervals.count(events)
    for end, sign in ((low, 1), (high, -1)):
        assert sign * (events - end) == pytest.approx(stats.norm.isf(0.025) * math.sqrt(end), abs=1e-9)
