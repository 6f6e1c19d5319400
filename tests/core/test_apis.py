"""Responses, Chat Completions and Messages against a second service, over real sockets, with both transports."""

from __future__ import annotations

import hashlib
import hmac
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from locust.event import EventHook

import boto3
import gevent
import pytest
from botocore.exceptions import ParamValidationError

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.preflight import preflight
from bedrock_locust.client import BedrockClient
from bedrock_locust.errors.remedies import remedy
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.wire.direct import Direct, Post
from bedrock_locust.wire.in_flight import in_flight
from bedrock_locust.wire.stopwatch import Stopwatch

from .answers import streamed
from .open_apis import Service
from .raw_server import RawServer, response, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from bedrock_locust.call import Call

    Make = Callable[..., BedrockClient]

MESSAGES = [{"role": "user", "content": "Why is the sky blue?"}]
ASKED: dict[str, dict[str, Any]] = {
    "responses": {"model": "openai.gpt-5.6", "input": "Why is the sky blue?", "max_output_tokens": 50},
    "chat_completions": {"model": "openai.gpt-oss-120b", "messages": MESSAGES, "max_tokens": 50},
    "messages": {"model": "anthropic.claude-opus-5", "messages": MESSAGES, "max_tokens": 50},
}
APIS = pytest.mark.parametrize("api", list(ASKED))
SSE = "text/event-stream"


@pytest.fixture
def service() -> Service:
    """What the server answers."""
    return Service()


@pytest.fixture
def server(service: Service) -> Iterator[RawServer]:
    """The second service."""
    with serving(service) as server:
        yield server


@pytest.fixture
def make(server: RawServer, transport: str, events: list[dict[str, Any]]) -> Make:
    """Makes clients of that service."""
    hook = EventHook()
    hook.add_listener(lambda **event: events.append(event))

    def making(timeout_seconds: float = 5, call_limit_s: float = 60, **model: Any) -> BedrockClient:
        about = {
            "model": {"id": "any", **model},
            "aws": {"endpoint_url": server.url},
            "test": {"transport": transport, "timeout_seconds": timeout_seconds},
        }
        boto3_client = connect(Settings.model_validate(about), simulator=True, version="test")
        return BedrockClient(boto3_client, hook, call_limit_s=call_limit_s)

    return making


@pytest.fixture
def client(make: Make) -> BedrockClient:
    """A client of that service."""
    return make()


def ask(client: BedrockClient, api: str, **more: Any) -> Call:
    """One call."""
    call: Call = getattr(client, api)(**{**ASKED[api], **more})
    return call


REASONS = {"responses": "completed", "chat_completions": "stop", "messages": "end_turn"}


@APIS
@pytest.mark.parametrize("stream", [False, True])
def test_success(
    client: BedrockClient, service: Service, events: list[dict[str, Any]], api: str, *, stream: bool
) -> None:
    """Counts are comparable between the APIs: input without the cache, reasoning as a part of the output."""
    call = ask(client, api, stream=stream, name="question")
    assert call.ok, call
    operation = f"{api}_stream" if stream else api
    assert (call.operation, call.model_id, call.name) == (operation, ASKED[api]["model"], "question")
    assert (call.input_tokens, call.output_tokens, call.reasoning_tokens) == (20, 30, 9)
    assert (call.cache_read_tokens, call.cache_write_tokens) == (60, 40)
    assert (call.prompt_chars, call.max_tokens) == (20, 50)
    assert (call.stop_reason, call.text) == (REASONS[api], "Hello world")
    assert call.service_tier == ("standard" if api == "messages" else "default")
    assert (call.request_id, call.attempts) == ("req-7", 1)
    assert call.mode == ("streaming" if stream else "non_streaming")
    assert call.response_id == ("resp_1" if api == "responses" else "")
    [event] = events
    assert event["response"] is call
    assert (event["request_type"], event["name"], event["exception"]) == (operation, "question", None)
    if stream:
        assert (call.chunks, call.first_bytes, call.content_bytes) == (3, len("Hel"), len("Hello world"))
        assert call.ttft_ms == call.first_text_ms
        assert call.max_gap_ms is not None
        assert 0 < (call.ttft_ms or 0) <= (call.last_token_ms or 0) <= call.latency_ms
        # The service waited this long before each of three tokens.
        assert call.ttft_ms is not None
        assert call.ttft_ms >= service.gap_s * 1000 - 1
    else:
        assert (call.ttft_ms, call.chunks) == (None, None)
    [(_, _, asked)] = service.asked
    assert asked == ASKED[api] | ({"stream": True} if stream else {}) | (
        {"stream_options": {"include_usage": True}} if stream and api == "chat_completions" else {}
    )


@APIS
def test_reasoning_comes_before_text(client: BedrockClient, service: Service, api: str) -> None:
    """The first token may be reasoning; the first text has a time of its own."""
    service.thoughts = ("hm", "so")
    call = ask(client, api, stream=True)
    assert (call.chunks, call.text) == (5, "Hello world")
    assert (call.first_text_ms or 0) - (call.ttft_ms or 0) >= service.gap_s * 1000
    assert (call.first_bytes, call.content_bytes) == (len("hm"), len("hmsoHello world"))
    assert ask(client, api).text == "Hello world"


@pytest.mark.parametrize(
    "event", ["response.reasoning_text.delta", "response.reasoning_summary_text.delta", "response.reasoning.delta"]
)
def test_reasoning_has_three_spellings(client: BedrockClient, service: Service, event: str) -> None:
    """Of its text, of a summary, and that of Gemma 4."""
    service.thoughts, service.reasoning_event = ("hm",), event
    call = ask(client, "responses", stream=True)
    assert call.chunks == 4
    assert (call.ttft_ms or 0) < (call.first_text_ms or 0)


@APIS
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("data_first", [False, True])
def test_the_order_of_fields_does_not_matter(
    client: BedrockClient, service: Service, api: str, newline: str, *, data_first: bool
) -> None:
    """Nor do the ends of lines."""
    service.newline, service.data_first, service.gap_s = newline, data_first, 0
    call = ask(client, api, stream=True)
    assert (call.ok, call.text, call.output_tokens) == (True, "Hello world", 30)


@APIS
@pytest.mark.parametrize("stream", [False, True])
def test_the_limit_of_the_answer_is_a_normal_end(
    client: BedrockClient, service: Service, api: str, *, stream: bool
) -> None:
    """An incomplete response says why; so does a filter."""
    for reason in ("max_output_tokens", "content_filter"):
        service.stop = reason
        call = ask(client, api, stream=stream)
        assert (call.ok, call.stop_reason, call.output_tokens) == (True, reason, 30)


@APIS
def test_a_stream_without_its_end_is_a_failure(client: BedrockClient, service: Service, api: str) -> None:
    """All tokens came, but not the event that says that it is whole; the first token stays known."""
    service.ends = False
    call = ask(client, api, stream=True)
    assert (call.error, call.error_code, call.error_stage) == (
        "StreamInterruptedError",
        "IncompleteStreamError",
        "stream",
    )
    assert (call.chunks, call.ttft_ms is None) == (3, False)


def of_openai(**about: str) -> dict[str, Any]:
    """An error as OpenAI's APIs have it."""
    return {"error": {"message": "no", "param": None, **about}}


def of_anthropic(kind: str) -> dict[str, Any]:
    """An error as Messages has it."""
    return {"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_1"}


FAILED = {"type": "response.failed", "response": {"status": "failed", **of_openai(code="server_error")}}
ENVELOPE = {"Output": {"__type": "com.amazon.coral.service#InternalServerException"}, "Version": "1.0"}
IN_STREAM: list[tuple[str, Any, str]] = [
    ("responses", FAILED, "InternalServerError server_error"),
    ("responses", {"type": "error", "code": "rate_limit_exceeded"}, "ThrottlingError rate_limit_exceeded"),
    ("chat_completions", of_openai(code="server_error"), "InternalServerError server_error"),
    ("chat_completions", of_openai(type="overloaded_error"), "ServiceUnavailableError overloaded_error"),
    ("chat_completions", of_openai(code="brand_new"), "ModelError brand_new"),
    ("messages", of_anthropic("overloaded_error"), "ServiceUnavailableError overloaded_error"),
    ("messages", of_anthropic("rate_limit_error"), "ThrottlingError rate_limit_error"),
    *((api, ENVELOPE, "InternalServerError InternalServerException") for api in ASKED),
]


@pytest.mark.parametrize(("api", "event", "found"), IN_STREAM)
def test_a_failure_inside_a_stream(client: BedrockClient, service: Service, api: str, event: Any, found: str) -> None:
    """It came with status 200, after tokens: a failure all the same, in the words of the service."""
    service.instead_of_end = event
    call = ask(client, api, stream=True)
    assert (f"{call.error} {call.error_code}", call.error_stage) == (found, "stream")
    assert call.chunks == 3


DENIED = "permission_denied_error"
INVALID = "invalid_request_error"
REFUSALS: list[tuple[int, Any, str]] = [
    (401, of_openai(code="access_denied", type=DENIED), "AccessDeniedError access_denied"),
    (401, of_openai(code="invalid_api_key", type=DENIED), "CredentialsError invalid_api_key"),
    (401, of_anthropic("authentication_error"), "CredentialsError authentication_error"),
    (403, of_anthropic("permission_error"), "AccessDeniedError permission_error"),
    (400, of_openai(code="validation_error", type=INVALID), "ValidationError validation_error"),
    (400, of_openai(code="unsupported_value", type=INVALID), "ValidationError unsupported_value"),
    (404, of_openai(code="model_not_found", type=INVALID), "ModelNotFoundError model_not_found"),
    (404, of_anthropic("not_found_error"), "ModelNotFoundError not_found_error"),
    (413, of_anthropic("request_too_large"), "ValidationError request_too_large"),
    (429, of_openai(code="rate_limit_exceeded"), "ThrottlingError rate_limit_exceeded"),
    (429, of_openai(), "ThrottlingError 429"),
    (429, of_openai(message="Too many tokens per day"), "QuotaExceededError 429"),
    (429, {"error": "no"}, "ThrottlingError 429"),
    (503, of_openai(), "ServiceUnavailableError 503"),
    (529, of_anthropic("overloaded_error"), "ServiceUnavailableError overloaded_error"),
]


@APIS
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "body", "found"), REFUSALS)
def test_a_refusal(  # noqa: PLR0917 - what is tried
    client: BedrockClient, server: RawServer, api: str, status: int, body: Any, found: str, *, stream: bool
) -> None:
    """The bodies of OpenAI and of Anthropic mean our categories; a status of 401 may be a lack of permission."""
    refused = response(json.dumps(body).encode(), "x-request-id: r-1", status=f"{status} Refused")
    server.answer = lambda peer, _: peer.sendall(refused)
    call = ask(client, api, stream=stream)
    assert (f"{call.error} {call.error_code}", call.error_stage, call.request_id) == (found, "response", "r-1")
    assert call.error_message


UNKNOWN = b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}'


@APIS
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (UNKNOWN, "NotAnAnswerError UnknownOperationException"),
        (json.dumps(ENVELOPE).encode(), "InternalServerError InternalServerException"),
        (b"<html>Log in</html>", "NotAnAnswerError NotAnAnswerError"),
        (b"{}", "NotAnAnswerError NotAnAnswerError"),
        (b"", "NotAnAnswerError NotAnAnswerError"),
        (b'{"error":{"code":"server_error","message":"x"}}', "InternalServerError server_error"),
        (b'{"type":"error","error":{"type":"overloaded_error"}}', "ServiceUnavailableError overloaded_error"),
    ],
)
def test_a_wrong_200_is_no_success(
    client: BedrockClient, server: RawServer, api: str, body: bytes, found: str, *, stream: bool
) -> None:
    """bedrock-runtime answers an unknown path with status 200: that is a failure, whole or streamed."""
    answer_with(server, response(body))
    call = ask(client, api, stream=stream)
    assert f"{call.error} {call.error_code}" == found


def answer_with(server: RawServer, said: bytes) -> None:
    """Have a server answer each request with these bytes."""
    server.answer = lambda peer, _: peer.sendall(said)


@APIS
def test_a_stream_of_another_kind(client: BedrockClient, server: RawServer, api: str) -> None:
    """Something else that says to be a stream of events, a whole answer in place of one, and nothing."""
    for body, error in ((b"<html></html>", "NotAnAnswerError"), (b"\x00\x00\x00\x10", "NotAnAnswerError")):
        answer_with(server, streamed(body, content_type=SSE))
        assert ask(client, api, stream=True).error == error
    server.answer = lambda peer, _: peer.sendall(streamed(b"", content_type=SSE))
    assert ask(client, api, stream=True).error == "StreamInterruptedError"
    server.answer = lambda peer, _: peer.sendall(streamed(b": ping\n\ndata: {nonsense\n\n", content_type=SSE))
    call = ask(client, api, stream=True)
    assert (call.error, call.error_message) == (
        "MalformedEventError",
        "malformed event data: application/json, 9 bytes: {nonsense",
    )


def test_a_response_that_failed_or_was_cancelled(client: BedrockClient, server: RawServer) -> None:
    """Whole responses say it in their status."""
    for status, error in (("failed", {"code": "server_error", "message": "x"}), ("cancelled", None)):
        body = json.dumps({"status": status, "output": [], "error": error}).encode()
        answer_with(server, response(body))
        assert ask(client, "responses").error in {"InternalServerError", "ModelError"}


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_response_that_is_not_complete(client: BedrockClient, server: RawServer, status: str) -> None:
    """A gateway may put calls into the background: their time is not that of an answer, and the failure says why."""
    answer_with(server, response(json.dumps({"status": status, "output": [], "usage": None}).encode()))
    call = ask(client, "responses")
    assert (call.error, call.error_code) == ("NotAnAnswerError", status)
    assert "Stream it" in remedy(call.error, call.error_message)


def test_hidden_reasoning_shows_by_its_item(client: BedrockClient, server: RawServer) -> None:
    """Grok and gpt-5.6 send an item for it and no text: the first sign of an answer, one event with what follows."""
    events = [
        {"type": "response.output_item.added", "item": {"type": "reasoning", "encrypted_content": "x" * 300}},
        {"type": "response.output_item.added", "item": {"type": "function_call", "name": "f", "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "delta": '{"a":1}'},
        {"type": "response.completed", "response": {"status": "completed", "output": []}},
    ]
    body = b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)
    server.answer = lambda peer, _: peer.sendall(streamed(body, content_type=SSE))
    call = ask(client, "responses", stream=True)
    assert (call.ok, call.chunks, call.first_text_ms, call.content_bytes) == (True, 2, None, len('f{"a":1}'))
    assert (call.first_bytes, call.reasoning_bytes) == (len("f"), 0)


@pytest.mark.parametrize("api", ["chat_completions", "messages"])
def test_a_guardrail_that_intervened_is_the_stop_reason(client: BedrockClient, server: RawServer, api: str) -> None:
    """As by InvokeModel: whatever the model says of why it stopped."""
    action = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    if api == "chat_completions":
        last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **action}
        events = [{"choices": [{"index": 0, "delta": {"content": "Hi"}}]}, last, "[DONE]"]
        whole: dict[str, Any] = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}], **action}
    else:
        stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
        events = [delta, stop, {"type": "message_stop", **action}]
        whole = {"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", **action}
    sse = "".join(f"data: {one if isinstance(one, str) else json.dumps(one)}\n\n" for one in events)
    answer_with(server, streamed(sse.encode(), content_type=SSE))
    assert ask(client, api, stream=True).stop_reason == "guardrail_intervened"
    answer_with(server, response(json.dumps(whole).encode()))
    assert ask(client, api).stop_reason == "guardrail_intervened"


def test_a_signature_shows_thinking_that_is_not_shown(client: BedrockClient, server: RawServer) -> None:
    """Claude sends no more than that where thinking is left out; after shown thinking it is no token.

    What comes in the same moment belongs to it.
    """

    def delta(**about: str) -> bytes:
        return b"data: %b\n\n" % json.dumps({"type": "content_block_delta", "index": 0, "delta": about}).encode()

    signature, text = delta(type="signature_delta", signature="s"), delta(type="text_delta", text="a")
    for thinking, chunks in ((b"", 1), (delta(type="thinking_delta", thinking="hm"), 2)):
        body = thinking + signature + text + b'data: {"type":"message_stop"}\n\n'
        answer_with(server, streamed(body, content_type=SSE))
        assert ask(client, "messages", stream=True).chunks == chunks


@pytest.mark.parametrize(
    ("endpoint", "model", "path"),
    [
        ("runtime", "us.openai.gpt-5.6-sol", "/openai/v1"),
        ("runtime", "openai.gpt-oss-120b-1:0", "/openai/v1"),
        ("mantle", "openai.gpt-5.6-sol", "/openai/v1"),
        ("mantle", "openai.gpt-6", "/openai/v1"),
        ("mantle", "xai.grok-4.3", "/openai/v1"),
        ("mantle", "google.gemma-4-27b", "/openai/v1"),
        ("mantle", "google.gemma-3-27b-it", "/v1"),
        ("mantle", "openai.gpt-oss-120b", "/v1"),
        ("mantle", "qwen.qwen3-32b", "/v1"),
    ],
)
def test_paths_and_signatures(make: Make, service: Service, endpoint: str, model: str, path: str) -> None:
    """Each endpoint has paths of its own, on mantle by the model, and signatures with its own name."""
    client = make(id="openai.gpt-oss-120b", endpoint=endpoint, api="chat")
    ask(client, "responses", model=model)
    ask(client, "chat_completions", model=model)
    ask(client, "messages", model=model)
    paths = [asked[0] for asked in service.asked]
    assert paths == [f"{path}/responses", f"{path}/chat/completions", "/anthropic/v1/messages"]
    assert [asked[1].get("anthropic-version") for asked in service.asked] == [None, None, "2023-06-01"]
    for _, headers, _ in service.asked:
        name = "bedrock-mantle" if endpoint == "mantle" else "bedrock"
        assert f"/us-east-1/{name}/aws4_request" in headers["authorization"]


def test_a_signature_is_right(client: BedrockClient, server: RawServer, service: Service) -> None:
    """Computed anew from the bytes that came, step by step as the documentation of Signature Version 4 has it."""
    ask(client, "messages", extra_headers={"X-Own": "7"})
    [request] = server.requests
    _, _, body = request.partition(b"\r\n\r\n")
    [(path, headers, _)] = service.asked
    # The helper above reads headers in small letters; the signature is hexadecimal, the scope is not changed by it.
    said = dict(part.split("=", 1) for part in headers["authorization"].split(" ", 1)[1].split(", "))
    names = said["signedheaders"].split(";")
    assert {"host", "x-amz-date", "x-own", "anthropic-version", "content-type"} <= set(names)
    lines = [line.split(": ", 1) for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]]
    values = {name.lower(): value for name, value in lines}
    canonical = "\n".join(
        [
            "POST",
            path,
            "",
            *(f"{name}:{values[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    date = values["x-amz-date"]
    scope = f"{date[:8]}/us-east-1/bedrock/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4simulator"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert said["signature"] == hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


@APIS
def test_mistakes_of_the_caller(client: BedrockClient, events: list[dict[str, Any]], api: str) -> None:
    """What no service could answer is an exception, not a call."""
    for name in ASKED[api].keys() - {"max_output_tokens", *(["max_tokens"] if api == "chat_completions" else [])}:
        with pytest.raises(ParamValidationError, match=f'Missing required parameter in input: "{name}"'):
            ask(client, api, **{name: None})
    for wrong in ({"model": 7}, {"stream": "yes"}, {"extra": object()}, {"temperature": float("nan")}):
        with pytest.raises(ParamValidationError):
            ask(client, api, **wrong)
    with pytest.raises(ParamValidationError, match="background: such a response is given before there is an answer"):
        ask(client, api, background=True)
    assert events == []


@APIS
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"extra_headers": {"x": "a\r\nb: c"}}, "the value of x has a line break"),
        ({"extra_headers": {"x-a": "漢"}}, "the value of x-a has a line break, or a char"),
        ({"extra_headers": {"x-a": "é"}}, "beyond ASCII"),
        ({"extra_headers": {"x-a": None}}, "the value of x-a is no text, but NoneType"),
        ({"extra_headers": {"x-a": b"b"}}, "no text, but bytes"),
        ({"extra_headers": {"x a:": "b"}}, "'x a:' is no name of a header"),
        ({"extra_headers": {"": "b"}}, "'' is no name of a header"),
        ({"extra_headers": {7: "b"}}, "7 is no name of a header"),
        ({"extra_headers": {"Host": "evil"}}, "Host is set by each call itself"),
        ({"extra_headers": {"content-length": 3}}, "content-length is set by each call itself"),
        ({"extra_headers": {"Authorization": "Bearer x"}}, "Authorization is set by each call itself"),
        ({"extra_headers": ["a"]}, "extra_headers, value: list, must be a dict"),
        ({"extra_headers": "a"}, "extra_headers, value: str, must be a dict"),
        ({"extra_body": {"top_k": 3}}, "extra_body, which the APIs do not have: give its members as arguments"),
        ({"extra_query": {}}, "extra_query"),
        ({"timeout": 5}, "timeout, which the APIs do not have: set test.timeout_seconds"),
        ({"name": 7}, "parameter name, value: 7, must be a text"),
        ({"name": ("a",)}, "must be a text"),
    ],
)
def test_arguments_that_no_request_can_have(
    client: BedrockClient, events: list[dict[str, Any]], api: str, arguments: dict[str, Any], words: str
) -> None:
    """They are exceptions before anything is sent."""
    with pytest.raises(ParamValidationError, match=words):
        ask(client, api, **arguments)
    assert events == []


def test_a_plain_boto3_client_has_no_way_to_them(client: BedrockClient) -> None:
    """The exception says what to use."""
    plain = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y")
    with pytest.raises(ValueError, match="plain boto3 client"):
        BedrockClient(plain, EventHook()).messages(**ASKED["messages"])


@APIS
def test_silence_and_deadline(make: Make, service: Service, api: str) -> None:
    """A service that is silent for too long, and one that drips for too long."""
    service.gap_s = 2
    call = ask(make(timeout_seconds=0.3), api, stream=True)
    assert (call.error, call.error_stage) == ("TimeoutError", "stream")
    service.gap_s, service.words = 0.1, ("a",) * 50
    call = ask(make(call_limit_s=0.5), api, stream=True)
    assert (call.error, call.error_code) == ("TimeoutError", "DeadlineError")
    assert call.ttft_ms is not None


@APIS
def test_the_task_judges(client: BedrockClient, events: list[dict[str, Any]], api: str) -> None:
    """catch_response works as for the calls of boto3."""
    with getattr(client, api)(**ASKED[api], catch_response=True) as answer:
        answer.failure("too short")
    assert events[0]["response"].error == "TaskFailure"


@APIS
def test_connections_are_kept(client: BedrockClient, server: RawServer, api: str) -> None:
    """Streams are drained to their end: calls one after the other need one connection."""
    for stream in (True, False, True):
        assert ask(client, api, stream=stream).ok
    assert server.connections == 1


def test_the_first_token_after_a_megabyte(client: BedrockClient, service: Service) -> None:
    """Responses begins with the whole request, twice: the first token has its own time, and so have the others."""
    service.instructions, service.gap_s = "x" * 1_000_000, 0.05
    call = ask(client, "responses", stream=True)
    assert (call.chunks, call.text) == (3, "Hello world")
    assert 45 < (call.ttft_ms or 0) < call.latency_ms - 80
    assert (call.last_token_ms or 0) - (call.ttft_ms or 0) > 90


def test_many_at_once(client: BedrockClient, service: Service) -> None:
    """Calls of many greenlets through one client do not mix up."""
    service.gap_s = 0.005
    users = [
        gevent.spawn(ask, client, api, stream=stream) for _ in range(10) for api in ASKED for stream in (True, False)
    ]
    gevent.joinall(users, timeout=30)
    assert {(user.get().ok, user.get().text) for user in users} == {(True, "Hello world")}


@pytest.mark.parametrize(
    ("api", "endpoint", "header"),
    [
        ("responses", "runtime", "openai-project"),
        ("chat", "mantle", "openai-project"),
        ("messages", "mantle", "anthropic-workspace"),
    ],
)
def test_the_project_of_the_settings_is_sent(
    server: RawServer, service: Service, api: str, endpoint: str, header: str
) -> None:
    """In the header of its API; without a project none is sent."""
    model = "anthropic.claude-opus-5" if api == "messages" else "openai.gpt-5.6"
    for project in ("proj_7", None):
        about = {
            "model": {"id": model, "api": api, "endpoint": endpoint, "project": project},
            "aws": {"endpoint_url": server.url},
            "test": {"preflight": True},
        }
        settings = Settings.model_validate(about)
        call = preflight(connect(settings, simulator=True, version="test"), settings, simulator=True, local=True)
        assert call is not None
        assert call.ok, call
        assert service.asked[-1][1].get(header) == project


@pytest.mark.parametrize("api", ["converse", "invoke"])
def test_the_project_of_boto3_calls(api: str) -> None:
    """Converse has it in its body, InvokeModel in a header."""
    about = {
        "model": {"id": "anthropic.claude-opus-5", "api": api, "project": "proj_7"},
        "test": {"preflight": True, "streaming": False},
    }
    asked: list[bytes] = []

    def answer(peer: socket.socket, request: bytes) -> None:
        asked.append(request)
        peer.sendall(response(b'{"message": "no"}', status="400 Bad Request"))

    with serving(answer) as server:
        settings = Settings.model_validate(about | {"aws": {"endpoint_url": server.url}})
        client = connect(settings, simulator=True, version="test")
        with pytest.raises(SettingsError, match="no"):
            preflight(client, settings, simulator=True, local=True)
    head, _, body = asked[0].partition(b"\r\n\r\n")
    if api == "converse":
        assert json.loads(body)["projectIdentifier"] == "proj_7"
    else:
        assert b"x-amzn-bedrock-projectidentifier: proj_7" in head.lower()


def test_the_time_of_a_call_begins_once_its_request_is_signed() -> None:
    """With either transport: when it is handed over."""
    stopwatch, stages = Stopwatch(), list[str]()

    def send(_: object) -> Any:
        stages.append(stopwatch.stage)
        return SimpleNamespace(status_code=200, headers={}, content=b"{}", raw=None)

    in_flight.begin(stopwatch)
    try:
        direct = Direct("mantle", "http://h", lambda _: stages.append(stopwatch.stage), send, {})
        direct.post(Post("responses", "/x", b"{}", {}, streams=False))
    finally:
        in_flight.clear()
    assert stages == ["connect", "response"]
