"""Limits, forecast, burn-down and the new sections of the settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.live.limits import Guard, Reached
from bedrock_locust.settings.burndown import burndown_of
from bedrock_locust.settings.forecast import forecast
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings, build


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}, **sections})


def call(at: float = 0.0, **fields: Any) -> Call:
    """A call that took a second."""
    about = {"mode": "streaming", "operation": "converse_stream", "model_id": "m", "name": "x", "latency_ms": 1000.0}
    return Call(**{**about, "started_at": at, **fields})


def first(guard: Guard, calls: list[Call]) -> tuple[int, Reached] | None:
    """Which call, from 1, reaches a limit."""
    for number, one in enumerate(calls, 1):
        if reached := guard.add(one):
            return number, reached
    return None


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_requests": 2}, "2 calls had ended, 5 were made in the end, 1 of them cut off"),
        ({"max_output_tokens": 200}, "200 output tokens, 400 in the end"),
        ({"max_cost_usd": 0.002}, "0.002 USD spent, 0.004 USD in the end"),
    ],
)
def test_what_came_after_the_limit_is_said(limits: dict[str, float], words: str) -> None:
    """Calls that were in flight when a limit was reached are made, and paid for."""
    guard = Guard(settings(pricing={"input_per_million": 1, "output_per_million": 10}, limits=limits))
    one = call(output_tokens=100)
    found = first(guard, [one, one])
    assert found is not None
    for later in (one, one, call(error="Cancelled")):
        guard.add(later)
    assert guard.in_the_end(found[1]) == words


@given(st.lists(st.integers(0, 5_000), max_size=40), st.integers(1, 20_000))
def test_tokens_are_counted(tokens: list[int], most: int) -> None:
    """The call with which the sum reaches the limit is told."""
    guard = Guard(settings(limits={"max_output_tokens": most}))
    sums = [sum(tokens[: place + 1]) for place in range(len(tokens))]
    expected = next((place for place, total in enumerate(sums, 1) if total >= most), None)
    found = first(guard, [call(output_tokens=count) for count in tokens])
    assert (found and found[0]) == expected


def test_cost_is_tokens_times_prices() -> None:
    """Input, output and cache have their own prices; calls without counts cost nothing known."""
    pricing = {"input_per_million": 2, "output_per_million": 10, "cache_read_per_million": 1}
    guard = Guard(settings(pricing=pricing, limits={"max_cost_usd": 0.03}))
    one = call(input_tokens=1000, output_tokens=700, cache_read_tokens=1000)
    found = first(guard, [call(), one, one, one, one])
    assert found == (4, Reached("limits.max_cost_usd", "0.03 USD spent"))


def test_calls_that_the_end_cut_off_do_not_count() -> None:
    """A cancelled call is neither a call made nor a failure."""
    guard = Guard(settings(limits={"max_requests": 2}))
    found = first(guard, [call(error="Cancelled"), call(), call(error="Cancelled"), call()])
    assert found == (4, Reached("limits.max_requests", "2 calls had ended"))


def test_the_error_rate_is_of_its_window() -> None:
    """Old failures are forgotten, and a few calls are judged by no rate."""
    guard = Guard(settings(limits={"max_error_rate": 50, "window_seconds": 10}))
    early = [call(at, error="ThrottlingError") for at in range(9)]
    good = [call(100 + at / 10) for at in range(60)]
    bad = [call(106 + at / 20, error="ThrottlingError") for at in range(100)]
    found = first(guard, [*early, *good, *bad])
    assert found is not None
    number, reached = found
    assert reached.name == "limits.max_error_rate"
    assert number == 9 + 60 + 60
    assert reached.reason == "50.0 % of 120 calls within 10 s failed"


@pytest.mark.parametrize(("category", "stops"), [("AccessDeniedError", True), ("ThrottlingError", False)])
def test_the_same_failure_again_and_again(category: str, stops: bool) -> None:
    """Only failures in a row count, and only of a kind that will not pass."""
    guard = Guard(settings(limits={"same_failures": 3}))
    bad = call(error=category, error_code="X")
    assert first(guard, [bad, bad, call(), bad, bad]) is None
    assert (guard.add(bad) is not None) is stops


def test_without_limits_nothing_is_reached() -> None:
    """No section, no limit."""
    assert first(Guard(settings()), [call(error="AccessDeniedError")] * 100) is None


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", 5),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", 5),
        ("global.anthropic.claude-opus-4-7", 5),
        ("anthropic.claude-haiku-5-5", 5),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", 1),
        ("anthropic.claude-3-sonnet-20240229-v1:0", 1),
        ("anthropic.claude-v2:1", 1),
        ("anthropic.claude-instant-v1", 1),
        ("amazon.nova-pro-v1:0", 1),
        ("us.meta.llama3-3-70b-instruct-v1:0", 1),
    ],
)
def test_burn_down_of_a_model(model: str, factor: float) -> None:
    """5 for Claude 3.7 and later, 1 for others, and what the settings say before both."""
    assert burndown_of(model) == factor
    assert settings(model={"id": model}).recorded()["model"]["output_burndown"] == factor
    assert settings(model={"id": model, "output_burndown": 2}).model.burndown == 2


def test_the_forecast_names_the_first_level_that_a_quota_will_not_bear() -> None:
    """By the first call: 2 s each, so 30 calls a minute for each user."""
    seen = call(latency_ms=2000.0, input_tokens=100, output_tokens=50)
    steps = {"start": 2, "end": 20, "step": 2}
    found = forecast(settings(model={"id": "m", "quota": 250}, concurrency=steps), seen)
    assert found is not None
    assert (found.users, found.quota, found.throttles) == (10, "requests per minute", True)
    # 10 users: 300 calls of 100 + 50 tokens in a minute, and 10 reservations of 100 + 1,000.
    model = {"id": "m", "tokens_per_minute": 56_000}
    found = forecast(settings(model=model, test={"max_tokens": 1000}, concurrency=steps), seen)
    assert found is not None
    assert (found.users, round(found.percent)) == (10, 100)
    assert "throttling expected from 10 users on: tokens per minute at 100 %" in str(found)


def test_the_forecast_names_the_burn_down() -> None:
    """10 calls of 100 and 5 times 50 tokens a minute, and a reservation of 1,100; a quota of requests has none."""
    seen = call(latency_ms=6000.0, input_tokens=100, output_tokens=50)
    steps = {"start": 1, "end": 1}
    model = {"id": "anthropic.claude-sonnet-4-20250514-v1:0"}
    found = forecast(
        settings(model={**model, "tokens_per_minute": 9_200}, test={"max_tokens": 1000}, concurrency=steps), seen
    )
    assert str(found).startswith("tokens per minute at 50 % with 1 user (as the first call: 6 s and 50 output tokens")
    assert str(found).endswith(", each counted 5 times)")
    assert "counted" not in str(forecast(settings(model={**model, "quota": 100}, concurrency=steps), seen))


def test_a_forecast_needs_a_quota() -> None:
    """Without one nothing is said; without a call it says what it takes a call to be like."""
    assert forecast(settings()) is None
    found = forecast(settings(model={"id": "m", "quota": 10_000}))
    assert found is not None
    assert not found.throttles
    assert "with 10 users (if a call takes" in str(found)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"limits": {"max_cost_usd": 1}}, "limits.max_cost_usd needs prices: add pricing.input_per_million"),
        (
            {
                "limits": {"max_cost_usd": 1},
                "pricing": {"input_per_million": 1, "output_per_million": 1, "currency": "EUR"},
            },
            "limits.max_cost_usd is in USD, but pricing.currency is 'EUR': give the prices in USD, or remove the limit",
        ),
        ({"slo": {"ttft": 1}}, "unknown key slo.ttft: did you mean slo.ttft_ms?"),
        ({"slo": {"percentile": 100}}, "slo.percentile is 100, but must be less than 100"),
        ({"slo": {"success_rate": 101}}, "slo.success_rate is 101, but must be 100 or less"),
        ({"pricing": {"input_per_million": 1}}, "pricing.output_per_million is required: add it"),
        ({"output": {"language": "fr"}}, "output.language is \"fr\", but must be 'en' or 'zh'"),
        ({"output": {"formats": "html"}}, 'output.formats is "html", but must be a list [...]'),
        ({"model": {"id": "m", "output_burndown": 0}}, "model.output_burndown is 0, but must be greater than 0"),
        ({"limit": {}}, "unknown key limit: did you mean limits?"),
    ],
)
def test_a_wrong_setting_is_one_line(sections: dict[str, Any], words: str) -> None:
    """The house's messages hold for the new sections."""
    with pytest.raises(SettingsError) as refused:
        build({"model": {"id": "m"}, **sections}, {}, "config.json")
    [line] = refused.value.lines
    assert words in line


def test_sections_reach_a_worker_as_they_are() -> None:
    """What the master sends makes the same settings."""
    one = settings(slo={"ttft_ms": 5}, limits={"max_requests": 3}, output={"language": "zh"})
    assert Settings.model_validate(one.public()) == one
    assert "pricing" not in one.public()
