"""At how many users the quotas will be used up."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.call import Call
from bedrock_locust.settings.forecast import Load, forecast
from bedrock_locust.settings.schema import Settings


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}, **sections})


def call(at: float = 0.0, **fields: Any) -> Call:
    """A call that took a second."""
    about = {"mode": "streaming", "operation": "converse_stream", "model_id": "m", "name": "x", "latency_ms": 1000.0}
    return Call(**{**about, "started_at": at, **fields})


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
    """Without a quota there is none."""
    assert forecast(settings()) is None


@pytest.mark.parametrize(
    ("test", "words"),
    [
        # A second to the first token and 20 ms for each of at most 400 tokens: 67 calls a minute for 10 users.
        ({}, "requests per minute at 67 % with 10 users (if a call takes 9 s and 400 output tokens)"),
        ({"max_tokens": 50}, "throttling expected from 4 users on: requests per minute at 120 % (if a call takes 2 s"),
    ],
)
def test_a_forecast_without_a_call_says_what_it_supposes(test: dict[str, int], words: str) -> None:
    """Before the first call the forecast names the latency and the tokens that it takes a call to have."""
    assert str(forecast(settings(model={"id": "m", "quota": 100}, test=test))).startswith(words)


def test_a_first_call_that_failed_tells_nothing() -> None:
    """The latency of a failure says nothing about that of an answer."""
    asked = settings(model={"id": "m", "quota": 100})
    assert forecast(asked, call(latency_ms=1.0, error="ThrottlingError")) == forecast(asked)


@pytest.mark.parametrize(
    ("latency_ms", "counts", "expected"),
    [
        (2000.0, {"input_tokens": 7, "output_tokens": 9}, Load(2.0, 7, 9, seen=True)),
        (2000.0, {"input_tokens": 0, "output_tokens": 0}, Load(2.0, 0, 0, seen=True)),
        (2000.0, {}, Load(2.0, 250, 400, seen=True)),
        (0.0, {}, Load(0.001, 250, 400, seen=True)),
    ],
)
def test_a_forecast_takes_the_counts_that_the_service_gave(
    latency_ms: float, counts: dict[str, int], expected: Load
) -> None:
    """Where the first call has no token counts they are supposed: four characters a token, and 400 tokens an answer."""
    found = forecast(settings(model={"id": "m", "quota": 100}), call(latency_ms=latency_ms, **counts))
    assert found is not None
    assert found.load == expected


@pytest.mark.parametrize(("quota", "users", "throttles"), [(30, 1, True), (31, 2, True), (60, 2, True), (61, 2, False)])
def test_throttling_is_expected_from_the_whole_quota_on(quota: int, users: int, throttles: bool) -> None:
    """A level that uses all of the quota is expected to be throttled; without such a level the last one is named."""
    found = forecast(settings(model={"id": "m", "quota": quota}, concurrency={"end": 2}), call(latency_ms=2000.0))
    assert found is not None
    assert (found.users, found.throttles) == (users, throttles)


def test_the_quota_that_is_used_most_is_named() -> None:
    """Of two quotas the forecast names the one of which more is used."""
    seen = call(latency_ms=2000.0, input_tokens=100, output_tokens=50)
    steps = {"start": 1, "end": 1}
    for requests, tokens, named in ((40, 1_000_000, "requests per minute"), (10_000, 20_000, "tokens per minute")):
        found = forecast(
            settings(model={"id": "m", "quota": requests, "tokens_per_minute": tokens}, concurrency=steps), seen
        )
        assert found is not None
        assert found.quota == named
