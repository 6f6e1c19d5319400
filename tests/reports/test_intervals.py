"""Intervals and tests against scipy and slow plain computations."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from reports.numbers import intervals


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
