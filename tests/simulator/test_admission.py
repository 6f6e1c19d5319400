"""From the arrival of a call to its answer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from .calls import CLAUDE, OPERATIONS, PROMPT, converse, converse_stream, invoke

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator


def test_quota(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Calls over a model's quota are throttled with the service's words; other models have their own."""
    simulator.set(requests_per_minute=0.01, burst=2)
    converse(client, CLAUDE)
    converse_stream(client, CLAUDE)
    for operation in OPERATIONS:
        if operation.startswith("invoke"):
            with pytest.raises(client.exceptions.ThrottlingException) as caught:
                OPERATIONS[operation](client)
            response: Any = caught.value.response
            assert response["Error"]["Message"] == "Too many requests, please wait before trying again."
            assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    converse(client)
    assert simulator.stats()["outcomes"] == {"ThrottlingException": 2, "ok": 3}


def test_bad_requests_leave_the_quota_alone(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A request with a mistake is refused for it, and takes nothing from the quota."""
    simulator.set(requests_per_minute=0.01, burst=1)
    for _ in range(3):
        with pytest.raises(client.exceptions.ValidationException):
            client.invoke_model(modelId=CLAUDE, body=b"{}")
    invoke(client, CLAUDE)


def test_refused_calls_use_no_quota_of_tokens(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A call that ends in an error of the service gives back all that it had reserved."""
    schedule = [{"fault": "ServiceUnavailableException", "calls": [0, 1, 2, 3]}]
    simulator.set(tokens_per_minute=100, fault_schedule=schedule)
    for _ in range(4):
        with pytest.raises(client.exceptions.ServiceUnavailableException):
            converse(client, inferenceConfig={"maxTokens": 60})
    assert converse(client, inferenceConfig={"maxTokens": 60})["usage"]["outputTokens"] == 8
    with pytest.raises(client.exceptions.ThrottlingException, match="Too many tokens"):
        converse(client, inferenceConfig={"maxTokens": 90})


def test_reservation_of_a_call_that_sets_no_limit(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A call without `max_tokens` reserves the default."""
    simulator.set(tokens_per_minute=200, default_max_tokens=150)
    converse(client)
    simulator.set(tokens_per_minute=200, default_max_tokens=250)
    with pytest.raises(client.exceptions.ThrottlingException, match="Too many tokens"):
        converse(client)


def test_reserved_capacity_overflows(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A share of the calls for the reserved tier is answered in the default one; other tiers stay what they are."""

    def tiers(asked: str) -> list[str]:
        return [converse(client, serviceTier={"type": asked})["serviceTier"]["type"] for _ in range(30)]

    simulator.set(reserved_overflow=0.5, ttft_ms=0, tpot_ms=0)
    assert 3 <= tiers("reserved").count("default") <= 27
    assert set(tiers("priority")) == {"priority"}
    simulator.set(reserved_overflow=0)
    assert set(tiers("reserved")) == {"reserved"}
    simulator.set(reserved_overflow=1)
    assert set(tiers("reserved")) == {"default"}


@pytest.mark.parametrize(("points", "refused"), [(4, False), (5, True)])
def test_at_most_four_cache_points(client: BedrockRuntimeClient, points: int, refused: bool) -> None:
    """A fifth cache point is a mistake of the request."""
    block: Any = [{"text": "x"}, {"cachePoint": {"type": "default"}}]
    messages: Any = [{"role": "user", "content": [*block * points, {"text": "Hi"}]}]
    expected = pytest.raises(client.exceptions.ValidationException, match="maximum of 4 cache points")
    with expected if refused else contextlib.nullcontext():
        client.converse(modelId=CLAUDE, messages=messages)


COUNTED = "anthropic.claude-sonnet-4-5-20250929-v1:0"
"""A bare id, for which the service counts."""


def test_count_tokens(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """CountTokens says what Converse would count, is in the ledger, and uses no quota."""
    messages: Any = [{"role": "user", "content": [{"text": PROMPT}]}]
    simulator.set(requests_per_minute=0.01, burst=1, faults={"AccessDeniedException": 0})
    for _ in range(3):
        counted = client.count_tokens(modelId=COUNTED, input={"converse": {"messages": messages}})
        assert counted["inputTokens"] == (len(PROMPT) + 3) // 4
    assert converse(client, CLAUDE)["usage"]["inputTokens"] == counted["inputTokens"]
    simulator.set(faults={"AccessDeniedException": 1})
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.count_tokens(modelId=COUNTED, input={"converse": {"messages": messages}})
    calls = simulator.ended(5)
    assert [call["operation"] for call in calls] == ["count-tokens"] * 3 + ["converse", "count-tokens"]
    assert [call["outcome"] for call in calls] == ["ok"] * 4 + ["AccessDeniedException"]
    assert {call["output_tokens"] for call in calls} == {0, 8}


def test_tokens_of_a_day_run_out(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A call beyond them is refused with the service's words, whatever the quota per minute has left."""
    simulator.set(tokens_per_minute=10_000, tokens_per_day=200, default_max_tokens=150)
    converse(client)
    simulator.set(tokens_per_minute=10_000, tokens_per_day=200, default_max_tokens=250)
    with pytest.raises(client.exceptions.ThrottlingException, match=r"Too many tokens per day, please wait"):
        converse(client)
