"""Throttling and faults as boto3 sees them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import urllib3.exceptions
from botocore.eventstream import ChecksumMismatch, ParserError
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError, ReadTimeoutError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import faults
from bedrock_locust.simulator.errors import STATUSES
from bedrock_locust.simulator.faults import STREAM_ERRORS, Strike

from .calls import CLAUDE, OPERATIONS, body, converse, converse_stream, invoke, invoke_stream
from .process import wait_for

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .conftest import ClientFactory
    from .process import Simulator

OF_SIGNATURES = (
    "ExpiredTokenException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
)
STREAMS = ["converse-stream", "invoke-with-response-stream"]


@pytest.mark.parametrize("code", STATUSES)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_http_errors(simulator: Simulator, client: BedrockRuntimeClient, operation: str, code: str) -> None:
    """An injected HTTP error arrives with its code and status, in every operation."""
    simulator.set(faults={code: 1})
    with pytest.raises(ClientError) as caught:
        OPERATIONS[operation](client)
    response: Any = caught.value.response
    assert response["Error"]["Code"] == code
    assert response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[code]
    assert response["Error"]["Message"]
    assert simulator.ended(1)[0]["outcome"] == code


def test_statuses_are_those_of_the_service(client: BedrockRuntimeClient) -> None:
    """Each error that botocore's model of the service has is answered with the status that stands there."""
    shapes = client.meta.service_model.error_shapes
    modelled = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes}
    del modelled["ConflictException"]  # of asynchronous calls, which the simulator does not have
    others = {"RequestTimeoutException": 408, "UnknownOperationException": 404}
    assert modelled | others | dict.fromkeys(OF_SIGNATURES, 403) == STATUSES


@pytest.mark.parametrize("code", ["ThrottlingException", "ModelNotReadyException", "ModelErrorException"])
def test_modelled_errors_have_their_class(simulator: Simulator, client: BedrockRuntimeClient, code: str) -> None:
    """An error of the service's model is raised as the class that boto3 has for it."""
    simulator.set(faults={code: 1})
    with pytest.raises(getattr(client.exceptions, code)):
        invoke(client, CLAUDE)


@pytest.mark.parametrize("operation", STREAMS)
@pytest.mark.parametrize("code", STREAM_ERRORS)
def test_errors_in_a_stream(simulator: Simulator, client: BedrockRuntimeClient, operation: str, code: str) -> None:
    """An injected error in mid-stream comes after as many text events as were asked for."""
    simulator.set(faults={code: 1}, fault_after_events=2)
    if operation == "converse-stream" and code == "modelTimeoutException":
        assert len(converse_stream(client)) == 12
        return
    with pytest.raises(EventStreamError) as caught:
        OPERATIONS[operation](client)
    error: Any = caught.value.response["Error"]
    assert error == {"Code": code, "Message": STREAM_ERRORS[code]}
    [call] = simulator.ended(1)
    assert (call["outcome"], call["output_tokens"]) == (code, 2)


@pytest.mark.parametrize(("after", "tokens"), [(0, 0), (7, 7), (100, 8)])
def test_place_of_a_fault(simulator: Simulator, client: BedrockRuntimeClient, after: int, tokens: int) -> None:
    """A fault can come before the first token, and comes at the end of an answer that is too short for it."""
    simulator.set(faults={"throttlingException": 1}, fault_after_events=after)
    with pytest.raises(EventStreamError):
        converse_stream(client)
    [call] = simulator.ended(1)
    assert call["output_tokens"] == tokens
    assert (call["first_token_at_ns"] is None) == (tokens == 0)


@pytest.mark.parametrize("operation", STREAMS)
def test_cut_in_mid_stream(simulator: Simulator, client: BedrockRuntimeClient, operation: str) -> None:
    """A connection that is cut in mid-stream is an error of urllib3, after the events that were sent."""
    simulator.set(faults={"cut": 1})
    with pytest.raises(urllib3.exceptions.ProtocolError):
        OPERATIONS[operation](client)
    [call] = simulator.ended(1)
    assert (call["outcome"], call["output_tokens"]) == ("cut", 3)


@pytest.mark.parametrize("operation", ["converse", "invoke"])
def test_cut_without_a_stream(simulator: Simulator, client: BedrockRuntimeClient, operation: str) -> None:
    """A connection that is cut before the answer is a ConnectionClosedError."""
    simulator.set(faults={"cut": 1})
    with pytest.raises(ConnectionClosedError):
        OPERATIONS[operation](client)
    assert simulator.ended(1)[0]["outcome"] == "cut"


def test_cut_spares_other_connections(simulator: Simulator, new_client: ClientFactory) -> None:
    """Only the connection of the call that is struck is cut."""
    simulator.set(output_tokens=200)
    bystander = new_client(simulator.url, 20).converse_stream(
        modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "Hi"}]}]
    )["stream"]
    events = iter(bystander)
    next(events)
    simulator.set(faults={"cut": 1}, output_tokens=8)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        converse_stream(new_client(simulator.url, 20))
    assert len(list(events)) == 200 + 3


@pytest.mark.parametrize("operation", STREAMS)
def test_stall_in_mid_stream(simulator: Simulator, new_client: ClientFactory, operation: str) -> None:
    """A stream that goes silent runs into the client's read timeout."""
    simulator.set(faults={"stall": 1})
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        OPERATIONS[operation](new_client(simulator.url, 0.3))
    assert simulator.stats()["calls"] == 1


@pytest.mark.parametrize(
    ("fault", "operation"), [("slow-headers", name) for name in OPERATIONS] + [("stall", "converse")]
)
def test_silence_before_the_headers(
    simulator: Simulator, new_client: ClientFactory, fault: str, operation: str
) -> None:
    """A response that does not begin runs into the client's read timeout, in botocore's form."""
    simulator.set(faults={fault: 1})
    with pytest.raises(ReadTimeoutError):
        OPERATIONS[operation](new_client(simulator.url, 0.3))


@pytest.mark.parametrize("fault", ["stall", "slow-headers"])
def test_silence_that_ends(simulator: Simulator, client: BedrockRuntimeClient, fault: str) -> None:
    """After the silence the answer goes on, whole."""
    simulator.set(faults={fault: 1}, stall_seconds=0.2)
    assert len(converse_stream(client)) == 12
    assert converse(client)["usage"]["outputTokens"] == 8
    for call in simulator.ended(2):
        assert call["outcome"] == fault
        assert call["ended_at_ns"] - call["arrived_at_ns"] >= 230e6


def test_early_end(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A stream that ends early raises nothing in boto3: only its stop and usage are missing."""
    simulator.set(faults={"early-end": 1})
    assert [next(iter(event)) for event in converse_stream(client)] == [
        "messageStart",
        *["contentBlockDelta"] * 3,
    ]
    assert invoke_stream(client, CLAUDE)[-1]["type"] == "content_block_delta"
    assert converse(client)["stopReason"] == "end_turn"
    assert [call["outcome"] for call in simulator.ended(3)] == ["early-end", "early-end", "ok"]


@pytest.mark.parametrize("operation", STREAMS)
def test_truncated_frame(simulator: Simulator, client: BedrockRuntimeClient, operation: str) -> None:
    """A stream that ends in the middle of an event gives the events before it."""
    simulator.set(faults={"truncated-frame": 1}, fault_after_events=8)
    events = OPERATIONS[operation](client)
    assert len([event for event in events if "contentBlockDelta" in event or event.get("delta")]) == 8
    assert simulator.ended(1)[0]["outcome"] == "truncated-frame"


@pytest.mark.parametrize("operation", STREAMS)
def test_bad_crc(simulator: Simulator, client: BedrockRuntimeClient, operation: str) -> None:
    """An event with a wrong checksum is an error of botocore's decoder."""
    simulator.set(faults={"bad-crc": 1})
    with pytest.raises(ChecksumMismatch):
        OPERATIONS[operation](client)


def test_duplicate_metadata(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The usage can come twice: who adds it up shows."""
    simulator.set(faults={"duplicate-metadata": 1})
    events = converse_stream(client)
    assert [next(iter(event)) for event in events][-2:] == ["metadata", "metadata"]
    assert events[-1] == events[-2]
    chunks = invoke_stream(client, CLAUDE)
    assert [chunk["type"] for chunk in chunks][-2:] == ["message_stop", "message_stop"]
    assert [call["outcome"] for call in simulator.ended(2)] == ["duplicate-metadata"] * 2


def test_schedule(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A schedule says which calls are struck."""
    simulator.set(fault_schedule=[{"fault": "ThrottlingException", "calls": [1]}, {"fault": "nonsense", "every": 3}])
    for _ in range(4):
        with contextlib.suppress(ClientError):
            invoke_raw(client)
    assert [call["outcome"] for call in simulator.ended(4)] == ["ok", "ThrottlingException", "nonsense", "ok"]


def is_struck(client: BedrockRuntimeClient) -> bool:
    """Whether a call is throttled."""
    try:
        converse(client)
    except client.exceptions.ThrottlingException:
        return True
    return False


def test_schedule_by_time(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """A fault of the schedule strikes from one time on and up to another, counted from when the settings were made."""
    fault: dict[str, Any] = {"fault": "ThrottlingException"}
    simulator.set(fault_schedule=[{**fault, "from_seconds": 600}])
    assert not is_struck(client)
    simulator.set(fault_schedule=[{**fault, "to_seconds": 600}])
    assert is_struck(client)
    simulator.set(fault_schedule=[{**fault, "from_seconds": 0.3}])
    wait_for(lambda: is_struck(client), "the time of the fault has come")
    assert is_struck(client)
    simulator.set(fault_schedule=[{**fault, "to_seconds": 0.3}])
    wait_for(lambda: not is_struck(client), "the time of the fault has passed")
    assert not is_struck(client)


def invoke_raw(client: BedrockRuntimeClient) -> bytes:
    """Call InvokeModel; what came back, whatever it is."""
    return client.invoke_model(modelId=CLAUDE, body=body(CLAUDE))["body"].read()


def test_nonsense(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """What is neither JSON nor an event stream fails in botocore's parsers, or reaches the caller."""
    simulator.set(faults={"nonsense": 1})
    for operation in STREAMS:
        with pytest.raises(ParserError):
            OPERATIONS[operation](client)
    with pytest.raises((ResponseParserError, KeyError)):
        converse(client)["output"]
    assert client.invoke_model(modelId=CLAUDE, body=body(CLAUDE))["body"].read().startswith(b"<html>")


def test_rates_are_drawn_from_the_seed(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """The same calls are struck in runs of the same seed, about as many as the rate says."""
    simulator.set(faults={"ServiceUnavailableException": 0.3, "ThrottlingException": 0.2}, ttft_ms=0, tpot_ms=0)

    def outcomes() -> list[str]:
        simulator.request("DELETE", "/_simulator/calls")
        for _ in range(60):
            with contextlib.suppress(ClientError):
                converse(client)
        return [call["outcome"] for call in simulator.ended(60)]

    first = outcomes()
    assert 8 <= first.count("ServiceUnavailableException") <= 30
    assert 3 <= first.count("ThrottlingException") <= 25
    assert outcomes() == first


@given(st.floats(0, 1, exclude_max=True), st.floats(0, 1), st.floats(0, 1))
def test_pick(draw: float, one: float, other: float) -> None:
    """Faults share the range of the draw by their rates, in their order."""
    rates = {"cut": one / 2, "stall": other / 2}
    expected = "cut" if draw < one / 2 else "stall" if draw < one / 2 + other / 2 else ""
    assert faults.pick(rates, draw) == expected


def test_schedule_of_faults() -> None:
    """A fault strikes the calls and times that all its conditions fit."""
    strike = Strike.model_validate
    schedule = [
        strike({"fault": "cut", "calls": [2, 3], "to_seconds": 5}),
        strike({"fault": "stall", "every": 2, "from_seconds": 10}),
    ]
    assert [faults.scheduled(schedule, index, 1) for index in range(5)] == ["", "", "cut", "cut", ""]
    assert [faults.scheduled(schedule, index, 10) for index in range(4)] == ["", "stall", "", "stall"]
