"""Hostile input: the right error or a closed connection, and a simulator that goes on as before."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .calls import CLAUDE, PROMPT, body
from .conformance.families import FAMILIES
from .process import DEADLINE_S, Simulator, error_of, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

MEGABYTE = 1_000_000
LIMIT = 25 * MEGABYTE
CONVERSE = f"/model/{CLAUDE}/converse"
STREAM = f"/model/{CLAUDE}/converse-stream"
REQUEST = json.dumps({"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}).encode()
IDLE = 10_000
SPARE = 50
"""Files that a simulator may open and close by itself in the meantime."""


def head(path: str, length: int | str, *more: str) -> bytes:
    """The head of a request that says how long its body is."""
    lines = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def connect(simulator: Simulator) -> socket.socket:
    """A connection with a deadline."""
    return socket.create_connection(("127.0.0.1", simulator.port), timeout=DEADLINE_S)


def exchange(simulator: Simulator, sent: bytes) -> bytes:
    """What comes back for these bytes until the connection is closed, or the client has said that it is done."""
    received = b""
    with connect(simulator) as connection, contextlib.suppress(OSError):
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            received += piece
    return received


def assert_works(simulator: Simulator) -> None:
    """Fail unless calls are answered and none is left over."""
    status, _, _ = simulator.request("POST", CONVERSE, REQUEST)
    assert status == 200
    wait_for(lambda: simulator.stats()["in_flight"] == 0, "no call is left over")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda noise: head(CONVERSE, 5) + noise))
def test_random_bytes(simulator: Simulator, noise: bytes) -> None:
    """Random bytes are a 4xx or a closed connection."""
    answer = exchange(simulator, noise)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4", b"\0")), answer[:100]


def test_random_bytes_do_no_harm(simulator: Simulator) -> None:
    """After a thousand bad connections it answers as before, with no more files open."""
    process = psutil.Process(simulator.process.pid)
    assert_works(simulator)
    before = process.num_fds()
    for number in range(1000):
        with connect(simulator) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(number.to_bytes(2, "big") * 20)
    assert_works(simulator)
    wait_for(lambda: process.num_fds() <= before + 5, "the connections are closed")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all members in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_in(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another one at this place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


FULL_CLAUDE = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 9,
    "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "messages": [
        {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "image", "source": {}}]}]},
        {"role": "assistant", "content": [{"type": "tool_use", "name": "n", "input": {"a": 1}}]},
    ],
    "tools": [{"name": "n", "input_schema": {"type": "object", "properties": {"a": {"enum": [1]}}}}],
    "tool_choice": {"type": "tool", "name": "n"},
    "thinking": {"type": "enabled", "budget_tokens": 5},
    "stop_sequences": ["a"],
}
FULL_CONVERSE = {
    "messages": [
        {"role": "user", "content": [{"toolResult": {"content": [{"text": "a"}, {"json": {"b": 1}}]}}, {"image": {}}]},
        {"role": "assistant", "content": [{"toolUse": {"name": "n", "input": {}}}, {"guardContent": {"text": {}}}]},
        {"role": "user", "content": [{"reasoningContent": {"reasoningText": {"text": "c"}}}]},
    ],
    "system": [{"text": "s"}, {"cachePoint": {"type": "default", "ttl": "5m"}}],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "n", "inputSchema": {"json": {"type": "object"}}}}],
        "toolChoice": {"tool": {"name": "n"}},
    },
    "inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"], "temperature": 0},
    "additionalModelRequestFields": {"thinking": {"type": "enabled"}},
    "additionalModelResponseFieldPaths": ["/stop_sequence"],
    "performanceConfig": {"latency": "standard"},
    "serviceTier": {"type": "flex"},
}
FULL_CHAT = {
    "messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}, {"role": "tool", "tool_calls": [{}]}],
    "tools": [{"type": "function", "function": {"name": "n", "parameters": {}}}],
    "tool_choice": {"type": "function", "function": {"name": "n"}},
    "stop": ["a"],
    "reasoning_effort": "low",
}
REQUESTS: list[tuple[str, str, Any]] = [
    ("converse", "x", FULL_CONVERSE),
    ("converse-stream", "x", FULL_CONVERSE),
    ("count-tokens", "x", {"input": {"converse": FULL_CONVERSE}}),
    ("count-tokens", CLAUDE, {"input": {"invokeModel": {"body": "e30="}}}),
    ("invoke", CLAUDE, FULL_CLAUDE),
    ("invoke-with-response-stream", CLAUDE, FULL_CLAUDE),
    ("invoke", "amazon.nova-pro-v1:0", FULL_CONVERSE | {"reasoningConfig": {"type": "enabled"}}),
    ("invoke", "openai.gpt-oss-20b-1:0", FULL_CHAT),
    ("invoke", "unknown", FULL_CHAT),
    *[("invoke", family.model_id.replace("/", "%2F"), family.request) for family in FAMILIES.values()],
]


@pytest.mark.parametrize(
    ("operation", "model_id", "request_"),
    [
        ("converse", "x", FULL_CONVERSE),
        ("converse-stream", CLAUDE, FULL_CONVERSE),
        ("invoke", CLAUDE, FULL_CLAUDE),
        ("invoke", "openai.gpt-oss-20b-1:0", FULL_CHAT),
    ],
)
def test_half_a_character_is_refused(simulator: Simulator, operation: str, model_id: str, request_: Any) -> None:
    """JSON may have one and UTF-8 may not, so no answer depends on it; also at a temperature of 0."""
    request = replaced(request_, ("messages", 0, "content", 0), {"text": "a\ud800", "type": "text"})
    status, headers, answer = simulator.request("POST", f"/model/{model_id}/{operation}", json.dumps(request).encode())
    assert (status, error_of(headers)) == (400, "ValidationException")
    assert b"Invalid JSON" in answer


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bad_json_at_every_depth(simulator: Simulator, data: st.DataObject) -> None:
    """A request in which any one member is replaced by anything is answered, or refused with a ValidationException."""
    operation, model_id, request = data.draw(st.sampled_from(REQUESTS))
    path = data.draw(st.sampled_from(sorted(paths_in(request), key=str)))
    changed = replaced(request, path, data.draw(JSON))
    status, headers, answer = simulator.request("POST", f"/model/{model_id}/{operation}", json.dumps(changed).encode())
    assert status == 200 or (status, error_of(headers)) == (400, "ValidationException"), answer[:300]


@pytest.mark.parametrize("operation", ["converse", "invoke", "count-tokens", "invoke-with-response-stream"])
@pytest.mark.parametrize("model_id", [CLAUDE, "unknown"])
@pytest.mark.parametrize(
    "request_body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"input": {"invokeModel": {"body": "!"}}}',
    ],
    ids=["empty", "half", "not-utf8", "null", "deep-list", "deep-object", "surrogate", "nested", "no-base64"],
)
def test_no_json(simulator: Simulator, operation: str, model_id: str, request_body: bytes) -> None:
    """What is no JSON, or none that makes sense, is a ValidationException."""
    status, headers, _ = simulator.request("POST", f"/model/{model_id}/{operation}", request_body)
    assert (status, error_of(headers)) == (400, "ValidationException")


def test_deep_settings(simulator: Simulator) -> None:
    """Settings that are nested too deeply are a mistake like any other."""
    assert simulator.request("POST", "/_simulator/settings", b"[" * 100_000)[0] == 400


def test_body_of_the_largest_size(simulator: Simulator) -> None:
    """A body of 25 MB is read, and one byte more is a ValidationException; so is one much larger."""
    empty = len(body(CLAUDE, ""))
    status, _, answer = simulator.request("POST", f"/model/{CLAUDE}/invoke", body(CLAUDE, "x" * (LIMIT - empty)))
    assert (status, json.loads(answer)["usage"]["input_tokens"]) == (200, -(-(LIMIT - empty) // 4))
    for size in (LIMIT + 1, 2 * LIMIT):
        request = body(CLAUDE, "x" * (size - empty))
        status, headers, answer = simulator.request("POST", f"/model/{CLAUDE}/invoke", request)
        assert (status, error_of(headers)) == (400, "ValidationException")
        assert "25000000" in json.loads(answer)["message"]
    assert_works(simulator)


def test_endless_body(simulator: Simulator) -> None:
    """A body that never ends is cut off, and takes no memory."""
    process, sent = psutil.Process(simulator.process.pid), 0
    before = process.memory_info().rss
    with connect(simulator) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(head(CONVERSE, 10**12))
        while sent < 40 * LIMIT:
            connection.sendall(b"x" * MEGABYTE)
            sent += MEGABYTE
    assert sent < 40 * LIMIT
    assert process.memory_info().rss - before < 8 * LIMIT
    assert_works(simulator)


@pytest.mark.parametrize("length", ["-1", "x", "99999999999999999999999", "1e3", "5, 6"])
def test_content_length_that_is_none(simulator: Simulator, length: str) -> None:
    """A length that is no number is a 400."""
    answer = exchange(simulator, head(CONVERSE, length) + REQUEST)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert_works(simulator)


def test_content_length_that_lies(simulator: Simulator) -> None:
    """A body shorter than it says is a 400, and so is one that is cut off by its length."""
    assert exchange(simulator, head(CONVERSE, len(REQUEST) + 100) + REQUEST).startswith(b"HTTP/1.1 400 ")
    answer = exchange(simulator, head(CONVERSE, len(REQUEST) - 1) + REQUEST)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert_works(simulator)
    assert [call["outcome"] for call in simulator.ended(3)] == ["client_gone", "ValidationException", "ok"]


@pytest.mark.parametrize("end", [5, 30, 80, 130, 160])
def test_half_requests(simulator: Simulator, end: int) -> None:
    """A request that breaks off anywhere leaves nothing behind."""
    exchange(simulator, (head(CONVERSE, len(REQUEST)) + REQUEST)[:end])
    assert_works(simulator)


def test_header_that_is_too_long(simulator: Simulator) -> None:
    """A megabyte of headers is refused."""
    answer = exchange(simulator, head(CONVERSE, 0, "x-long: " + "x" * MEGABYTE))
    assert not answer or answer.startswith(b"HTTP/1.1 4")
    assert_works(simulator)


@pytest.mark.parametrize("path", ["/model/%/converse", "/model/%ff%00/converse", "/model/..%2f../converse"])
def test_odd_paths(simulator: Simulator, path: str) -> None:
    """Any model id will do, and what is no URL is a 400."""
    assert simulator.request("POST", path, REQUEST)[0] in (200, 400)
    assert_works(simulator)


def test_clients_that_go_away_free_their_places(simulator: Simulator) -> None:
    """When all who have a place leave in mid-stream, those who wait for one get it at once."""
    simulator.set(max_batch=3, output_tokens=1000, tpot_ms=1000)
    leaving = [_open_stream(simulator) for _ in range(3)]
    wait_for(lambda: simulator.stats()["in_flight"] == 3, "three calls")
    with connect(simulator) as waiting:
        waiting.sendall(head(STREAM, len(REQUEST)) + REQUEST)
        wait_for(lambda: simulator.stats()["in_flight"] == 4, "the fourth call")
        for connection in leaving:
            connection.close()
        assert b"HTTP/1.1 200" in waiting.recv(65536)
        wait_for(lambda: simulator.stats()["in_flight"] == 1, "only the last call goes on")
    assert [call["outcome"] for call in simulator.ended(4)] == ["client_gone"] * 4


def _open_stream(simulator: Simulator) -> socket.socket:
    connection = connect(simulator)
    connection.sendall(head(STREAM, len(REQUEST)) + REQUEST)
    assert b"200 OK" in connection.recv(100)
    return connection


HOLDER = """
import resource, socket, sys
port, count = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 500, hard))
held = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(count)]
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def idle_connections(simulator: Simulator, count: int) -> Iterator[None]:
    """Idle connections, held by a process of its own, because this one may not open that many files."""
    command = [sys.executable, "-c", HOLDER, str(simulator.port), str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
        process.communicate(timeout=DEADLINE_S)


def test_idle_connections(simulator: Simulator) -> None:
    """With 10,000 idle connections it answers, and once they are closed no file is left open."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(IDLE, hard - 1000) if hard != resource.RLIM_INFINITY else IDLE
    process = psutil.Process(simulator.process.pid)
    before = process.num_fds()
    with idle_connections(simulator, count):
        wait_for(lambda: process.num_fds() >= count, "all connections are accepted")
        assert_works(simulator)
    wait_for(lambda: process.num_fds() < before + SPARE, "the connections are closed")
