"""When a simulated call says what."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
from random import Random

import pytest

from bedrock_locust.simulator import timing
from bedrock_locust.simulator.behaviour import Behaviour


def test_plan_without_spread_is_exact() -> None:
    """With a spread of 0, every call is as the settings say."""
    plan = timing.plan(Behaviour(ttft_ms=150, tpot_ms=10, output_tokens=21, spread=0), Random(1), 0)
    assert (plan.ttft_s, plan.tpot_s, plan.text_tokens, plan.reasoning_tokens) == (0.15, 0.01, 21, 50)
    pace = timing.Pace(plan, Random(1), lambda: 1.0)
    pace.advance(20)
    assert pace.due_s == pytest.approx(0.35)


def test_plan_with_spread_keeps_the_means() -> None:
    """The settings are the means of what is drawn."""
    behaviour = Behaviour(ttft_ms=200, tpot_ms=20, output_tokens=100, spread=0.5)
    rng = Random(1)
    plans = [timing.plan(behaviour, rng, index) for index in range(4000)]
    assert statistics.fmean(plan.ttft_s for plan in plans) == pytest.approx(0.2, rel=0.05)
    assert statistics.fmean(plan.tpot_s for plan in plans) == pytest.approx(0.02, rel=0.05)
    assert statistics.fmean(plan.text_tokens for plan in plans) == pytest.approx(100, rel=0.05)
    assert statistics.stdev(plan.ttft_s for plan in plans) > 0.05


def test_jitter_keeps_the_mean() -> None:
    """Gaps between tokens differ, and their mean is the setting."""
    plan = timing.plan(Behaviour(tpot_ms=10, ttft_ms=0, spread=0, jitter=0.5), Random(1), 0)
    pace, due = timing.Pace(plan, Random(1), lambda: 1.0), []
    for _ in range(4000):
        pace.advance(1)
        due.append(pace.due_s)
    gaps = [after - before for before, after in itertools.pairwise(due)]
    assert statistics.fmean(gaps) == pytest.approx(0.01, rel=0.05)
    assert statistics.stdev(gaps) > 0.003


def test_measured_times_to_the_first_token_come_in_turn() -> None:
    """The measured times to the first token are used in their order, and again from the first."""
    behaviour = Behaviour(ttft_values_ms=[100, 300, 200], spread=1)
    plans = [timing.plan(behaviour, Random(index), index) for index in range(5)]
    assert [plan.ttft_s for plan in plans] == [0.1, 0.3, 0.2, 0.1, 0.3]


def test_measured_gaps_come_in_their_order() -> None:
    """A call begins at a drawn place of the measured gaps, keeps their order, and begins again at their end."""
    behaviour = Behaviour(ttft_ms=0, gap_values_ms=[1, 2, 4], spread=1)
    plans = [timing.plan(behaviour, Random(seed), 0) for seed in range(30)]
    assert {plan.gaps_s for plan in plans} == {(0.001, 0.002, 0.004), (0.002, 0.004, 0.001), (0.004, 0.001, 0.002)}
    pace, gaps = timing.Pace(plans[0], Random(0), lambda: 1.0), []
    for _ in range(6):
        before = pace.due_s
        pace.advance(1)
        gaps.append(pace.due_s - before)
    assert gaps == pytest.approx(plans[0].gaps_s * 2)


def test_the_clock_of_a_call() -> None:
    """It waits for planned times, which move with what holds a call up, and not for those that have passed."""

    async def waited() -> list[float]:
        clock, seen = timing.Clock(), []
        for step in (clock.until(0.05), clock.until(0.01), clock.hold(0.05), clock.until(0.1)):
            await step
            seen.append(clock.elapsed_s)
        clock.shift(0.05)
        await clock.until(0.15)
        return [*seen, clock.elapsed_s]

    first, passed, held, moved, shifted = asyncio.run(waited())
    assert first >= 0.05
    assert held >= passed + 0.05
    assert moved >= 0.15
    assert shifted >= 0.25


def test_a_loaded_model_is_slower_from_then_on() -> None:
    """A token takes as long as the model is slow when it is due; the time to the first one too."""
    slowness = [2.0]
    plan = timing.plan(Behaviour(ttft_ms=100, tpot_ms=10, spread=0), Random(1), 0)
    pace = timing.Pace(plan, Random(1), lambda: slowness[0])
    assert pace.due_s == pytest.approx(0.2)
    pace.advance(3)
    slowness[0] = 1.0
    pace.advance(2)
    assert pace.due_s == pytest.approx(0.2 + 3 * 0.02 + 2 * 0.01)


def drawn(seed: int) -> tuple[float, float, float, float]:
    """What a call of this seed draws: three times from a normal distribution, and once from a uniform one."""
    rng = Random(seed)
    return rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1), rng.random()


@pytest.mark.parametrize("seed", range(8))
def test_a_plan_is_made_of_four_draws(seed: int) -> None:
    """Time to the first token, time of a token, length, and the place of the measured gaps, in this order."""
    behaviour = Behaviour(ttft_ms=200, tpot_ms=20, output_tokens=100, reasoning_tokens=50, spread=0.5)
    first, each, length, place = drawn(seed)
    factors = [math.exp(0.5 * one - 0.125) for one in (first, each, length)]
    plan = timing.plan(behaviour, Random(seed), 0)
    assert plan.ttft_s == pytest.approx(0.2 * factors[0])
    assert plan.tpot_s == pytest.approx(0.02 * factors[1])
    assert (plan.text_tokens, plan.reasoning_tokens) == (round(100 * factors[2]), round(50 * factors[2]))
    assert (plan.gaps_s, plan.jitter) == ((), 0.0)
    measured = behaviour.changed({"gap_values_ms": [1, 2, 3, 4], "jitter": 0.3})
    rng = Random(seed)
    plan = timing.plan(measured, rng, 0)
    begin = math.floor(4 * place)
    assert plan.gaps_s == pytest.approx([(begin + turn) % 4 / 1000 + 0.001 for turn in range(4)])
    assert plan.jitter == 0.3
    timing.plan(behaviour, again := Random(seed), 0)
    assert rng.random() == again.random()


def test_an_answer_has_a_token_at_least() -> None:
    """However short it is drawn; reasoning may have none."""
    plans = [timing.plan(Behaviour(output_tokens=1, reasoning_tokens=1, spread=2), Random(n), 0) for n in range(50)]
    assert min(plan.text_tokens for plan in plans) == 1
    assert min(plan.reasoning_tokens for plan in plans) == 0


def test_jitter_is_drawn_for_each_token() -> None:
    """Also where the gaps were measured; without it no draw is made."""
    jittery = timing.Plan(0.1, 0.02, 1, 0, gaps_s=(0.001, 0.01), jitter=0.5)
    pace, draws = timing.Pace(jittery, Random(3), lambda: 2.0), Random(3)
    factors = [math.exp(0.5 * draws.gauss(0, 1) - 0.125) for _ in range(5)]
    assert pace.due_s == pytest.approx(0.2)
    pace.advance(2)
    assert pace.due_s == pytest.approx(0.2 + 2 * (0.001 * factors[0] + 0.01 * factors[1]))
    pace.advance(3)
    rest = 0.001 * factors[2] + 0.01 * factors[3] + 0.001 * factors[4]
    assert pace.due_s == pytest.approx(0.2 + 2 * (0.001 * factors[0] + 0.01 * factors[1] + rest))
    plain, rng = timing.Plan(0.1, 0.02, 1, 0), Random(3)
    pace = timing.Pace(plain, rng, lambda: 1.0)
    pace.advance(5)
    assert pace.due_s == pytest.approx(0.2)
    assert rng.random() == Random(3).random()
    pace.advance(0)
    assert pace.due_s == pytest.approx(0.2)
