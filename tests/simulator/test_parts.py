"""The parts that need no server: timing, quota, tokens, routes, ledger."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import faults, replies, timing, tokens, toolcalls
from bedrock_locust.simulator.behaviour import Behaviour, BehaviourError
from bedrock_locust.simulator.cache import CacheUse, PromptCache
from bedrock_locust.simulator.faults import Strike
from bedrock_locust.simulator.ledger import Ledger
from bedrock_locust.simulator.load import Model
from bedrock_locust.simulator.prompts import Part, Prompt, Tool
from bedrock_locust.simulator.quota import Quota
from bedrock_locust.simulator.routes import OPERATIONS, find

PROMPT = Prompt(parts=(Part("Hello there"),), text="Hello there", max_tokens=None)


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


def test_measured_values_are_replayed() -> None:
    """Measured times to the first token come in turn, and measured gaps in their order from a drawn place on."""
    behaviour = Behaviour(ttft_values_ms=[100, 300], gap_values_ms=[1, 2, 4], spread=1)
    plans = [timing.plan(behaviour, Random(index), index) for index in range(4)]
    assert [plan.ttft_s for plan in plans] == [0.1, 0.3, 0.1, 0.3]
    assert {plan.gaps_s for plan in plans} <= {(0.001, 0.002, 0.004), (0.002, 0.004, 0.001), (0.004, 0.001, 0.002)}
    pace = timing.Pace(plans[0], Random(0), lambda: 1.0)
    pace.advance(6)
    assert pace.due_s == pytest.approx(0.1 + 2 * 0.007)


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 500) | st.none(), st.booleans(), st.integers(0))
def test_answers_keep_within_max_tokens(wanted: int, thought: int, most: int | None, tool: bool, start: int) -> None:
    """An answer has a token at least and never more than `max_tokens`; then it was cut short."""
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    prompt = replace(PROMPT, max_tokens=most, reasoning=True, tool=Tool("weather", schema) if tool else None)
    content = replies.compose(prompt, start, wanted, thought)
    total = sum(block.tokens for block in content.blocks)
    assert total >= 1
    assert most is None or total <= most
    assert content.stop is not replies.Stop.LENGTH or total == most
    assert content == replies.compose(prompt, start, wanted, thought)


@given(st.integers(0, 5000), st.integers(1, 200), st.integers(1, 12))
def test_text_ends_before_a_stop_sequence(start: int, wanted: int, chars: int) -> None:
    """No answer has a stop sequence in it, and it says at which it ended."""
    text = tokens.write(start, wanted)
    sequence = text[len(text) // 2 :][:chars]
    content = replies.compose(replace(PROMPT, stop=("~", sequence)), start, wanted, 0)
    said = "".join(block.text for block in content.blocks)
    assert sequence not in said
    assert text.startswith(said + sequence)
    assert (content.stop, content.stop_sequence) == (replies.Stop.SEQUENCE, sequence)


def test_temperature_zero_depends_on_the_prompt_only() -> None:
    """At a temperature of 0 the same prompt begins the same answer, whatever the call."""
    cold, warm = replace(PROMPT, temperature=0), replace(PROMPT, temperature=0.5)
    assert replies.place(cold, 1, 7) == replies.place(cold, 2, 7)
    assert replies.place(warm, 1, 7) != replies.place(warm, 2, 7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
SCHEMA_KEYS = ("type", "properties", "required", "items", "enum", "anyOf", "minimum", "default")


@given(st.dictionaries(st.sampled_from(SCHEMA_KEYS), JSON) | JSON)
def test_any_schema_gives_a_tool_call(schema: Any) -> None:
    """Whatever a schema is, the input of the call is a JSON object."""
    assert isinstance(json.loads(toolcalls.arguments(Tool("any", schema))), dict)


def test_tool_call_fits_its_schema() -> None:
    """The input has the required members, of their types and within their bounds."""
    schema = {
        "type": "object",
        "required": ["city", "days", "unit", "tags"],
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 3},
            "unit": {"enum": ["C", "F"]},
            "tags": {"type": "array", "items": {"type": ["string", "null"]}},
            "more": {"type": "boolean"},
        },
    }
    assert json.loads(toolcalls.arguments(Tool("weather", schema))) == {
        "city": "example",
        "days": 3,
        "unit": "C",
        "tags": ["example"],
    }


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
    quota, now, admitted = Quota(Behaviour(requests_per_minute=per_minute, burst=burst), gaps[0]), 0.0, 0
    for gap in gaps:
        now += gap
        admitted += not quota.lacks(0, now)
        assert admitted <= burst + (now - gaps[0]) * per_minute / 60 + 1e-6


def test_quota_refills() -> None:
    """A used-up quota admits calls again as time passes."""
    quota = Quota(Behaviour(requests_per_minute=60, burst=2), 0)
    lacking = [quota.lacks(0, now) for now in (0, 0, 0, 0.5, 1.1, 1.2)]
    assert lacking == ["", "", "requests", "requests", "", "requests"]


def test_quota_admits_a_minute_at_once_by_default() -> None:
    """Without a burst, an unused quota admits a minute's calls at once."""
    quota = Quota(Behaviour(requests_per_minute=10), 0)
    assert sum(not quota.lacks(0, 0) for _ in range(20)) == 10


def test_quota_of_tokens_reserves_and_settles() -> None:
    """A call reserves its `max_tokens`, and gets back at its end what it did not use."""
    quota = Quota(Behaviour(tokens_per_minute=1000, output_burndown=5), 0)
    assert [quota.lacks(450, 0) for _ in range(3)] == ["", "", "tokens"]
    quota.settle(450, input_tokens=50, output_tokens=20)
    assert quota.lacks(401, 0) == "tokens"
    assert quota.lacks(400, 0) == ""
    quota.settle(450, input_tokens=0, output_tokens=200)
    assert quota.lacks(1, 0) == "tokens"


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.floats(0, 5)), min_size=1, max_size=40))
def test_quota_of_tokens_is_never_exceeded(calls: list[tuple[int, int, float]]) -> None:
    """Whatever calls reserve and use, no more is used than the quota and what it gains."""
    quota, now, used = Quota(Behaviour(tokens_per_minute=600), 0), 0.0, 0
    for prompt, answer, pause in calls:
        now += pause
        if not quota.lacks(prompt + answer, now):
            quota.settle(prompt + answer, prompt, answer // 2)
            used += prompt + answer // 2
        assert used <= 600 + now * 10 + 1e-6


def test_cache_writes_then_reads() -> None:
    """A prefix is written once, read within its time to live, and written anew after it."""
    cache, prompt = PromptCache(), replace(PROMPT, parts=(Part("x" * 400, cache_ttl_s=300), Part("y" * 40)))
    seen = [cache.use("model", prompt, 10, now) for now in (0, 299, 500, 1000)]
    assert [(use.read, use.write_5m) for use in seen] == [(0, 100), (100, 0), (100, 0), (0, 100)]
    assert cache.use("other", prompt, 10, 0).read == 0
    assert cache.use("model", prompt, 101, 0) == CacheUse(asked=True)
    assert cache.use("model", PROMPT, 10, 0) == CacheUse()


def test_cache_reads_the_longest_prefix() -> None:
    """What follows the longest known prefix is written, by its time to live."""
    cache = PromptCache()
    parts = (Part("x" * 400, cache_ttl_s=3600), Part("y" * 400, cache_ttl_s=300))
    assert cache.use("m", replace(PROMPT, parts=parts), 10, 0) == CacheUse(True, 0, 100, 100)
    longer = (*parts, Part("z" * 400, cache_ttl_s=300))
    assert cache.use("m", replace(PROMPT, parts=longer), 10, 400) == CacheUse(True, 100, 200, 0)


def test_load_slows_all_calls_down() -> None:
    """With as many further calls as `half_speed_at`, each takes twice as long."""

    async def factors() -> list[float]:
        model, seen = Model(Behaviour(half_speed_at=4)), []
        for _ in range(9):
            await model.enter()
            seen.append(model.slowness())
        return seen

    assert asyncio.run(factors()) == [1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3]


def test_places_are_handed_on() -> None:
    """A call that waits gets the first place that is free, and one that gave up waiting takes none."""

    async def order() -> list[str]:
        model, done = Model(Behaviour(max_batch=1)), []

        async def call(name: str) -> None:
            await model.enter()
            done.append(name)
            await asyncio.sleep(0)
            model.leave(0)

        await model.enter()
        tasks = [asyncio.create_task(call(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        model.leave(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await call("d")
        return done

    assert asyncio.run(order()) == ["c", "d"]


def test_cold_start() -> None:
    """The first calls wait until the model is loaded, and it is loaded anew after it was idle for too long."""
    model = Model(Behaviour(cold_start_ms=2000, cold_after_seconds=60))
    assert [model.loading_s(now) for now in (0, 0.5, 3, 62, 130, 131)] == [2, 1.5, 0, 0, 2, 1]


def test_schedule_of_faults() -> None:
    """A fault strikes the calls and times that all its conditions fit."""
    strike = Strike.model_validate
    schedule = [
        strike({"fault": "cut", "calls": [2, 3], "to_seconds": 5}),
        strike({"fault": "stall", "every": 2, "from_seconds": 10}),
    ]
    assert [faults.scheduled(schedule, index, 1) for index in range(5)] == ["", "", "cut", "cut", ""]
    assert [faults.scheduled(schedule, index, 10) for index in range(4)] == ["", "stall", "", "stall"]


def test_behaviour_of_a_model() -> None:
    """Patterns of model ids change settings, the last one that fits last."""
    models = {"*": {"ttft_ms": 1}, "*claude*": {"ttft_ms": 2, "tpot_ms": 3}, "*llama*": {"ttft_ms": 4}}
    behaviour = Behaviour().changed({"models": models, "seed": 5})
    seen = behaviour.of("us.anthropic.claude-x")
    assert (seen.ttft_ms, seen.tpot_ms, seen.seed) == (2, 3, 5)
    assert behaviour.of("amazon.nova").ttft_ms == 1


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


def test_ledger_packs_what_it_keeps() -> None:
    """Thousands of calls are kept whole and in their order, and the oldest are dropped one by one."""
    ledger = Ledger(1500)
    for _ in range(2000):
        ledger.close(ledger.open("converse", "model", stream=False))
    rows = [json.loads(line) for line in b"".join(ledger.lines()).splitlines()]
    assert [row["index"] for row in rows] == list(range(500, 2000))
    assert (ledger.stats()["kept"], ledger.stats()["dropped"]) == (1500, 500)


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
        ({"fault_schedule": [{"fault": "cuts"}]}, "unknown fault 'cuts'"),
        ({"models": {"*": {"ttft": 1}}}, r"models\.\*: ttft: no such setting"),
        ({"models": {"*": {"models": {}}}}, "nested"),
    ],
)
def test_mistakes_in_settings(settings: dict[str, object], words: str) -> None:
    """A mistake in the settings is told with the name of the setting and what is possible."""
    with pytest.raises(BehaviourError, match=words):
        Behaviour().changed(settings)
