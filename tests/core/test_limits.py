"""What ends a run early."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.live.limits import Guard, Reached, Spending
from bedrock_locust.settings.goals import Pricing
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


def test_calls_to_another_model_have_no_known_price_but_count_for_the_limit() -> None:
    """What is shown as cost is that of the model of the settings; a limit would be none if other calls were free."""
    priced = settings(pricing={"input_per_million": 0, "output_per_million": 10}, limits={"max_cost_usd": 0.001})
    own, other = call(output_tokens=100), call(output_tokens=100, model_id="another")
    shown = Spending(priced.pricing, priced.priced_models)
    for one in (own, other):
        shown.add(one)
    assert shown.total == pytest.approx(0.001)
    assert Guard(priced).add(other) == Reached("limits.max_cost_usd", "0.001 USD spent")


def test_models_to_which_a_trace_is_replayed_have_the_prices_of_the_run() -> None:
    """As in the plan; without a replay the trace is none of them."""
    trace = {"trace": {"file": "x", "models": {"theirs": "another", "older": "third"}}}
    asked = settings(arrivals=trace, test={"load": "rates"})
    assert asked.priced_models == {asked.model.id, "another", "third"}
    shown = Spending(Pricing(input_per_million=0, output_per_million=10), asked.priced_models)
    for model_id in ("another", "third", "fourth"):
        shown.add(call(output_tokens=100, model_id=model_id))
    assert shown.total == pytest.approx(0.002)
    assert settings(arrivals=trace, test={"load": "users"}).priced_models == {asked.model.id}


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


def test_each_kind_of_token_has_its_price() -> None:
    """The cost is the tokens of each kind by their own price, to a millionth."""
    prices = ("input_per_million", "output_per_million", "cache_read_per_million", "cache_write_per_million")
    kinds = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    for at, kind in enumerate(kinds):
        pricing = {name: 1000.0 * (number == at) for number, name in enumerate(prices)}
        guard = Guard(settings(pricing=pricing, limits={"max_cost_usd": 1}))
        assert guard.add(call(**dict.fromkeys(kinds, 500) | {kind: 999})) is None, kind
        assert guard.add(call(**{kind: 1})) == Reached("limits.max_cost_usd", "1 USD spent"), kind


@pytest.mark.parametrize(("hour", "cost"), [(None, 2.0), (3.0, 3.0), (1.0, 1.0)])
def test_tokens_that_are_written_for_an_hour_have_a_price_of_their_own(hour: float | None, cost: float) -> None:
    """They are a part of all that are written; without a price of theirs they cost the same."""
    prices = {"input_per_million": 0, "output_per_million": 0, "cache_write_per_million": 2.0}
    spent = Spending(Pricing.model_validate({**prices, "cache_write_1h_per_million": hour}))
    spent.add(call(cache_write_tokens=1_000_000, cache_write_1h_tokens=1_000_000))
    assert spent.total == pytest.approx(cost)


@pytest.mark.parametrize(("calls", "stops"), [(19, False), (20, True)])
def test_an_error_rate_needs_twenty_calls(calls: int, stops: bool) -> None:
    """Fewer say nothing about a rate, even if all of them failed."""
    guard = Guard(settings(limits={"max_error_rate": 100}))
    found = first(guard, [call(error="ThrottlingError")] * calls)
    assert (found is not None) is stops


@pytest.mark.parametrize(("failed", "stops"), [(9, False), (10, True)])
def test_an_error_rate_is_reached_at_the_limit(failed: int, stops: bool) -> None:
    """10 of 100 calls are 10 %."""
    guard = Guard(settings(limits={"max_error_rate": 10}))
    found = first(guard, [*[call()] * (100 - failed), *[call(error="ThrottlingError")] * failed])
    assert found == (
        (100, Reached("limits.max_error_rate", "10.0 % of 100 calls within 60 s failed")) if stops else None
    )


@pytest.mark.parametrize(("later_s", "stops"), [(10, True), (11, False)])
def test_a_failure_leaves_the_window(later_s: int, stops: bool) -> None:
    """A failure counts for `window_seconds` after the second in which its call ended."""
    guard = Guard(settings(limits={"max_error_rate": 40, "window_seconds": 10}))
    failed = [call(100, error="ThrottlingError")] * 10
    found = first(guard, [*failed, *[call(100 + later_s)] * 15])
    assert (found is not None and found[0] == 20) is stops


def test_failures_in_a_row_are_of_one_kind() -> None:
    """Another code begins a new row, and the reason names the kind and how often it came."""
    guard = Guard(settings(limits={"same_failures": 2}))
    one, other = (call(error="AccessDeniedError", error_code=code) for code in "xy")
    assert first(guard, [one, other, one]) is None
    assert guard.add(one) == Reached("limits.same_failures", "2 failures in a row with AccessDeniedError (x)")


@pytest.mark.parametrize("limits", [{"max_error_rate": 100}, {"same_failures": 20}])
def test_a_limit_that_is_no_sum_has_no_total(limits: dict[str, float]) -> None:
    """What a rate or a row came to in the end is not told: the reason stays as it was."""
    guard = Guard(settings(limits=limits))
    found = first(guard, [call(error="AccessDeniedError")] * 20)
    assert found is not None
    guard.add(call())
    assert guard.total(found[1]) is None
    assert guard.in_the_end(found[1]) == found[1].reason


@pytest.mark.parametrize(
    ("limits", "total"), [({"max_requests": 2}, 4), ({"max_output_tokens": 200}, 300), ({"max_cost_usd": 0.002}, 0.003)]
)
def test_total_of_a_limit(limits: dict[str, float], total: float) -> None:
    """It has all calls that were made, those that were cut off too, and the tokens and the cost of those that ended."""
    guard = Guard(settings(pricing={"input_per_million": 1, "output_per_million": 10}, limits=limits))
    found = first(guard, [call(output_tokens=100)] * 2)
    assert found is not None
    for later in (call(output_tokens=100), call(error="Cancelled", output_tokens=100)):
        guard.add(later)
    assert guard.total(found[1]) == pytest.approx(total)
