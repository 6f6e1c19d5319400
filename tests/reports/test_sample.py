"""Samples of calls that depend on each other: their design effects, intervals and changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.numbers import intervals, sample
from reports.numbers.sample import PARTS, WAVES, Sample


def made(values: np.ndarray, parts: np.ndarray) -> Sample:
    """A sample of values and the parts of the window in which their calls started."""
    order = np.argsort(values)
    return Sample(values[order], parts[order].astype(np.int8))


def stretches(generator: np.random.Generator, count: int, *, length: int, depth: float) -> Sample:
    """A service that is slower or faster for stretches of a window."""
    parts = np.sort(generator.integers(0, PARTS, count))
    state = generator.standard_normal(PARTS // length)[parts // length]
    return made(np.exp(0.5 * (depth * state + math.sqrt(1 - depth * depth) * generator.standard_normal(count))), parts)


@given(st.integers(0, 10_000), st.integers(1, 400))
def test_a_design_effect_is_that_of_its_definition(seed: int, count: int) -> None:
    """The formula of docs/metrics.md, computed call by call."""
    generator = np.random.default_rng(seed)
    parts = generator.integers(0, PARTS, count)
    hit = generator.random(count) < 0.2 + 0.6 * (parts > 40)
    expected, share = [], hit.mean()
    for wave in range(1, WAVES + 1):
        weights = np.cos(math.pi * wave * (parts + 0.5) / PARTS)
        weights -= weights.mean()
        scale = share * (1 - share) * (weights**2).sum()
        expected += [(weights * (hit - share)).sum() ** 2 / scale] if scale > 1e-12 else []
    found = sample.design_effect(np.bincount(parts[hit], minlength=PARTS), np.bincount(parts, minlength=PARTS))
    assert found == pytest.approx(max(float(np.mean(expected)), 1.0) if expected else 1.0)


def test_independent_calls_have_a_small_design_effect_and_dependent_ones_a_large_one() -> None:
    """Of 200 windows each: near 1 on average, and 8 and more where stretches of a tenth are alike."""
    generator = np.random.default_rng(3)
    alone = [stretches(generator, 400, length=1, depth=0.0).effect(50) for _ in range(200)]
    together = [stretches(generator, 400, length=10, depth=0.6).effect(50) for _ in range(200)]
    assert 1 <= np.mean(alone) < 1.4
    assert np.mean(together) > 8


def test_dependence_widens_an_interval_and_may_open_it() -> None:
    """The same values, once in any order and once sorted in time."""
    values = np.exp(np.random.default_rng(1).standard_normal(200))
    mixed, sorted_ = (
        made(values, np.random.default_rng(2).integers(0, PARTS, 200)),
        made(np.sort(values), np.arange(200) * PARTS // 200),
    )
    (low, high), (lower, higher) = mixed.interval(50), sorted_.interval(50)
    assert lower < low < mixed.at(50) < high < higher
    assert not any(map(math.isnan, mixed.interval(95)))
    assert math.isnan(sorted_.interval(95)[1])


@pytest.mark.parametrize(("values", "window"), [([], (0.0, 10.0)), ([5.0], (math.nan, math.nan)), ([5.0] * 9, (0, 0))])
def test_the_smallest_samples_have_no_design_effect(values: list[float], window: tuple[float, float]) -> None:
    """No value, one, or all alike, with and without a window."""
    found = made(np.array(values), sample.parts(np.zeros(len(values)), window))
    assert found.effect(50) == 1
    assert found.at(50) == 5.0 or not values


def test_parts_are_those_of_the_window() -> None:
    """Both edges of the window are inside; without a window the calls make it."""
    starts = np.array([100.0, 100.09, 105.0, 110.0])
    assert list(sample.parts(starts, (100.0, 110.0))) == [0, 0, 50, 99]
    assert list(sample.parts(starts, (math.nan, math.nan))) == [0, 0, 50, 99]


def test_a_change_of_dependent_calls_is_less_sure() -> None:
    """The same two samples, 12 % apart, once as if independent: its chance is smaller and its interval narrower."""
    generator = np.random.default_rng(8)
    before = stretches(generator, 500, length=10, depth=0.45)
    after = stretches(generator, 500, length=10, depth=0.45)
    apart = Sample(after.ordered * 1.12, after.parts)
    alone = intervals.quantile_change(before.ordered, apart.ordered, 50)
    together = sample.change(before, apart, 50)
    assert alone is not None
    assert together is not None
    assert together.low < alone.low < alone.high < together.high
    assert together.chance > alone.chance


@given(st.integers(0, 10_000), st.integers(10, 300), st.integers(10, 300), st.sampled_from([50, 95]))
def test_which_sample_is_the_base_changes_no_verdict(seed: int, count: int, other: int, percent: int) -> None:
    """Swapped, the chance is the same and the interval that of the reciprocal."""
    generator = np.random.default_rng(seed)
    one, two = stretches(generator, count, length=5, depth=0.4), stretches(generator, other, length=5, depth=0.4)
    there, back = sample.change(one, two, percent), sample.change(two, one, percent)
    if there is None or back is None:
        assert there is back
        return
    assert there.chance == pytest.approx(back.chance, rel=1e-9)
    assert 1 + there.low == pytest.approx(1 / (1 + back.high), rel=1e-8)


@pytest.mark.parametrize(
    ("variances", "expected"),
    [((1.0, 1.0), 2 * WAVES), ((1.0, 0.0), WAVES), ((math.nan, 1.0), WAVES), ((3.0, 1.0), int(WAVES * 1.6))],
)
def test_degrees_of_freedom_are_those_of_welch(variances: tuple[float, float], expected: int) -> None:
    """Two equal variances have those of both; what is not known has those of one."""
    assert sample.degrees(*variances) == expected
