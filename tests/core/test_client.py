"""BedrockClient against the simulator, over real sockets with real boto3."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from botocore.exceptions import ParamValidationError

from bedrock_locust import formats
from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.formats import UnknownFormatError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.wire.in_flight import calls_in_flight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.call import Call
    from bedrock_locust.client import BedrockClient
    from tests.simulator.process import Simulator

CLAUDE = "us.anthropic.claude-sonnet-4-20250514-v1:0"
LLAMA = "meta.llama3-1-8b-instruct-v1:0"
NOVA = "amazon.nova-pro-v1:0"
PROMPT = "Why is the sky blue?"
STREAMING = ("converse_stream", "invoke_model_with_response_stream")
OPERATIONS = ("converse", "invoke_model", *STREAMING)


def arguments(operation: str, model_id: str) -> dict[str, Any]:
    """boto3's arguments for a short question."""
    if operation.startswith("converse"):
        return {
            "modelId": model_id,
            "messages": [{"role": "user", "content": [{"text": PROMPT}]}],
            "inferenceConfig": {"maxTokens": 50},
        }
    try:
        native = formats.native(model_id)
    except UnknownFormatError:
        native = formats.native(model_id, "imported")
    return {"modelId": model_id, "body": json.dumps(native.body(PROMPT, 50, None, model_id))}


def ask(client: BedrockClient, operation: str, model_id: str = CLAUDE, **more: Any) -> Call:
    """One call."""
    call: Call = getattr(client, operation)(**arguments(operation, model_id), **more)
    return call


@pytest.mark.parametrize(
    ("operation", "model_id"),
    [(o, m) for o in OPERATIONS for m in (CLAUDE, LLAMA, NOVA) if m != NOVA or o.startswith("converse")],
)
def test_success(
    client: BedrockClient, simulator: Simulator, events: list[dict[str, Any]], operation: str, model_id: str
) -> None:
    """A call has the service's own counts, times in order, and one event."""
    call = ask(client, operation, model_id, name="question")
    [entry] = simulator.ended(1)
    assert call.ok, call
    assert (call.operation, call.model_id, call.name) == (operation, model_id, "question")
    assert (call.input_tokens, call.output_tokens) == (entry["input_tokens"], entry["output_tokens"])
    assert call.request_id == entry["request_id"]
    assert call.prompt_chars == entry["prompt_chars"] or model_id == LLAMA, "the template counts for Llama"
    assert call.attempts == 1
    assert call.stop_reason in {"end_turn", "stop"}
    assert call.send_delay_ms is not None
    assert abs(call.started_at - entry["arrived_at_ns"] / 1e9) < 1
    if operation in STREAMING:
        assert call.mode == "streaming"
        assert call.chunks == entry["output_tokens"]
        assert call.ttft_ms == call.first_text_ms
        assert 0 < (call.ttft_ms or 0) <= (call.last_token_ms or 0) <= call.latency_ms
        spread_ms = (call.last_token_ms or 0) - (call.ttft_ms or 0)
        assert call.max_gap_ms is not None
        assert (call.max_gap_ms > 0) == (spread_ms > 0), "nothing is between pieces that came at once"
        assert call.max_gap_ms <= spread_ms + 1e-6
    else:
        assert call.mode == "non_streaming"
        assert (call.ttft_ms, call.chunks, call.last_token_ms) == (None, None, None)
    [event] = events
    assert event["response"] is call
    assert event["exception"] is None
    assert (event["request_type"], event["name"]) == (operation, "question")
    assert event["response_time"] == call.latency_ms
    assert event["response_length"] > 0
    assert (event["ttft_ms"], event["output_tokens"]) == (call.ttft_ms, call.output_tokens)
    assert event["context"] == {}


def test_server_times(client: BedrockClient) -> None:
    """The service's own times are taken where it gives them."""
    streamed = ask(client, "invoke_model_with_response_stream")
    assert streamed.server_ttft_ms is not None
    assert streamed.server_latency_ms is not None
    assert ask(client, "converse").server_latency_ms is not None
    assert ask(client, "invoke_model").server_latency_ms is not None


@pytest.mark.parametrize(("overflow", "answered"), [(0, "reserved"), (1, "default")])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_service_tier(
    client: BedrockClient, simulator: Simulator, operation: str, overflow: float, answered: str
) -> None:
    """A call has the tier in which it was answered, not the one it asked for; without a word of it, none."""
    simulator.set(reserved_overflow=overflow)
    tier: Any = {"type": "reserved"} if operation.startswith("converse") else "reserved"
    assert ask(client, operation, serviceTier=tier).service_tier == answered
    assert ask(client, operation).service_tier == ""


HTTP_ERRORS = {
    "ThrottlingException": "ThrottlingError",
    "ValidationException": "ValidationError",
    "AccessDeniedException": "AccessDeniedError",
    "ResourceNotFoundException": "ModelNotFoundError",
    "ServiceQuotaExceededException": "QuotaExceededError",
    "ModelNotReadyException": "ModelNotReadyError",
    "ModelTimeoutException": "ModelTimeoutError",
    "ModelErrorException": "ModelError",
    "ServiceUnavailableException": "ServiceUnavailableError",
    "InternalServerException": "InternalServerError",
    "ExpiredTokenException": "CredentialsError",
}


@pytest.mark.parametrize("code", HTTP_ERRORS)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_http_error(
    client: BedrockClient, simulator: Simulator, events: list[dict[str, Any]], operation: str, code: str
) -> None:
    """A refusal of the service is in the Call, not raised, and groups in Locust's table."""
    simulator.set(faults={code: 1})
    call = ask(client, operation)
    assert (call.error, call.error_code, call.error_stage) == (HTTP_ERRORS[code], code, "response")
    assert call.error_message
    assert call.request_id
    assert call.ttft_ms is None
    assert call.attempts == 1, "no retries"
    assert str(events[0]["exception"]) == f"{HTTP_ERRORS[code]} ({code})"
    assert len(simulator.ended(1)) == 1


STREAM_FAILURES = {
    "throttlingException": ("ThrottlingError", "ThrottlingException"),
    "modelStreamErrorException": ("ModelError", "ModelStreamErrorException"),
    "serviceUnavailableException": ("ServiceUnavailableError", "ServiceUnavailableException"),
    "internalServerException": ("InternalServerError", "InternalServerException"),
    "early-end": ("StreamInterruptedError", "IncompleteStreamError"),
    "cut": ("ConnectionError", "ProtocolError"),
    "stall": ("TimeoutError", "ReadTimeoutError"),
}


@pytest.mark.parametrize("fault", STREAM_FAILURES)
@pytest.mark.parametrize("operation", STREAMING)
def test_failure_in_stream(
    make_client: Callable[..., BedrockClient], simulator: Simulator, operation: str, fault: str
) -> None:
    """What breaks a stream is classed apart and keeps the first token that had come."""
    simulator.set(faults={fault: 1}, stall_seconds=20)
    call = ask(make_client(timeout_seconds=0.5), operation)
    assert (call.error, call.error_code) == STREAM_FAILURES[fault]
    assert call.error_stage == "stream"
    assert call.ttft_ms is not None
    assert call.chunks == 3
    assert call.latency_ms >= call.ttft_ms


@pytest.mark.parametrize("operation", OPERATIONS)
def test_slow_headers(make_client: Callable[..., BedrockClient], simulator: Simulator, operation: str) -> None:
    """A service that does not begin to answer is a timeout."""
    simulator.set(faults={"slow-headers": 1}, stall_seconds=20)
    call = ask(make_client(timeout_seconds=0.3), operation)
    assert (call.error, call.error_code, call.error_stage) == ("TimeoutError", "ReadTimeoutError", "response")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nonsense(client: BedrockClient, simulator: Simulator, operation: str) -> None:
    """An answer that is none is a failure that names what could not be read."""
    simulator.set(faults={"nonsense": 1})
    call = ask(client, operation)
    assert call.error == "NotAnAnswerError"
    assert call.error_message


def test_call_limit(make_client: Callable[..., BedrockClient], simulator: Simulator) -> None:
    """A service that drips for ever does not hold a call for ever."""
    simulator.set(ttft_ms=10, tpot_ms=100, output_tokens=50)
    call = ask(make_client(call_limit_s=0.5), "converse_stream")
    assert (call.error, call.error_code, call.error_stage) == ("TimeoutError", "DeadlineError", "stream")
    assert call.ttft_ms is not None


def test_cut_off(client: BedrockClient, simulator: Simulator, events: list[dict[str, Any]]) -> None:
    """A user that is killed in a call leaves a Call that says so, with the first token it had."""
    simulator.set(ttft_ms=10, tpot_ms=100, output_tokens=50)
    user = gevent.spawn(ask, client, "converse_stream")
    gevent.sleep(0.5)
    user.kill(timeout=5)
    [event] = events
    call = event["response"]
    assert call.cancelled
    assert call.ttft_ms is not None
    assert str(event["exception"]) == "Cancelled"
    assert simulator.ended(1)[0]["outcome"] == "client_gone"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


def test_no_connection(make_client: Callable[..., BedrockClient], closed_port: int) -> None:
    """An endpoint that refuses connections is a failure to connect."""
    call = ask(make_client(url=f"http://127.0.0.1:{closed_port}"), "converse_stream")
    assert (call.error, call.error_code, call.error_stage) == ("ConnectionError", "EndpointConnectionError", "connect")


def test_connections_are_kept(client: BedrockClient, simulator: Simulator, transport: str) -> None:
    """Streams are drained to their end, so that ten calls need one connection."""
    before = _connections(simulator)
    for _ in range(5):
        assert ask(client, "converse_stream").ok
        assert ask(client, "invoke_model_with_response_stream").ok
    # botocore's own transport has a pool for the client that checks and one for the client that does not.
    assert _connections(simulator) - before <= (2 if transport == "botocore" else 1)


def _connections(simulator: Simulator) -> int:
    """Connections of this process to the simulator."""
    import psutil  # noqa: PLC0415 - only here

    mine = psutil.Process().net_connections("tcp")
    return sum(bool(c.raddr) and c.raddr.port == simulator.port and c.status == "ESTABLISHED" for c in mine)


def test_concurrent_calls(client: BedrockClient, simulator: Simulator) -> None:
    """Calls of many greenlets through one client don't mix up their figures."""
    simulator.set(ttft_ms=30, tpot_ms=5, spread=0.5, output_tokens=20)
    users = [gevent.spawn(ask, client, operation) for _ in range(10) for operation in OPERATIONS]
    gevent.joinall(users, timeout=30, raise_error=True)
    ledger = {entry["request_id"]: entry for entry in simulator.ended(len(users))}
    for user in users:
        call = user.get()
        entry = ledger[call.request_id]
        assert (call.input_tokens, call.output_tokens) == (entry["input_tokens"], entry["output_tokens"])
        if call.mode == "streaming":
            server_ttft_ms = (entry["first_token_at_ns"] - entry["arrived_at_ns"]) / 1e6
            assert call.ttft_ms is not None
            assert call.ttft_ms > server_ttft_ms - 5, "no first token before it was sent"


def test_tags_are_those_of_the_start(make_client: Callable[..., BedrockClient]) -> None:
    """A call is tagged with what is so when it starts."""
    tags = {"level": "streaming-1", "users": 1, "phase": "measure", "worker": "here"}
    client = make_client(tags=lambda: dict(tags))
    user = gevent.spawn(ask, client, "converse_stream")
    gevent.sleep(0.01)
    tags["level"] = "streaming-2"
    call = user.get(timeout=10)
    assert (call.level, call.users, call.phase, call.worker) == ("streaming-1", 1, "measure", "here")


def test_mistakes_of_the_caller(client: BedrockClient, events: list[dict[str, Any]]) -> None:
    """Arguments that boto3 refuses, and models without a native format, are exceptions, not calls."""
    with pytest.raises(ParamValidationError):
        client.converse(modelId=CLAUDE, message=[])
    with pytest.raises(UnknownFormatError, match="use api: converse"):
        client.invoke_model(modelId="arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1b2", body="{}")
    for body in ("not JSON", b"\xff", "[1]", "[" * 10_000):
        with pytest.raises(ParamValidationError, match="must be the model's JSON request"):
            client.invoke_model(modelId=CLAUDE, body=body)
    assert events == []


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_name_is_a_text(client: BedrockClient, events: list[dict[str, Any]], operation: str) -> None:
    """Locust sorts its tables by name: a number among texts would end the run without a report."""
    for name in (7, 0, b"a", ["a"]):
        with pytest.raises(ParamValidationError, match="parameter name"):
            getattr(client, operation)(**arguments(operation, CLAUDE), name=name)
    assert events == []
    assert getattr(client, operation)(**arguments(operation, CLAUDE), name=None).name == operation


def test_a_call_that_nobody_measures_leaves_nothing_behind(client: BedrockClient, simulator: Simulator) -> None:
    """A task may make calls with a boto3 client of its own: the next measured call is read from its own answer."""
    settings = Settings.model_validate({"model": {"id": "any"}, "aws": {"endpoint_url": simulator.url}})
    own = connect(settings, simulator=True, version="test")
    for operation in STREAMING:
        own.converse(**arguments("converse", CLAUDE))
        assert ask(client, operation).error_message == ""


def test_calls_in_flight_are_counted_from_their_start(client: BedrockClient, simulator: Simulator) -> None:
    """A call counts while it goes on, and no longer, however it ends."""
    simulator.set(ttft_ms=300)
    making = [gevent.spawn(client.converse, **arguments("converse", CLAUDE)) for _ in range(3)]
    with gevent.Timeout(20):
        while calls_in_flight.now < 3:
            gevent.sleep(0.01)
        gevent.joinall(making)
    with pytest.raises(ParamValidationError):
        client.converse(modelId=7, messages=[])
    assert calls_in_flight.now == 0
