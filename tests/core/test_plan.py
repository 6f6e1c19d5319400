"""What a run is going to do at most."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.level import Level, Load
from bedrock_locust.settings.forecast import forecast, from_to, span
from bedrock_locust.settings.plan import Plan, left_out, length_in_words, money
from bedrock_locust.settings.schema import Settings


def plan(**sections: dict[str, Any]) -> Plan:
    """The plan of settings with these sections."""
    return Plan.of(Settings.model_validate({"model": {"id": "m"}} | sections))


def test_levels_and_length() -> None:
    """Levels of both modes, each with its warm-up; the last level may stay below the end."""
    made = plan(concurrency={"start": 1, "end": 10, "step": 4, "duration_seconds": 50, "warmup_seconds": 10})
    assert (made.levels, made.seconds, made.most) == (6, 360, Load(9))


def test_a_profile() -> None:
    """The plan names its parts and its peak, which the mean of a ramp is not; the forecast goes by the peak, too."""
    made = plan(arrivals={"profile": [[60, 1, 40], [60, 8, 8]]})
    assert made.lines()[0] == "4 levels (2 parts of a profile), up to 40 requests/s"
    assert plan(arrivals={"profile": [[60, 1, 40]]}, test={"streaming": False}).lines()[0] == (
        "1 level (1 part of a profile), up to 40 requests/s"
    )
    settings = {"model": {"id": "m", "quota": 60 * 30}, "arrivals": {"profile": [[60, 1, 40], [60, 8, 8]]}}
    assert "from 40 requests/s on" in str(forecast(Settings.model_validate(settings)))


@pytest.mark.parametrize(("run_time_s", "said"), [(None, False), (59.0, True), (600.0, False), (2000.0, False)])
def test_a_run_time_that_ends_it_early(run_time_s: float | None, said: bool) -> None:
    """It is named where levels are left then, and only there."""
    settings = Settings.model_validate({"model": {"id": "m"}, "concurrency": {"end": 5}})
    length = Plan.of(settings, run_time_s=run_time_s).lines()[1]
    assert ("--run-time ends it after 59 s, whatever levels are left" in length) is said
    assert ("--run-time" in length) is said


PRICES = {"input_per_million": 1.1, "output_per_million": 5.5}


@pytest.mark.parametrize(
    ("load", "run_time_s", "same_as"),
    [
        ({"rates": [3, 6], "duration_seconds": 10}, 5, {"rates": [3], "duration_seconds": 5}),
        ({"rates": [3], "duration_seconds": 20, "warmup_seconds": 4}, 2, {"rates": [3], "duration_seconds": 2}),
        ({"profile": [[10, 2, 6]]}, 5, {"profile": [[5, 2, 4]]}),
        ({"profile": [[10, 2, 6], [5, 6, 6]]}, 90, {"profile": [[10, 2, 6], [5, 6, 6]]}),
    ],
)
def test_what_a_run_time_cuts_off_costs_nothing(load: Any, run_time_s: float, same_as: Any) -> None:
    """Calls, tokens and cost are those of the time that there is."""
    base = {
        "model": {"id": "m"},
        "pricing": PRICES,
        "workload": {"input_tokens": 200},
        "test": {"non_streaming": False},
    }
    cut = Plan.of(Settings.model_validate({**base, "arrivals": load}), run_time_s=run_time_s)
    whole = Plan.of(Settings.model_validate({**base, "arrivals": same_as}))
    assert cut.expected_tokens == whole.expected_tokens
    assert cut.expected_cost == pytest.approx(whole.expected_cost)
    assert cut.levels == len(load.get("rates", load.get("profile")))


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ({}, None),
        ({"quota": 100}, 100 * 20 * 2048),
        ({"tokens_per_minute": 5000}, 5000 * 20),
        ({"quota": 1, "tokens_per_minute": 5000}, 20 * 2048),
        ({"tokens_per_day": 7000}, 7000),
        ({"api": "chat", "endpoint": "mantle", "output_tokens_per_minute": 50}, 50 * 20),
        ({"tokens_per_day": 7000, "tokens_per_minute": 100}, 2000),
    ],
)
def test_worst_case(model: dict[str, int], tokens: int | None) -> None:
    """The quotas bound the tokens; without one nothing does, and the plan says how to see the worst case."""
    made = plan(model={"id": "m", **model})
    assert made.output_tokens == tokens
    assert ("set model.tokens_per_minute" in made.lines()[2]) == (tokens is None)


def test_levels_without_a_length() -> None:
    """Neither cost nor calls in all are known then, and 0 would be false."""
    settings = Settings.model_validate({"model": {"id": "m", "quota": 100}, "pricing": PRICES})
    shaped = [Level(key="a", mode="a", users=3, duration_s=60), Level(key="b", mode="a", users=4)]
    _, length, tokens, cost = Plan.of(settings, levels=shaped).lines()
    assert length == "for as long as its shape decides"
    assert tokens.endswith("; how many there can be in all is not known, as the levels do not say how long they are")
    assert cost == "cost: at most 0.012 USD a call"


def test_cost() -> None:
    """With prices the plan says what a call, and by the quota the run, may cost at most; without them nothing."""
    prices = {"input_per_million": 3, "output_per_million": 15}
    test = {"prompt_size": 1000, "max_tokens": 200}
    made = plan(model={"id": "m", "quota": 100}, pricing=prices, test=test)
    assert made.call_cost == pytest.approx(0.006)
    most = "at most 0.0060 USD a call; the quota allows at most 12.00 USD in all"
    assert made.lines()[3] == f"expected cost 2.48 to 12.00 USD; {most}"
    assert plan(pricing=prices, test=test).lines()[3] == "expected cost 2.48 to 19.04 USD; at most 0.0060 USD a call"
    assert len(plan(test=test).lines()) == 3


@pytest.mark.parametrize(
    ("model", "tokens", "cost"),
    [
        # 5,000 tokens of quota in each of 20 minutes; at 5 for an output token the prompts are the dearest use of them.
        ({"id": "anthropic.claude-sonnet-4-20250514-v1:0"}, 20_000, 0.4),
        ({"id": "m"}, 100_000, 1.5),
        ({"id": "m", "output_burndown": 2}, 50_000, 0.75),
        ({"id": "m", "output_burndown": 2, "quota": 1}, 20 * 2048, 0.6944),
    ],
)
def test_a_quota_of_tokens_is_burned_down(model: dict[str, Any], tokens: int, cost: float) -> None:
    """An output token counts as often as the service counts it; the quota of tokens bounds the cost, too."""
    pricing = {"input_per_million": 4, "output_per_million": 15}
    made = plan(model={"tokens_per_minute": 5000, **model}, pricing=pricing)
    assert made.output_tokens == tokens
    assert made.all_cost == pytest.approx(cost, rel=1e-3)
    assert f"at most {cost:,.2f} USD in all" in made.lines()[3]


def test_the_burn_down_is_named() -> None:
    """Where an output token counts more than once against a quota that is set, the plan says so."""
    model = {"id": "anthropic.claude-sonnet-4-20250514-v1:0"}
    assert (
        "20,000 output tokens in all, each counted 5 times"
        in plan(model={**model, "tokens_per_minute": 5000}).lines()[2]
    )
    assert "counted" not in plan(model={**model, "quota": 100}).lines()[2]


def test_tokens_of_a_workload() -> None:
    """Calls and tokens that a run is expected to send; without a workload only the bounds are said."""
    lengths = {"input_tokens": 100, "output_tokens": 50}
    levels = {"start": 1, "end": 2, "duration_seconds": 60}
    values = {"model": {"id": "m"}, "test": {"non_streaming": False}, "concurrency": levels}
    plan = Plan.of(Settings.model_validate({**values, "workload": lengths}))
    said = "expected 45 to 327 calls, 4,500 to 32,727 input tokens, at most 2,250 to 16,364 output tokens"
    assert said in plan.lines()
    assert not Plan.of(Settings.model_validate(values)).expected_tokens


USERS, RATES = {"concurrency": {"start": 3, "end": 5}}, {"arrivals": {"rates": [1]}}
SEARCH = {"search": {"for": "users", "start": 1, "most": 9}, "slo": {"ttft_ms": 100}}


@pytest.mark.parametrize(
    ("load", "sections", "named"),
    [
        ("users", USERS | RATES, "the arrivals are"),
        ("users", USERS | RATES | SEARCH, "the arrivals and the levels of search are"),
        ("rates", USERS | RATES, "the users of concurrency are"),
        ("search", USERS | RATES | SEARCH, "the users of concurrency and the arrivals are"),
        ("users", USERS, ""),
        ("rates", RATES, ""),
    ],
)
def test_what_the_load_leaves_out(load: str, sections: dict[str, Any], named: str) -> None:
    """Levels that are given, and that are not those of the load, are named."""
    values = {"model": {"id": "m"}, "test": {"load": load}, **sections}
    said = [one for one in Plan.of(Settings.model_validate(values)).lines() if "left out" in one]
    assert said == ([f"test.load is {load}: {named} left out"] if named else [])


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        (
            {"arrivals": {"profile": [[60, 1, 40]], "duration_seconds": 5, "warmup_seconds": 2.5}},
            "arrivals.profile has its own times: arrivals.duration_seconds (5) and arrivals.warmup_seconds (2.5) are",
        ),
        (
            {"arrivals": {"trace": "x", "duration_seconds": 5, "warmup_seconds": 2}},
            "arrivals.trace has its own times: arrivals.duration_seconds (5) is",
        ),
        (
            {"arrivals": {"trace": "x", "burstiness": "constant"}},
            "arrivals.trace has its own times: arrivals.burstiness (constant) is",
        ),
        ({"search": {"max_in_flight": 5}, "slo": {"ttft_ms": 9}}, "search.for is users: search.max_in_flight (5) is"),
        ({"search": {"for": "rate", "max_in_flight": 5}, "slo": {"ttft_ms": 9}}, ""),
        ({"arrivals": {"profile": [[60, 1, 40]], "duration_seconds": 60, "max_in_flight": 3}}, ""),
        ({"arrivals": {"rates": [1], "duration_seconds": 5, "warmup_seconds": 2}}, ""),
    ],
)
def test_what_a_kind_of_load_leaves_out(sections: dict[str, Any], said: str) -> None:
    """Settings that others of its kind have, where they are given."""
    found = left_out(Settings.model_validate({"model": {"id": "m"}, **sections}))
    assert found == (f"{said} left out" if said else "")


def test_use_of_the_quota() -> None:
    """What the levels are expected to use of the quotas is the last line."""
    settings = Settings.model_validate({"model": {"id": "m", "quota": 100}})
    assert Plan.of(settings, "throttling expected from 4 users on").lines()[-1] == "throttling expected from 4 users on"


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0.00"), (0.0000123, "0.000012"), (0.0060, "0.0060"), (0.1, "0.10"), (12.345, "12.35"), (1234.5, "1,234.50")],
)
def test_money(amount: float, words: str) -> None:
    """Cents; below ten of them, two digits that tell."""
    assert money(amount) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(48, "48 s"), (120, "2 min"), (750, "12 min 30 s"), (3900, "1 h 5 min"), (7200, "2 h")]
)
def test_length_in_words(seconds: float, words: str) -> None:
    """Seconds, minutes or hours, whatever is read at a glance."""
    assert length_in_words(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59.4, "59 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3599, "59 min 59 s"), (3600, "1 h"), (3659, "1 h")],
)
def test_length_in_words_near_a_whole_minute_and_hour(seconds: float, words: str) -> None:
    """From 60 s on it is minutes, and from 60 min on hours; these are cut to whole minutes."""
    assert length_in_words(seconds) == words


def test_a_range_of_one_number_is_that_number() -> None:
    """A replay knows its calls."""
    assert from_to(300, 300.2) == "300"
    assert from_to(1500, 2500) == "1,500 to 2,500"
    assert span("0.066", "0.066") == "0.066"
