"""The parts that need no server: timing, quota, tokens, routes, ledger."""

from __future__ import annotations

import statistics
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import timing, tokens
from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError
from bedrock_locust.simulator.ledger import Ledger
from bedrock_locust.simulator.quota import Quota
from bedrock_locust.simulator.routes import OPERATIONS, find


def test_plan_without_spread_is_exact() -> None:
    """With a spread of 0, every call is as the settings say."""
    plan = timing.plan(Behaviour(ttft_ms=150, tpot_ms=10, output_tokens=21, spread=0), Random(1), None)
    assert (plan.ttft_s, plan.tpot_s, plan.tokens, plan.cut_short) == (0.15, 0.01, 21, False)
    assert plan.end_s == pytest.approx(0.35)


def test_plan_with_spread_keeps_the_means() -> None:
    """The settings are the means of what is drawn."""
    behaviour = Behaviour(ttft_ms=200, tpot_ms=20, output_tokens=100, spread=0.5)
    rng = Random(1)
    plans = [timing.plan(behaviour, rng, None) for _ in range(4000)]
    assert statistics.fmean(plan.ttft_s for plan in plans) == pytest.approx(0.2, rel=0.05)
    assert statistics.fmean(plan.tpot_s for plan in plans) == pytest.approx(0.02, rel=0.05)
    assert statistics.fmean(plan.tokens for plan in plans) == pytest.approx(100, rel=0.05)
    assert statistics.stdev(plan.ttft_s for plan in plans) > 0.05


@given(st.integers(1, 500), st.integers(1, 500) | st.none(), st.floats(0, 2), st.integers(0))
def test_plan_keeps_within_max_tokens(wanted: int, most: int | None, spread: float, seed: int) -> None:
    """An answer has a token at least and never more than `max_tokens`; then it was cut short."""
    behaviour = Behaviour(output_tokens=wanted, spread=spread)
    plan = timing.plan(behaviour, Random(seed), most)
    assert plan.tokens >= 1
    assert most is None or plan.tokens <= most
    assert not plan.cut_short or plan.tokens == most
    assert plan == timing.plan(behaviour, Random(seed), most)


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_tokens_written_are_tokens_counted(start: int, number: int) -> None:
    """The one rule of counting gives the number of tokens that were written."""
    text = tokens.write(start, number)
    assert tokens.count(text) == number
    assert tokens.count(text.rstrip()) == number


@given(st.integers(0, 5000), st.integers(1, 50), st.integers(1, 50))
def test_text_in_pieces_is_the_text(start: int, one: int, other: int) -> None:
    """A stream says the same words as an answer in one piece."""
    assert tokens.write(start, one) + tokens.write(start + one, other) == tokens.write(start, one + other)


@given(st.integers(1, 600), st.integers(1, 20), st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_quota_is_never_exceeded(per_minute: int, burst: int, gaps: list[float]) -> None:
    """In no time are more calls admitted than the burst and what the rate adds."""
    quota, now, admitted = Quota(per_minute, burst), 0.0, 0
    for gap in gaps:
        now += gap
        admitted += quota.admits("model", now)
        assert admitted <= burst + (now - gaps[0]) * per_minute / 60 + 1e-6


def test_quota_refills() -> None:
    """A used-up quota admits calls again as time passes."""
    quota = Quota(60, burst=2)
    assert [quota.admits("model", now) for now in (0, 0, 0, 0.5, 1.1, 1.2)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]
    assert quota.admits("other", 0)


def test_quota_admits_a_minute_at_once_by_default() -> None:
    """Without a burst, an unused quota admits a minute's calls at once."""
    quota = Quota(10)
    assert sum(quota.admits("model", 0) for _ in range(20)) == 10


@given(st.text(min_size=1), st.sampled_from(sorted(OPERATIONS)))
def test_any_model_id_is_found_in_its_path(model_id: str, name: str) -> None:
    """A model id is one segment of the path, whatever it is made of."""
    assert find("POST", f"/model/{quote(model_id, safe='')}/{name}") == (OPERATIONS[name], model_id)


def test_ledger_drops_the_oldest() -> None:
    """A full ledger drops the oldest calls, and says how many."""
    ledger = Ledger(2)
    for _ in range(5):
        ledger.close(ledger.open("converse", "model", stream=False))
    assert b"".join(ledger.lines()).count(b"\n") == 2
    assert (ledger.stats()["kept"], ledger.stats()["dropped"], ledger.stats()["calls"]) == (2, 3, 5)


def test_ledger_forgets_calls_that_were_running_when_it_was_cleared() -> None:
    """A call that arrived before the ledger was cleared is not entered in the new one."""
    ledger = Ledger(10)
    old = ledger.open("converse", "model", stream=False)
    ledger.clear()
    new = ledger.open("converse", "model", stream=False)
    ledger.close(old)
    assert ledger.stats() | {"in_flight": 1, "max_in_flight": 1, "kept": 0} == ledger.stats()
    ledger.close(new)
    assert ledger.stats()["kept"] == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"ttft": 5}, "ttft: no such setting; there are: ttft_ms"),
        ({"ttft_ms": -1}, "ttft_ms: .*-1"),
        ({"output_tokens": 0}, "output_tokens"),
        ({"faults": {"cuts": 0.1}}, "unknown fault 'cuts'; there are: .*cut"),
        ({"faults": {"cut": 2}}, "rate of cut is 2"),
        ({"faults": {"cut": 0.6, "stall": 0.6}}, "add up to 1.2"),
        ({"spread": float("nan")}, "spread"),
    ],
)
def test_mistakes_in_settings(settings: dict[str, object], words: str) -> None:
    """A mistake in the settings is told with the name of the setting and what is possible."""
    with pytest.raises(BehaviourError, match=words):
        Behaviour().changed(settings)
