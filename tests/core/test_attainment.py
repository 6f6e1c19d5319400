"""The share of good calls and the verdict on it: as the report has them, and right by simulation."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.live.attainment import (
    ERROR,
    LOOKS,
    PARTS,
    WAVES,
    Record,
    T,
    Target,
    Trials,
    Z,
    design_effect,
    is_good,
    judge,
    share_of,
    wilson,
)
from bedrock_locust.settings.goals import Slo
from reports.numbers import intervals, sample, slo, student

from .strategies import calls
from .test_output import CALL

if TYPE_CHECKING:
    from bedrock_locust.call import Call

COUNTS = st.lists(st.integers(0, 30), min_size=PARTS, max_size=PARTS)


def test_the_error_is_divided_among_the_looks() -> None:
    """Each look has a quarter of the chance; with Student's quantile, as the design effect is an estimate."""
    assert (sample.PARTS, sample.WAVES) == (PARTS, WAVES)
    assert math.isclose(T, student.quantile(ERROR / LOOKS, WAVES), rel_tol=1e-9)
    assert math.isclose(2 * (1 - intervals.NORMAL.cdf(Z)), ERROR / LOOKS)


@given(counts=COUNTS, seed=st.integers(0, 1000), share=st.floats(0, 1))
def test_the_design_effect_is_that_of_the_report(counts: list[int], seed: int, share: float) -> None:
    """Written twice, as a process that makes calls has no numpy."""
    rng = random.Random(seed)
    hits = [sum(rng.random() < share for _ in range(count)) for count in counts]
    there = sample.design_effect(np.array(hits), np.array(counts))
    assert math.isclose(design_effect(hits, counts), there, rel_tol=1e-9)


@given(count=st.integers(1, 10_000), part=st.floats(0, 1))
def test_the_interval_is_that_of_the_report(count: int, part: float) -> None:
    """Wilson's."""
    hits = round(part * count)
    assert np.allclose(wilson(hits, count, Z), intervals.share(hits, count, Z))


LIMITS = st.one_of(st.none(), st.floats(1, 5000))


@given(
    call=calls(),
    limits=st.builds(Slo, ttft_ms=LIMITS, tpot_ms=LIMITS, latency_ms=LIMITS, min_tokens_per_s=LIMITS),
)
def test_a_good_call_is_one_of_the_report(call: Call, limits: Slo) -> None:
    """Whatever a call is like."""
    row = {name: getattr(call, name) for name in call.__slots__ if name != "gaps"}
    table = pd.DataFrame([row]).astype({"error": "str", "mode": "str"})
    asked = slo.Slo(limits.ttft_ms, limits.tpot_ms, limits.latency_ms, None, limits.min_tokens_per_s)
    numbers = ["ttft_ms", "latency_ms", "output_tokens", "last_token_ms", "chunks", "content_bytes"]
    numbers += ["reasoning_tokens", "first_text_ms"]
    assert is_good(limits, call) == bool(slo.is_good(asked, table.astype(dict.fromkeys(numbers, "float64")))[0])


def test_what_makes_a_call_bad() -> None:
    """A failure, a limit that it exceeds, and what is not known of it."""
    limits = Slo(ttft_ms=500, tpot_ms=50, latency_ms=2000)
    timed = replace(CALL, mode="streaming", ttft_ms=400, last_token_ms=1400, latency_ms=1500, error="")
    good = replace(timed, output_tokens=41, chunks=41)
    assert is_good(limits, good)
    assert not is_good(limits, replace(good, error="ThrottlingError"))
    assert not is_good(limits, replace(good, latency_ms=2001))
    assert not is_good(limits, replace(good, ttft_ms=501))
    assert not is_good(limits, replace(good, ttft_ms=None))
    assert not is_good(limits, replace(good, output_tokens=11))
    assert not is_good(Slo(min_tokens_per_s=60), good)
    assert is_good(limits, replace(good, mode="non_streaming", ttft_ms=None))


def record(hits: int, misses: int, *, ok: int | None = None) -> Record:
    """Calls spread evenly over the window, all kinds of them."""
    made, count = Record(60), hits + misses
    for number in range(count):
        good, succeeded = (
            (number + 1) * part // count > number * part // count for part in (hits, hits if ok is None else ok)
        )
        made.add(60 * (number + 0.5) / count, 1.0, good=good, ok=succeeded)
    return made


def test_verdicts() -> None:
    """On one side of the target with the whole interval, or unclear; then it leans."""
    target = Target(0.95)
    assert [judge(target, [record(*one)]).verdict for one in [(600, 2), (500, 100), (95, 5), (20, 0)]] == [
        *("met", "missed", "unclear", "unclear")
    ]
    assert [judge(target, [record(*one)]).leans for one in [(600, 2), (500, 100), (20, 0), (18, 2)]] == [
        *(True, False, True, False)
    ]
    nothing = judge(target, [Record(60)])
    assert (nothing.verdict, nothing.leans, nothing.good.calls) == ("unclear", False, 0)


def test_a_success_rate_is_asked_for_beside_it() -> None:
    """Both have to be shown; one that is missed is enough."""
    good = record(1000, 0)
    assert judge(Target(0.9, 0.95), [good]).verdict == "met"
    assert judge(Target(0.9, 0.95), [record(1000, 0, ok=800)]).verdict == "missed"
    assert judge(Target(0.9, 0.95), [record(1000, 0, ok=950)]).verdict == "unclear"


def test_probes_of_one_load_count_together() -> None:
    """Two unclear ones may be clear together; two that clearly differ are not."""
    target, one = Target(0.95), record(110, 0)
    assert judge(target, [one]).verdict == "unclear"
    assert judge(target, [one, one]).verdict == "met"
    assert judge(target, [record(600, 2), record(500, 100)]).verdict == "unclear"


def test_what_was_clear_at_a_look_remains_so() -> None:
    """Unless the calls that were in flight then turn out to be on the other side, as where the service hangs."""
    late, hung = record(131, 3), record(130, 12)
    assert judge(Target(0.95), [late]).verdict == "unclear"
    late.decided = hung.decided = "met"
    assert judge(Target(0.95), [late]).verdict == "met"
    assert judge(Target(0.95), [hung]).verdict == "unclear"


def test_a_look_leaves_out_calls_that_may_still_be_in_flight() -> None:
    """The slow ones among them are not known yet: only parts that a call as long as the longest could not outlast."""
    made = Record(100)
    for second in range(40):
        made.add(second + 0.5, 1.0, good=True, ok=True)
    made.add(10.2, 12.0, good=False, ok=True)
    seen = made.at(elapsed_s=40, late_s=3)
    assert share_of([seen.good])[:2] == (26, 25 / 26)
    assert share_of([made.at(10, 3).good]).calls == 0


def test_a_verdict_is_rarely_wrong_where_calls_fail_in_bursts() -> None:
    """At the target itself either verdict is wrong. One call in twenty fails, for stretches of 2 s."""
    rng, wrong = random.Random(7), 0
    for _ in range(100):
        trials, at, bad = Trials(), 0.0, rng.random() < 0.05
        until = rng.expovariate(1 / (2 if bad else 38))
        while at < 120:
            if at > until:
                bad, until = not bad, at + rng.expovariate(1 / (38 if bad else 2))
            trials.add(int(at / 120 * PARTS), hit=not bad)
            at += rng.expovariate(10)
        wrong += share_of([trials]).verdict(0.95) != "unclear"
    assert wrong <= 12


@given(st.lists(st.tuples(COUNTS, st.integers(0, 1000), st.floats(0, 1), st.integers(1, 50)), min_size=1, max_size=4))
def test_a_share_lies_in_its_interval(probes: list[tuple[list[int], int, float, int]]) -> None:
    """Also where the hits of one sample come in one row, and those of another do not."""
    samples = []
    for calls_of, seed, share, row in probes:
        rng = random.Random(seed)
        hit = [rng.random() < share for _ in range(PARTS // row + 1)]
        hits = [count if hit[part // row] else 0 for part, count in enumerate(calls_of)]
        samples.append(Trials(hits, calls_of))
    found = share_of(samples)
    if found.calls:
        assert 0 <= found.low <= found.share + 1e-9
        assert found.share <= found.high + 1e-9
        assert found.high <= 1


def test_several_samples_count_as_the_variance_of_their_sum() -> None:
    """One sample of 100 calls in a row of hits and one of misses, beside one of 100 single calls."""
    calls_of = [1] * PARTS
    rows, single = Trials([1] * 50 + [0] * 50, calls_of), Trials([part % 2 for part in range(PARTS)], calls_of)
    effects = [design_effect(one.hits, one.calls) for one in (rows, single)]
    assert effects[0] > 10
    assert effects[1] == 1
    found, independent = share_of([rows, single]), 200**2 / (100 * effects[0] + 100)
    assert found[:2] == (200, 0.5)
    assert np.allclose(found[2:], wilson(independent / 2, independent, T))
