"""What ends a run early."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.live.limits import Guard, Reached
from bedrock_locust.settings.schema import Settings


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
