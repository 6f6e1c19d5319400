"""What an answer must have, over a real socket: null members say nothing, and mangled ones never a wrong value."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .raw_server import RawServer, in_pieces, response, serving
from .test_checked_once import places
from .test_client import CLAUDE, LLAMA, OPERATIONS, ask
from .test_eventstream import encode
from .test_values import ANY_JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.call import Call
    from bedrock_locust.client import BedrockClient

    Ask = Callable[[str, str, bytes], Call]

EVENT_STREAM = "application/vnd.amazon.eventstream"
USAGE = {
    "inputTokens": 20,
    "outputTokens": 300,
    "totalTokens": 335,
    "cacheReadInputTokens": 7,
    "cacheWriteInputTokens": 8,
}
CLAUDE_USAGE = {
    "input_tokens": 20,
    "output_tokens": 300,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 8,
}
NOVA_USAGE = {
    "inputTokens": 20,
    "outputTokens": 300,
    "cacheReadInputTokenCount": 7,
    "cacheWriteInputTokenCount": 8,
}
CHAT_USAGE = {"prompt_tokens": 20, "completion_tokens": 300, "total_tokens": 320}
METRICS = {"inputTokenCount": 20, "outputTokenCount": 300, "invocationLatency": 900, "firstByteLatency": 80}
HEADERS = ("x-amzn-bedrock-input-token-count: 20", "x-amzn-bedrock-output-token-count: 300")
WHOLE: dict[str, dict[str, Any]] = {
    "converse": {
        "metrics": {"latencyMs": 900},
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "serviceTier": {"type": "default"},
        "stopReason": "end_turn",
        "usage": USAGE,
    },
    "claude": {
        "id": "msg_1",
        "type": "message",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "usage": CLAUDE_USAGE,
    },
    "llama": {"generation": "hello", "prompt_token_count": 20, "generation_token_count": 300, "stop_reason": "stop"},
    "nova": {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "end_turn",
        "usage": NOVA_USAGE,
    },
    "titan": {
        "inputTextTokenCount": 20,
        "results": [{"tokenCount": 300, "outputText": "hello", "completionReason": "FINISH"}],
    },
    "mistral": {"outputs": [{"text": "hello", "stop_reason": "stop"}]},
    "mistral_chat": {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "stop_reason": "stop"}],
        "usage": CHAT_USAGE,
    },
    "cohere": {"text": "hello", "generation_id": "g", "finish_reason": "COMPLETE"},
    "cohere_text": {"id": "c", "generations": [{"id": "g", "text": "hello", "finish_reason": "COMPLETE"}]},
    "claude_text": {"type": "completion", "completion": "hello", "stop_reason": "stop_sequence", "stop": "Human:"},
    "deepseek": {"choices": [{"text": "hello", "stop_reason": "stop"}]},
    "imported": {"generation": "hello", "stop_reason": "stop"},
    **{
        family: {
            "id": "chatcmpl-1",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
            "usage": CHAT_USAGE,
        }
        for family in ("jamba", "gpt_oss", "palmyra", "open_weight")
    },
}
"""Format -> a whole answer."""


def chat_chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> tuple[str, dict[str, Any]]:
    """A chunk in the format of Chat Completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return "chunk", {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice], **more}


STREAMED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "converse": [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{}"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"reasoningContent": {"text": "hm"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "hel"}}),
        ("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"text": "lo"}, "p": "ab"}),
        ("contentBlockStop", {"contentBlockIndex": 2}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": USAGE, "metrics": {"latencyMs": 900}, "serviceTier": {"type": "default"}}),
    ],
    "claude": [
        ("chunk", {"type": "message_start", "message": {"usage": CLAUDE_USAGE | {"output_tokens": 1}}}),
        ("chunk", {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ("chunk", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello"}}),
        ("chunk", {"type": "content_block_stop", "index": 0}),
        ("chunk", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 300}}),
        ("chunk", {"type": "message_stop", "amazon-bedrock-invocationMetrics": METRICS}),
    ],
    "llama": [
        ("chunk", {"generation": "hel", "prompt_token_count": 20, "generation_token_count": 1, "stop_reason": None}),
        ("chunk", {"generation": "lo", "prompt_token_count": None, "generation_token_count": 2, "stop_reason": None}),
        (
            "chunk",
            {
                "generation": "",
                "prompt_token_count": None,
                "generation_token_count": 300,
                "stop_reason": "stop",
                "amazon-bedrock-invocationMetrics": METRICS,
            },
        ),
    ],
    "nova": [
        ("chunk", {"messageStart": {"role": "assistant"}}),
        ("chunk", {"contentBlockDelta": {"delta": {"text": "hel"}, "contentBlockIndex": 0}}),
        ("chunk", {"contentBlockStop": {"contentBlockIndex": 0}}),
        ("chunk", {"contentBlockDelta": {"delta": {"text": "lo"}, "contentBlockIndex": 1}}),
        ("chunk", {"messageStop": {"stopReason": "end_turn"}}),
        ("chunk", {"metadata": {"usage": NOVA_USAGE}, "amazon-bedrock-invocationMetrics": METRICS}),
    ],
    "titan": [
        ("chunk", {"outputText": "hel", "index": 0, "inputTextTokenCount": 20, "completionReason": None}),
        (
            "chunk",
            {
                "outputText": "lo",
                "index": 0,
                "totalOutputTextTokenCount": 300,
                "completionReason": "FINISH",
                "amazon-bedrock-invocationMetrics": METRICS,
            },
        ),
    ],
    "mistral": [
        ("chunk", {"outputs": [{"text": "hel", "stop_reason": None}]}),
        (
            "chunk",
            {"outputs": [{"text": "lo", "stop_reason": "stop"}], "amazon-bedrock-invocationMetrics": METRICS},
        ),
    ],
    "mistral_chat": [
        ("chunk", {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hel"}, "stop_reason": None}]}),
        ("chunk", {"choices": [{"index": 0, "message": {"content": "lo"}, "stop_reason": "stop"}]}),
        ("chunk", {"choices": [], "amazon-bedrock-invocationMetrics": METRICS}),
    ],
    "cohere": [
        ("chunk", {"is_finished": False, "event_type": "stream-start"}),
        ("chunk", {"is_finished": False, "event_type": "text-generation", "text": "hello"}),
        (
            "chunk",
            {
                "is_finished": True,
                "event_type": "stream-end",
                "finish_reason": "COMPLETE",
                "response": {"meta": {"billed_units": {"input_tokens": 20, "output_tokens": 300}}},
            },
        ),
    ],
    "cohere_text": [
        ("chunk", {"is_finished": False, "text": "hel"}),
        ("chunk", {"is_finished": False, "text": "lo"}),
        (
            "chunk",
            {"is_finished": True, "finish_reason": "COMPLETE", "amazon-bedrock-invocationMetrics": METRICS},
        ),
    ],
    "claude_text": [
        ("chunk", {"type": "completion", "completion": "hello", "stop_reason": None}),
        (
            "chunk",
            {
                "type": "completion",
                "completion": "",
                "stop_reason": "stop_sequence",
                "amazon-bedrock-invocationMetrics": METRICS,
            },
        ),
    ],
    "deepseek": [
        ("chunk", {"choices": [{"index": 0, "text": "hello", "stop_reason": None}]}),
        (
            "chunk",
            {"choices": [{"index": 0, "text": "", "stop_reason": "stop"}], "amazon-bedrock-invocationMetrics": METRICS},
        ),
    ],
    "imported": [
        ("chunk", {"text": "hel", "finish_reason": None}),
        ("chunk", {"text": "lo", "finish_reason": "stop", "amazon-bedrock-invocationMetrics": METRICS}),
    ],
    **{
        family: [
            chat_chunk({"role": "assistant", "content": ""}),
            chat_chunk({"reasoning": "hm"}),
            chat_chunk({"content": "hel"}),
            chat_chunk({"content": "lo"}),
            chat_chunk({"content": None}, "stop"),
            ("chunk", {"choices": [], "usage": CHAT_USAGE, "amazon-bedrock-invocationMetrics": METRICS}),
        ]
        for family in ("jamba", "gpt_oss", "palmyra", "open_weight")
    },
}
"""Format -> the events of a stream."""
MODELS = {
    "converse": CLAUDE,
    "claude": CLAUDE,
    "llama": LLAMA,
    "nova": "us.amazon.nova-lite-v1:0",
    "titan": "amazon.titan-text-express-v1",
    "mistral": "mistral.mistral-7b-instruct-v0:2",
    "mistral_chat": "mistral.mistral-large-2407-v1:0",
    "cohere": "cohere.command-r-plus-v1:0",
    "cohere_text": "cohere.command-light-text-v14",
    "claude_text": "anthropic.claude-v2:1",
    "deepseek": "us.deepseek.r1-v1:0",
    "imported": "arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2c3d4e5f6",
    "jamba": "ai21.jamba-1-5-mini-v1:0",
    "gpt_oss": "openai.gpt-oss-120b-1:0",
    "palmyra": "us.writer.palmyra-x5-v1:0",
    "open_weight": "qwen.qwen3-32b-v1:0",
}
"""Format -> a model that has it."""
CACHING = {"converse", "claude", "nova"}
"""Formats with counts of a cache."""
BY_HEADERS = {"mistral", "cohere", "cohere_text", "claude_text", "deepseek", "imported"}
"""Formats whose whole answers have no counts."""
REASONS = {
    "converse": "end_turn",
    "claude": "end_turn",
    "nova": "end_turn",
    "titan": "FINISH",
    "cohere": "COMPLETE",
    "cohere_text": "COMPLETE",
    "claude_text": "stop_sequence",
}
"""Format -> its stop reason, where that is not `stop`."""
NATIVE_METHODS = {False: "invoke_model", True: "invoke_model_with_response_stream"}
OWN_METHODS = {"converse": {False: "converse", True: "converse_stream"}}
METHODS = {
    (family, streams): OWN_METHODS.get(family, NATIVE_METHODS)[streams] for family in WHOLE for streams in (False, True)
}
"""Format, and whether it streams -> method of the client."""
COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
TIMES = ("server_ttft_ms", "server_latency_ms")


def frame(kind: str, payload: bytes) -> bytes:
    """An event on the wire."""
    return encode(({":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, payload))


def payload(kind: str, said: object) -> bytes:
    """The payload of an event: a chunk holds its JSON in base64."""
    inner = json.dumps(said).encode()
    return json.dumps({"bytes": b64encode(inner).decode(), "p": "abc"}).encode() if kind == "chunk" else inner


def frames(events: list[tuple[str, Any]]) -> bytes:
    """Events on the wire."""
    return b"".join(frame(kind, payload(kind, said)) for kind, said in events)


@pytest.fixture
def server() -> Iterator[RawServer]:
    """A server that answers what it is told to."""
    with serving(lambda _, __: None) as server:
        yield server


@pytest.fixture
def answered(server: RawServer, make_client: Callable[..., BedrockClient]) -> Ask:
    """Makes a call of a format that gets this body, and returns it."""
    client = make_client(url=server.url, native_formats={MODELS["imported"]: "imported"})

    def asking(family: str, method: str, body: bytes) -> Call:
        kind = EVENT_STREAM if "stream" in method else "application/json"
        more = HEADERS if family in BY_HEADERS and "stream" not in method else ()
        server.answer = lambda peer, _: peer.sendall(response(body, *more, content_type=kind))
        return ask(client, method, MODELS[family])

    return asking


def sent(family: str, said: Any) -> bytes:
    """A whole answer, or the events of a stream, on the wire."""
    return frames(said) if isinstance(said, list) else json.dumps(said).encode()


ALL = pytest.mark.parametrize(("family", "streams"), list(METHODS), ids=str)
TRIED_OVER_A_SOCKET = pytest.mark.parametrize(
    ("family", "streams"), [about for about in METHODS if about[0] in ("converse", "claude", "llama")], ids=str
)
"""Those that are tried with all that can go wrong over a socket. The others are in test_families.py."""


def good(family: str, streams: bool) -> Any:
    """An answer as it should be."""
    return copy.deepcopy(STREAMED[family] if streams else WHOLE[family])


def members_of(said: Any) -> list[tuple[Any, ...]]:
    """The paths of all members in an answer, or in the events of a stream."""
    if isinstance(said, list):
        return [(at, 1, *path) for at, (_, event) in enumerate(said) for path in places(event)]
    return list(places(said))


def value_at(said: Any, path: tuple[Any, ...]) -> Any:
    """The value of a member; nothing that is an object or an array."""
    for key in path:
        said = said[key]
    return None if isinstance(said, dict | list) else said


def put(said: Any, path: tuple[Any, ...], value: object) -> None:
    """Change a member."""
    for key in path[:-1]:
        said = said[key]
    said[path[-1]] = value


@ALL
def test_an_answer_as_it_should_be(answered: Ask, family: str, streams: bool) -> None:
    """Both transports read the same figures."""
    call = answered(family, METHODS[family, streams], sent(family, good(family, streams)))
    assert call.ok, call
    assert (call.input_tokens, call.output_tokens) == (20, 300)
    if family in CACHING:
        assert (call.cache_read_tokens, call.cache_write_tokens) == (7, 8)
    assert call.stop_reason == REASONS.get(family, "stop")
    assert call.text == "hello"


END_WORDS = {"message_stop", "stop", "stream-end", "stop_sequence"}
"""Values without which a stream has no end. Titan and the older Command have two signs of it."""


def has_end(said: Any) -> bool:
    """Whether some value of a stream says that it ends."""
    return any(value_at(said, path) in END_WORDS for path in members_of(said))


@TRIED_OVER_A_SOCKET
def test_a_null_member_says_nothing(answered: Ask, family: str, streams: bool) -> None:
    """Any member may be null: it is as if it had not been said, and nothing else changes."""
    for path in members_of(good(family, streams)):
        said = good(family, streams)
        put(said, path, None)
        call = answered(family, METHODS[family, streams], sent(family, said))
        ends = streams and has_end(good(family, streams)) and not has_end(said)
        assert call.error == ("StreamInterruptedError" if ends else ""), (path, call.error_message)
        assert call.input_tokens in {None, 20}
        assert call.output_tokens in {None, 1, 2, 300}


@pytest.mark.parametrize(
    ("value", "expected"), [("5", 5), (5.0, 5), ([5], None), (-1, None), (1e300, None), ({}, None)]
)
@TRIED_OVER_A_SOCKET
def test_counts(answered: Ask, family: str, streams: bool, value: object, expected: int | None) -> None:
    """A count is whole and not negative, or not known."""
    names = {"inputTokens", "input_tokens", "prompt_token_count", "inputTokenCount"}
    said = good(family, streams)
    for path in members_of(said):
        if path[-1] in names:
            put(said, path, value)
    call = answered(family, METHODS[family, streams], sent(family, said))
    assert (call.error, call.input_tokens, call.output_tokens) == ("", expected, 300)


@TRIED_OVER_A_SOCKET
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_value_anywhere(
    answered: Ask, events: list[dict[str, Any]], family: str, streams: bool, data: st.DataObject
) -> None:
    """Any JSON at any members: one call, no exception of Python, and each figure is one or not known."""
    said = good(family, streams)
    for _ in range(data.draw(st.integers(1, 3))):
        put(said, data.draw(st.sampled_from(members_of(said))), data.draw(ANY_JSON))
    assert_sane(answered(family, METHODS[family, streams], sent(family, said)), events)


@TRIED_OVER_A_SOCKET
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_content(
    answered: Ask, events: list[dict[str, Any]], family: str, streams: bool, data: st.DataObject
) -> None:
    """Any content of a whole answer, of an event or of a chunk: well framed, but of any JSON or none."""
    content = data.draw(st.binary(max_size=40) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
    if streams:
        whole = good(family, streams)
        at = data.draw(st.integers(0, len(whole) - 1))
        kind = whole[at][0]
        inside = data.draw(st.booleans()) and kind == "chunk"
        coded = json.dumps({"bytes": b64encode(content).decode()}).encode() if inside else content
        content = frames(whole[:at]) + frame(kind, coded) + frames(whole[at + 1 :])
    assert_sane(answered(family, METHODS[family, streams], content), events)


def assert_sane(call: Call, events: list[dict[str, Any]]) -> None:
    """A call has one event, a failure with a name of ours, and figures that are some."""
    assert events.pop()["response"] is call
    assert events == []
    assert call.error != "UnknownError", (call.error_code, call.error_message)
    assert "Error" not in call.error_message or call.error, "nothing of Python is in a message"
    for name in COUNTS:
        value = getattr(call, name)
        assert value is None or (type(value) is int and 0 <= value < 10**12), (name, value)
    for name in TIMES:
        value = getattr(call, name)
        assert value is None or 0 <= value < 10**12
    for text in (call.stop_reason, call.service_tier, call.error_code, call.error_message):
        text.encode()
        assert len(text.splitlines()) <= 1


@pytest.mark.parametrize(
    ("kind", "content", "shown"),
    [
        ("contentBlockDelta", b'{"contentBlockIndex":0,"p":"ab"}', "32 bytes, members contentBlockIndex, p"),
        ("contentBlockDelta", b"", "0 bytes"),
        ("contentBlockDelta", b"[1,2]", "5 bytes, an array of 2"),
        ("contentBlockDelta", b'{"delta":[]}', "12 bytes, members delta"),
        ("contentBlockStart", b"12", "2 bytes, a number"),
        ("messageStop", b"", "0 bytes"),
        ("metadata", b"<a>", "3 bytes: <a>"),
    ],
)
def test_a_malformed_event(answered: Ask, kind: str, content: bytes, shown: str) -> None:
    """An event without its part is one failure, which says what came instead, and keeps the first token."""
    body = frames(good("converse", True)[:6]) + frame(kind, content)
    call = answered("converse", "converse_stream", body)
    assert (call.error, call.error_code, call.error_stage) == ("MalformedEventError", "MalformedEventError", "stream")
    assert call.error_message == f"malformed event {kind}: application/json, {shown}"
    assert call.chunks == 5


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b'{"p":"ab"}', "10 bytes, members p"),
        (b'{"bytes":"no base64"}', "21 bytes, members bytes"),
        (b'{"bytes":5}', "11 bytes, members bytes"),
        (payload("chunk", [1]), "3 bytes, an array of 1"),
        (b'{"bytes":"PGE+"}', "3 bytes: <a>"),
        (payload("chunk", {"type": "content_block_delta", "index": 0}), "43 bytes, members type, index"),
    ],
)
def test_a_malformed_chunk(answered: Ask, content: bytes, shown: str) -> None:
    """The same for chunks of InvokeModel and what is in them."""
    body = frames(good("claude", True)[:3]) + frame("chunk", content)
    call = answered("claude", "invoke_model_with_response_stream", body)
    assert (call.error, call.error_stage) == ("MalformedEventError", "stream")
    assert call.error_message == f"malformed event chunk: application/json, {shown}"


def test_events_that_nobody_knows_are_passed_over(answered: Ask) -> None:
    """Whatever they hold."""
    events = good("converse", True)
    body = frames(events[:2]) + frame("newEvent", b"\xff") + frames(events[2:])
    assert answered("converse", "converse_stream", body).ok


def test_a_second_metadata_event_erases_nothing(answered: Ask) -> None:
    """What the first one said stays, unless the second says otherwise."""
    more: list[tuple[str, Any]] = [
        ("metadata", {"metrics": None, "trace": {}}),
        ("metadata", {"usage": {"outputTokens": 301}}),
    ]
    call = answered("converse", "converse_stream", frames([*good("converse", True), *more]))
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (20, 301, 7)
    assert (call.server_latency_ms, call.service_tier) == (900, "default")


UNKNOWN_OPERATION = b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}'


@pytest.mark.parametrize("family", ["converse", "claude", "llama"])
@pytest.mark.parametrize(
    ("body", "code", "shown"),
    [
        (UNKNOWN_OPERATION, "UnknownOperationException", "90 bytes, members Output, Version"),
        (b"{}", "NotAnAnswerError", "2 bytes, an object without members"),
        (b"[]", "NotAnAnswerError", "2 bytes, an array of 0"),
        (b"", "NotAnAnswerError", "0 bytes"),
        (b"<html>Log in</html>", "NotAnAnswerError", "19 bytes: <html>Log in</html>"),
        (b'{"greeting":[{"message":{"content":"hi"}}]}', "NotAnAnswerError", "43 bytes, members greeting"),
        (b'{"usage":{"input_tokens":5}}', "NotAnAnswerError", "28 bytes, members usage"),
    ],
)
def test_a_wrong_200_is_no_success(answered: Ask, family: str, body: bytes, code: str, shown: str) -> None:
    """An answer without its required part is a failure of its own category."""
    call = answered(family, METHODS[family, False], body)
    assert (call.error, call.error_code, call.error_stage) == ("NotAnAnswerError", code, "response")
    assert call.error_message == f"not an answer of Bedrock: application/json, {shown}"


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("family", ["claude", "llama"])
def test_an_error_in_the_format_of_the_model(answered: Ask, family: str, streams: bool) -> None:
    """A native error that came with status 200 is a failure with its own words."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    body = frames([*good(family, True)[:2], ("chunk", error)]) if streams else json.dumps(error).encode()
    call = answered(family, METHODS[family, streams], body)
    stage = "stream" if streams else "response"
    assert (call.error, call.error_code, call.error_stage) == ("ServiceUnavailableError", "overloaded_error", stage)
    assert call.error_message == "Overloaded"


@pytest.mark.parametrize("streams", [False, True])
def test_what_a_guardrail_did(answered: Ask, streams: bool) -> None:
    """InvokeModel says it beside the model's own stop reason."""
    said = good("claude", streams)
    (said[-1][1] if streams else said)["amazon-bedrock-guardrailAction"] = "INTERVENED"
    call = answered("claude", METHODS["claude", streams], sent("claude", said))
    assert (call.ok, call.stop_reason) == (True, "guardrail_intervened")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("contentBlockDelta", {"delta": {"citation": {"title": "a"}}}),
        ("contentBlockDelta", {"delta": {"image": {"source": {"bytes": "eA=="}}}}),
        ("contentBlockDelta", {"delta": {"toolResult": [{"text": "a"}]}}),
        ("contentBlockDelta", {"delta": {"reasoningContent": {"redactedContent": "eA=="}}}),
        ("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "n"}}}),
        ("contentBlockStart", {"start": {"toolResult": {"toolUseId": "t"}}}),
        ("contentBlockStart", {"start": {"image": {"format": "png"}}}),
    ],
)
def test_other_content_of_converse(answered: Ask, kind: str, said: dict[str, Any]) -> None:
    """Citations, pictures, results and the start of a tool call are content, but no text."""
    end = [("messageStop", {"stopReason": "end_turn"})]
    call = answered(
        "converse", "converse_stream", frames([("messageStart", {"role": "assistant"}), (kind, said), *end])
    )
    assert (call.ok, call.chunks, call.first_text_ms) == (True, 1, None)
    assert call.ttft_ms is not None


@pytest.mark.parametrize(
    "said",
    [
        {"type": "content_block_start", "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": {}}},
        {"type": "content_block_start", "content_block": {"type": "server_tool_use", "id": "t", "name": "n"}},
        {"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "x"}},
        {"type": "content_block_delta", "delta": {"type": "citations_delta", "citation": {"title": "a"}}},
    ],
)
def test_other_content_of_claude(answered: Ask, said: dict[str, Any]) -> None:
    """The same in the format of Claude."""
    body = frames([("chunk", said), ("chunk", {"type": "message_stop"})])
    call = answered("claude", "invoke_model_with_response_stream", body)
    assert (call.ok, call.chunks, call.first_text_ms) == (True, 1, None)


OVERLOADED = b'{"error":{"type":"overloaded_error","message":"Overloaded"}}'
ERROR_TYPE = "x-amzn-ErrorType: ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
REFUSALS: list[tuple[int, str, bytes, str, str]] = [
    (502, "", b"<html><title>502 Bad Gateway</title>", "ServiceUnavailableError", "502"),
    (504, "", b"", "ServiceUnavailableError", "504"),
    (529, "", OVERLOADED, "ServiceUnavailableError", "overloaded_error"),
    (400, "", b'{"message":"no"}', "ValidationError", "400"),
    (413, "", b"too large", "ValidationError", "413"),
    (401, "", b'{"Message":"no"}', "CredentialsError", "401"),
    (404, "", b"[]", "ModelNotFoundError", "404"),
    (407, "", b"", "ConnectionError", "407"),
    (408, "", b"null", "ModelTimeoutError", "408"),
    (424, "", b'{"originalStatusCode":500,"message":"no"}', "ModelError", "424"),
    (500, "", b"{}", "InternalServerError", "500"),
    (307, "Location: https://other.example.com/x?y=z", b"", "ConnectionError", "307"),
    (429, ERROR_TYPE, b'{"message":"no"}', "ThrottlingError", "ThrottlingException"),
    (403, "", b'{"Message":"Bearer Token has expired"}', "CredentialsError", "403"),
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_refusal_of_any_kind(server: RawServer, make_client: Callable[..., BedrockClient], operation: str) -> None:
    """Proxies, gateways and models refuse in ways that botocore does not know."""
    client = make_client(url=server.url)
    for status, header, body, category, code in REFUSALS:
        headers = ["x-amzn-RequestId: r1", *filter(None, [header])]
        answer = response(body, *headers, status=f"{status} Status")
        server.answer = in_pieces([answer])
        call = ask(client, operation)
        assert (call.error, call.error_code) == (category, code)
        assert (call.error_stage, call.request_id) == ("response", "r1")
        assert call.error_message
        assert "y=z" not in call.error_message


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("modelTimeoutException", {"message": "took too long"}, ("ModelTimeoutError", "took too long")),
        (
            "throttlingException",
            {"message": "Too many tokens per day"},
            ("QuotaExceededError", "Too many tokens per day"),
        ),
        (
            "modelStreamErrorException",
            {"message": "broke", "originalStatusCode": 503, "originalMessage": "busy"},
            ("ModelError", "broke (the model itself: status 503: busy)"),
        ),
        ("modelStreamErrorException", {"message": "broke", "originalMessage": "broke"}, ("ModelError", "broke")),
        ("newException", {"Message": "no"}, ("UnknownError", "no")),
        ("internalServerException", [], ("InternalServerError", "internalServerException without a message")),
    ],
)
@pytest.mark.parametrize("family", ["converse", "claude"])
def test_an_exception_in_a_stream_keeps_its_words(
    answered: Ask, family: str, kind: str, said: object, expected: tuple[str, str]
) -> None:
    """Also one that botocore's model of the operation does not have."""
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    body = frames(good(family, True)[:3]) + encode((headers, json.dumps(said).encode()))
    call = answered(family, METHODS[family, True], body)
    assert (call.error, call.error_message, call.error_stage) == (*expected, "stream")


@pytest.mark.parametrize(("code", "category"), [("InternalError", "InternalServerError"), ("Odd", "UnknownError")])
def test_an_error_that_no_model_has(answered: Ask, code: str, category: str) -> None:
    """The event stream has a second way to say that something went wrong."""
    headers = {":message-type": "error", ":error-code": code, ":error-message": "no"}
    call = answered("converse", "converse_stream", frames(good("converse", True)[:3]) + encode((headers, b"")))
    assert (call.error, call.error_code, call.error_message) == (category, code, "no")
    assert call.ttft_ms is not None
