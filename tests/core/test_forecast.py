"""What a run is expected to make of quotas and money."""

from __future__ import annotations

import random
from dataclasses import replace
from statistics import mean
from typing import Any

import pytest

from bedrock_locust.call import Call
from bedrock_locust.level import Level, Load
from bedrock_locust.settings.forecast import Forecast, Kinds, expected_calls, expected_cost, expected_tokens, forecast
from bedrock_locust.settings.schema import Settings


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}} | sections)


def first(**fields: Any) -> Call:
    """The call before the kind."""
    about: dict[str, Any] = {"mode": "streaming", "operation": "converse_stream", "model_id": "m", "name": "x"}
    return Call(
        **{**about, "started_at": 0.0, "latency_ms": 2000.0, "input_tokens": 100, "output_tokens": 50, **fields}
    )


def found(first_call: Call | None = None, **sections: Any) -> Forecast:
    """The forecast for settings that have a quota."""
    made = forecast(settings(**sections), first_call)
    assert made is not None
    return made


LEVEL = Level(key="s-3", mode="streaming", users=3, duration_s=10)
STEPS = {"start": 2, "end": 20, "step": 2}


def test_the_levels_at_which_a_quota_of_requests_is_used_up() -> None:
    """By a first call of 2 s: a user makes 60 / (2 * 0.7 * 0.75) = 57 to 60 / (2 * 1.5 * 1.3) = 15 calls a minute."""
    made = found(first(), model={"id": "m", "quota": 250}, concurrency=STEPS)
    assert (made.quota, made.possible_from, made.certain_from) == ("requests per minute", Load(6), Load(18))
    assert made.percent == pytest.approx((100 * 20 * 15.385 / 250, 100 * 20 * 57.143 / 250), rel=1e-3)
    assert str(made) == (
        "throttling expected from 6 to 18 users on: requests per minute"
        " (by the first call: a call takes 1 to 3.9 s and an answer has 38 to 65 tokens)"
    )


def test_a_quota_of_tokens_counts_what_is_reserved() -> None:
    """One user: 28.6 to 57.1 calls of 100 + 37.5 tokens, 15.4 to 33 of 100 + 65, and a reservation of 1,100."""
    made = found(
        first(),
        model={"id": "m", "tokens_per_minute": 100_000},
        test={"max_tokens": 1000},
        concurrency={"start": 1, "end": 1},
    )
    low, high = made.percent
    assert low == pytest.approx((15.385 * 165 + 1100) / 1000, rel=1e-3)
    assert high == pytest.approx((57.143 * 137.5 + 1100) / 1000, rel=1e-3)
    assert made.possible_from is None
    assert str(made).startswith("tokens per minute: 4 to 9 % of the quota with 1 user (by the first call")


def test_the_nearest_quota_is_named() -> None:
    """Of two quotas the one that the last level uses more of."""
    assert found(first(), model={"id": "m", "quota": 10, "tokens_per_minute": 10**9}).quota == "requests per minute"
    assert found(first(), model={"id": "m", "quota": 10**6, "tokens_per_minute": 9}).quota == "tokens per minute"


def test_the_burn_down_is_named() -> None:
    """An output token that counts five times; a quota of requests has none."""
    model = {"id": "anthropic.claude-sonnet-4-20250514-v1:0"}
    assert str(found(first(), model={**model, "tokens_per_minute": 9_200})).endswith(", each counted 5 times)")
    assert "counted" not in str(found(first(), model={**model, "quota": 100}))


def test_a_quota_by_the_day_counts_the_whole_run() -> None:
    """1 + 3 users for 60 s each: 60 and then 240 s of calls, each of 100 + 2 x 50 tokens, by the first call of 2 s."""
    steps = {"start": 1, "end": 3, "step": 2, "duration_seconds": 60}
    model = {"id": "m", "tokens_per_day": 20_000, "output_burndown": 2}
    made = found(first(), model=model, concurrency=steps, test={"streaming": False})
    assert (made.quota, made.last) == ("tokens per day", Load(3))
    assert made.percent[1] == pytest.approx(100 * 240 / 1.05 * 175 / 20_000)
    assert made.possible_from == Load(3)
    shapeless = [Level(key="a", mode="streaming", users=3, phase="measure")]
    assert forecast(settings(model=model), first(), shapeless) is None, "a level that does not say how long it is"


def test_quotas_of_mantle_count_input_and_output_apart() -> None:
    """One user: 1,000 to 2,143 tokens of answers a minute; the quota of input tokens holds 100 + 1000 besides."""
    model = {"id": "m", "api": "chat", "endpoint": "mantle", "output_tokens_per_minute": 10_000}
    steps: dict[str, Any] = {"test": {"max_tokens": 1000}, "concurrency": {"start": 1, "end": 1}}
    made = found(first(), model=model, **steps)
    assert (made.quota, made.burndown) == ("output tokens per minute", 1)
    assert made.percent == pytest.approx((10, 21.43), rel=1e-3)
    both = found(first(), model={**model, "input_tokens_per_minute": 5000}, **steps)
    assert both.quota == "input tokens per minute"
    assert both.percent[0] == pytest.approx((15.385 * 165 + 1100) / 50, rel=1e-3)


def test_the_range_contains_what_comes() -> None:
    """400 services: the first call is one of many, whose latency and length vary; their mean is what comes."""
    random_, held = random.Random(5), 0
    for _ in range(400):
        pace_ms, mean_tokens, users = random_.uniform(5, 40), random_.uniform(50, 400), random_.randint(1, 50)
        answers = [max(1, round(random_.gauss(mean_tokens, 0.1 * mean_tokens))) for _ in range(200)]
        latencies = [random_.uniform(200, 1_500) + pace_ms * tokens for tokens in answers]
        made = found(
            first(latency_ms=latencies[0], output_tokens=answers[0]),
            model={"id": "m", "tokens_per_minute": 100_000},
            test={"max_tokens": 600},
            concurrency={"start": users, "end": users},
        )
        calls_per_min, tokens = users * 60_000 / mean(latencies), mean(answers)
        low, high = made.percent
        held += low <= (calls_per_min * (100 + tokens) + users * 700) / 1_000 <= high
    assert held >= 390


def test_mantle_cuts_answers_where_their_quota_is_used_up() -> None:
    """It refuses no call for it: what is expected is no throttling."""
    model = {"id": "m", "api": "chat", "endpoint": "mantle", "output_tokens_per_minute": 100}
    assert str(found(model=model)).startswith("answers cut short expected from 1 user on: output tokens per minute (")


def test_possible_is_not_certain() -> None:
    """Where only fast calls would use the quota up, throttling is possible; without a call the basis is a guess."""
    made = found(model={"id": "m", "quota": 300})
    assert made.possible_from is not None
    assert made.certain_from is None
    assert str(made).startswith(f"throttling possible from {made.possible_from} on: requests per minute, ")
    assert "(if a call takes 0.8 to 18 s and an answer has 100 to 400 tokens)" in str(made)


def test_a_forecast_needs_a_quota() -> None:
    """Without one nothing is said."""
    assert forecast(settings()) is None


@pytest.mark.parametrize("call", [None, first(error="ThrottlingError", latency_ms=1.0)])
def test_a_call_that_tells_nothing_is_not_used(call: Call | None) -> None:
    """The guess stands where the call before the load failed: its latency says nothing about that of an answer."""
    assert found(call, model={"id": "m", "quota": 300}) == found(model={"id": "m", "quota": 300})


@pytest.mark.parametrize(
    ("counts", "input_tokens", "output_tokens"),
    [
        ({"input_tokens": 7, "output_tokens": 100}, 7, (75, 130)),
        ({"input_tokens": 0, "output_tokens": 0}, 0, (0, 0)),
        ({"input_tokens": None, "output_tokens": None}, 250, (300, 520)),
    ],
)
def test_counts_of_the_first_call(
    counts: dict[str, int | None], input_tokens: float, output_tokens: tuple[float, float]
) -> None:
    """Where the service gave none they are supposed: four characters a token, and a long answer."""
    kinds = found(first(**counts), model={"id": "m", "quota": 100}).kinds
    assert kinds.seen
    assert {kind.input_tokens for kind in kinds.extremes} == {input_tokens}
    assert {kind.output_tokens for kind in kinds.extremes} == set(output_tokens)


@pytest.mark.parametrize(
    ("quota", "possible", "certain"), [(15, 1, 1), (16, 1, 2), (57, 1, None), (58, 2, None), (115, None, None)]
)
def test_throttling_begins_with_the_whole_quota(quota: int, possible: int | None, certain: int | None) -> None:
    """A level that uses all of the quota is throttled: with 15.4 to 57.1 calls a minute for each of two users."""
    made = found(first(), model={"id": "m", "quota": quota}, concurrency={"end": 2})
    assert (made.possible_from, made.certain_from) == (possible and Load(possible), certain and Load(certain))


OPEN: dict[str, Any] = {"test": {"non_streaming": False}, "model": {"id": "m", "quota": 300}}


@pytest.mark.parametrize(
    ("arrivals", "said"),
    [
        (
            {"rates": [2, 10], "duration_seconds": 60},
            (
                "throttling expected from 10 requests/s on: requests per minute, 200 % of the quota with 10 requests/s,"
                " which is for 5 requests/s"
            ),
        ),
        (
            {"rates": [10], "duration_seconds": 8},
            (
                "throttling expected from 10 requests/s on if that load lasts a minute; these levels are shorter,"
                " so there may be less, or none: requests per minute, 200 % of the quota with 10 requests/s, which"
                " is for 5 requests/s"
            ),
        ),
        # 31 s at 10/s are more than the quota of a minute; 20 s are not, and with 40 s at 4/s before them they are.
        ({"rates": [10], "duration_seconds": 31}, "throttling expected from 10 requests/s on: "),
        ({"rates": [4, 10], "duration_seconds": 20}, "throttling expected from 10 requests/s on: "),
        ({"rates": [1, 10], "duration_seconds": 20}, "throttling expected from 10 requests/s on if that load lasts"),
        ({"rates": [2], "duration_seconds": 8}, "requests per minute: 40 % of the quota with 2 requests/s"),
    ],
)
def test_rates_need_no_guess_of_how_long_a_call_takes(arrivals: dict[str, Any], said: str) -> None:
    """Requests by the minute follow from them; and a quota by the minute is not used up in a few seconds."""
    text = str(found(arrivals=arrivals, **OPEN))
    assert text.startswith(said)
    assert "if a call takes" not in text


def test_expected_calls() -> None:
    """A level of 10 s with 3 users that wait for their answers."""
    low, high = expected_calls(settings(), LEVEL, first(latency_ms=1000.0))
    assert low == pytest.approx(30 / (1.5 * 1.3))
    assert high == pytest.approx(30 / (0.7 * 0.75))


def test_expected_cost() -> None:
    """1 + 3 users for 12 s, in one mode: 48 s of calls, each of 100 and 50 tokens by the first call."""
    steps = {"start": 1, "end": 4, "step": 2, "duration_seconds": 10, "warmup_seconds": 2}
    pricing = {"input_per_million": 10_000, "output_per_million": 20_000}
    made = expected_cost(settings(concurrency=steps, pricing=pricing, test={"streaming": False}), first())
    assert made is not None
    assert made[0] == pytest.approx(48 / 3.9 * (1 + 0.02 * 65))
    assert made[1] == pytest.approx(48 / 1.05 * (1 + 0.02 * 37.5))
    assert expected_cost(settings()) is None


def test_users_who_think_make_fewer_calls() -> None:
    """Between the turns of a conversation, which is before all calls but the first."""
    workload = {"input_tokens": 100, "turns": 4, "think_time_seconds": 8}
    settings = Settings.model_validate({"model": {"id": "m"}, "workload": workload})
    kind = Kinds.of(settings).extremes[0]
    assert kind.pause_s == 6
    assert kind.calls_per_s(Load(3)) == pytest.approx(3 / (kind.latency_s + 6))
    assert kind.in_flight(Load(3)) == pytest.approx(3 * kind.latency_s / (kind.latency_s + 6))


def test_conversations_that_arrive_make_a_call_for_each_turn() -> None:
    """6/s for 5 s: 30 conversations of 4 calls, with 100 tokens and on average 1.5 messages and answers before them."""
    workload = {"input_tokens": 100, "output_tokens": 40, "turns": 4, "think_time_seconds": 8}
    arrivals = {"rates": [6], "duration_seconds": 5}
    prices = {"input_per_million": 10_000, "output_per_million": 20_000}
    made = settings(workload=workload, arrivals=arrivals, pricing=prices, test={"streaming": False, "load": "rates"})
    kind = Kinds.of(made).extremes[0]
    assert (kind.calls_per_s(Load(6, "requests/s")), kind.pause_s) == (24, 6)
    assert expected_tokens(made) == ((120, 120), (120 * 310, 120 * 310))
    assert expected_cost(made) == pytest.approx((120 * (3.1 + 0.8),) * 2)
    used = forecast(made.model_copy(update={"model": made.model.model_copy(update={"quota": 1440})}))
    assert used is not None
    assert used.percent == pytest.approx((100, 100))


@pytest.mark.parametrize(("percent", "words"), [(0.0, ""), (0.9, ""), (1.0, "; others use 1 % of it now")])
def test_what_others_use_is_said_from_one_percent_on(percent: float, words: str) -> None:
    """Less is not worth a word."""
    made = found(first(), model={"id": "m", "quota": 250}, concurrency=STEPS)
    assert str(replace(made, others_percent=percent)) == f"{made}{words}"
