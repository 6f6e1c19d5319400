"""Samples of calls that depend on each other: their design effects, intervals and changes."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.numbers import intervals, sample
from reports.numbers.sample import PARTS, WAVES, Sample
from reports.reading.calls import MODES
from reports.reading.levels import levels
from reports.reading.run import read

from . import run_folders as make
from .test_numbers import AT, END, plain_percentile, plain_product_limit, rows

if TYPE_CHECKING:
    from pathlib import Path

    from .test_numbers import Row


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


@st.composite
def calls_of(draw: st.DrawFn) -> Row:
    """A call around the window that may have timed out, or broken off in its stream."""
    ends = [("", ""), ("", ""), ("TimeoutError", "read"), ("ModelError", "stream"), ("ModelError", "response")]
    error, stage = draw(st.sampled_from([*ends, ("Cancelled", "stream"), ("ModelTimeoutError", "response")]))
    return draw(rows(draw(st.sampled_from(MODES)))) | {"error": error, "error_stage": stage}


def plain_sample(calls: list[Row], metric: str) -> tuple[list[tuple[float, bool]], list[tuple[float, bool]]]:
    """What is known of a metric: of calls that ended, and of those that were cut off; True is a lower bound."""
    ok = [row for row in calls if not row["error"]]
    middle = plain_percentile([row["latency_ms"] for row in ok], 50) if ok else -math.inf
    known = [(row[metric], False) for row in ok if metric in row]
    for row in calls:
        late = row["error_stage"] == "stream" and row["error"] != "Cancelled" and row["latency_ms"] >= middle
        if row["error"] in {"TimeoutError", "ModelTimeoutError"} or late:
            known.append(lower_bound(row, metric))
    return known, [lower_bound(row, metric) for row in calls if row["error"] == "Cancelled"]


def lower_bound(row: Row, metric: str) -> tuple[float, bool]:
    """Its first token, if that came; else it is longer than the call lasted."""
    return (row["ttft_ms"], False) if metric == "ttft_ms" and "ttft_ms" in row else (row["latency_ms"], True)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(calls_of(), max_size=40), st.sampled_from(MODES), st.sampled_from(["ttft_ms", "latency_ms"]))
def test_samples_with_slow_failures_are_those_of_a_plain_computation(
    tmp_path: Path, calls: list[Row], mode: str, metric: str
) -> None:
    """Successes, timeouts, streams that broke off late, and what the end of the run cut off."""
    windows = {"measured_from": AT, "measured_to": END}
    table = [make.level(one, 4, AT - 5) | windows for one in MODES]
    every = levels(read(make.Folder(calls, table, {}).write(tmp_path)))
    own = [row for row in calls if row["mode"] == mode and row["phase"] == "measure"]
    found, whole = (of(every, f"{mode}-04", metric) for of in (sample.with_slow_failures, sample.complete))
    if metric == "ttft_ms" and mode != "streaming":
        assert len(found) == len(whole) == 0
        return
    known, cut = plain_sample(own, metric)
    assert marked(found) == sorted(known)
    if not cut or not known:
        assert marked(whole) == sorted(known)
        return
    values = [
        plain_product_limit([(int(time), is_open) for time, is_open in known + cut], (place + 0.5) / len(known + cut))
        for place in range(len(known + cut))
    ]
    longest = max(time for time, _ in known + cut)
    assert marked(whole) == [(longest if math.isinf(value) else value, math.isinf(value)) for value in values]
    assert list(whole.most) == values


def marked(found: Sample) -> list[tuple[float, bool]]:
    """Its values in order, and whether each is a lower bound."""
    longer = [False] * len(found) if found.longer is None else found.longer.tolist()
    return sorted(zip(map(float, found.ordered), longer, strict=True))


def test_what_a_failure_says_nothing_of_may_be_the_least_or_the_most(tmp_path: Path) -> None:
    """The longest gap of calls that timed out is not known: they count on both ends of a comparison."""
    random_ = random.Random(1)
    cells = {"mode": "streaming", "level": "streaming-04", "users": 4, "phase": "measure"}
    calls = [make.call(random_, AT + at, **cells) | {"max_gap_ms": 50.0 + at} for at in range(6)]
    calls[2:4] = [make.failed(row, "TimeoutError", "ReadTimeoutError", "no answer") for row in calls[2:4]]
    level = make.level("streaming", 4, AT - 5) | {"measured_from": AT, "measured_to": END}
    every = levels(read(make.Folder(calls, [level], {}).write(tmp_path)))
    found = sample.with_slow_failures(every, "streaming-04", "max_gap_ms")
    assert (found.ordered.tolist(), found.unknown, found.longer) == ([50, 51, 54, 55], 2, None)
    side = found.side(50)
    assert side.least.tolist() == [50, 50, 50, 51, 54, 55]
    assert side.most.tolist() == [50, 51, 54, 55, math.inf, math.inf]
    assert side.effect == found.effect(50) >= 1
    assert sample.with_slow_failures(every, "streaming-04", "tpot_ms").unknown == 2
    assert not found.is_longer(99)


@pytest.mark.parametrize(
    ("longer", "percent", "expected"),
    [(0, 99, False), (1, 99, True), (1, 90, False), (1, 91, True), (3, 70, False), (3, 75, True), (11, 0, True)],
)
def test_a_percentile_of_which_only_a_lower_bound_is_known(longer: int, percent: float, *, expected: bool) -> None:
    """Where one of the two values it lies between is such a bound; of 11 values P90 is the tenth."""
    is_open = np.arange(11) >= 11 - longer
    assert Sample(np.arange(11.0), np.zeros(11, dtype="int8"), is_open).is_longer(percent) is expected
    assert not Sample(np.empty(0), np.empty(0, dtype="int8"), np.empty(0, dtype=bool)).is_longer(percent)


def test_the_variance_of_a_sum_is_that_of_its_waves() -> None:
    """Twice the mean square of six cosines over 100 parts; that of a percentile follows from its interval."""
    amounts = np.random.default_rng(1).exponential(size=PARTS)
    waves = [
        sum(math.cos(math.pi * wave * (part + 0.5) / PARTS) * amount for part, amount in enumerate(amounts))
        for wave in range(1, WAVES + 1)
    ]
    assert sample.variance_of_sum(amounts) == pytest.approx(2 * sum(wave**2 for wave in waves) / WAVES)
    side = intervals.Sides(np.arange(1.0, 301.0), np.arange(1.0, 301.0), 2.0)
    low, high = intervals.quantile(side.least, 50, 2.0)
    assert sample.variance(side, 50) == pytest.approx((math.log(high / low) / (2 * 1.959964)) ** 2, rel=1e-5)
    assert math.isnan(sample.variance(side, 99.9)) or low > 0
    few = np.arange(0.0, 3.0)
    assert math.isnan(sample.variance(intervals.Sides(few, few), 50))
