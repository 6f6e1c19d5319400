"""Behaviour that shows in time: waiting for a place, slowing down, loading; by the simulator's own times."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from .calls import CLAUDE, converse, converse_stream

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator


def together(simulator: Simulator, client: BedrockRuntimeClient, count: int) -> list[dict[str, Any]]:
    """The ledger of so many streams at a time."""
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: converse_stream(client), range(count)))
    return simulator.ended(count)


def ttft_ms(call: dict[str, Any]) -> float:
    """Arrival to first token, by the ledger."""
    return float(call["first_token_at_ns"] - call["arrived_at_ns"]) / 1e6


def test_event_times(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """On demand the ledger has the time of every event with text, none of them early."""
    simulator.set(event_times=True, ttft_ms=50, tpot_ms=10)
    converse_stream(client)
    converse(client)
    streamed, whole = simulator.ended(2)
    assert whole["events_ns"] is None
    assert streamed["events_ns"][0] >= streamed["first_token_at_ns"]
    offsets = [(at - streamed["arrived_at_ns"]) / 1e6 for at in streamed["events_ns"]]
    assert all(at >= 50 + 10 * number - 1 for number, at in enumerate(offsets))
    assert len(offsets) == 8
    assert offsets == sorted(offsets)


def test_calls_wait_for_a_place(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """With one place, each call begins after the one before it has ended."""
    simulator.set(max_batch=1, ttft_ms=30, tpot_ms=5)
    calls = sorted(together(simulator, client, 3), key=lambda call: call["first_token_at_ns"])
    for before, after in itertools.pairwise(calls):
        assert after["first_token_at_ns"] > before["ended_at_ns"]


def test_calls_slow_each_other_down(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """With more calls at a time each takes longer, streamed or not."""
    simulator.set(half_speed_at=1, ttft_ms=50, tpot_ms=10, output_tokens=30)
    [alone] = together(simulator, client, 1)
    simulator.request("DELETE", "/_simulator/calls")
    crowd = together(simulator, client, 4)

    def took_ms(call: dict[str, Any]) -> float:
        return float(call["ended_at_ns"] - call["arrived_at_ns"]) / 1e6

    assert took_ms(alone) >= 50 + 29 * 10 - 1
    assert min(map(took_ms, crowd)) >= 2 * (50 + 29 * 10)
    simulator.request("DELETE", "/_simulator/calls")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: converse(client), range(4)))
    assert min(map(took_ms, simulator.ended(4))) >= 2 * (50 + 29 * 10)


def test_cold_start(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The first call of a model waits until it is loaded, and the next one does not."""
    simulator.set(cold_start_ms=200, ttft_ms=10)
    for _ in range(2):
        converse_stream(client)
    cold, warm = simulator.ended(2)
    assert ttft_ms(cold) >= 209
    assert ttft_ms(warm) < ttft_ms(cold)


def test_measured_times(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Measured times to the first token are replayed in their order."""
    simulator.set(ttft_values_ms=[10, 120, 60])
    for _ in range(3):
        converse_stream(client)
    for call, wanted in zip(simulator.ended(3), (10, 120, 60), strict=True):
        assert ttft_ms(call) >= wanted - 1


@pytest.mark.parametrize("model_id", ["us.anthropic.claude-x", "meta.llama3-1-8b-instruct-v1:0"])
def test_settings_of_a_model(simulator: Simulator, client: BedrockRuntimeClient, model_id: str) -> None:
    """Settings can differ for the models that fit a pattern."""
    simulator.set(models={"*claude*": {"output_tokens": 2}})
    assert converse(client, model_id)["usage"]["outputTokens"] == (2 if "claude" in model_id else 8)


def test_quota_of_a_model(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Tokens that a call reserved and did not use are given back at its end."""
    simulator.set(tokens_per_minute=100, output_burndown=5, models={CLAUDE: {"tokens_per_minute": 0}})
    for _ in range(2):
        converse(client, "x", inferenceConfig={"maxTokens": 40})
    with pytest.raises(client.exceptions.ThrottlingException, match="Too many tokens"):
        converse(client, "x", inferenceConfig={"maxTokens": 40})
    converse(client, CLAUDE, inferenceConfig={"maxTokens": 4000})
