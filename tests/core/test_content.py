"""Bodies that are compressed, of another kind, or larger than any answer, over a real socket."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.errors import AnswerTooLargeError, NotAnAnswerError
from bedrock_locust.wire import content
from bedrock_locust.wire.content import EVENT_STREAM, StreamBody, plain

from .answers import answer, events, frames, streamed, whole
from .raw_server import CLOSE, response, serving
from .test_client import CLAUDE, ask
from .test_eventstream import pieces

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from bedrock_locust.call import Call
    from bedrock_locust.client import BedrockClient

    Ask = Callable[[str, bytes], Call]


@pytest.fixture
def answered(make_client: Callable[..., BedrockClient]) -> Iterator[Ask]:
    """Makes a call that gets these bytes for an answer."""
    said = [b""]

    def answer_it(peer: socket.socket, request: bytes) -> object:
        peer.sendall(said[0])
        return None

    with serving(answer_it) as server:
        client = make_client(url=server.url)

        def asking(operation: str, data: bytes) -> Call:
            said[0] = data
            return ask(client, operation)

        yield asking


def raw_deflate(data: bytes) -> bytes:
    """What some servers call deflate."""
    deflating = zlib.compressobj(wbits=-15)
    return deflating.compress(data) + deflating.flush()


def in_members(data: bytes) -> bytes:
    """A file of gzip may have several parts."""
    return gzip.compress(data[:50]) + gzip.compress(data[50:])


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "gzip in members": ("gzip", in_members),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "identity": ("identity", bytes),
}


def body_of(operation: str) -> bytes:
    """The body of an answer with three tokens."""
    return events(3) if operation == "converse_stream" else whole(3).partition(b"\r\n\r\n")[2]


def sent(operation: str, body: bytes, *headers: str) -> bytes:
    """The answer with this body."""
    return streamed(body, *headers, chunk=7) if operation == "converse_stream" else response(body, *headers)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_compressed_answer(answered: Ask, operation: str, coding: str) -> None:
    """A gateway may compress what it was asked not to: it is read all the same."""
    name, compress = CODINGS[coding]
    call = answered(operation, sent(operation, compress(body_of(operation)), f"content-encoding: {name}"))
    assert (call.error_message, call.output_tokens) == ("", 3)


def test_a_compressed_answer_of_a_model(make_client: Callable[..., BedrockClient]) -> None:
    """The same for InvokeModel, whose body botocore hands over unread."""
    body = {"content": [{"type": "text", "text": "hi"}], "usage": {"input_tokens": 1, "output_tokens": 3}}
    data = response(gzip.compress(json.dumps({**body, "stop_reason": "end_turn"}).encode()), "content-encoding: gzip")
    with serving(lambda peer, _: peer.sendall(data)) as server:
        call = ask(make_client(url=server.url), "invoke_model")
    assert (call.error_message, call.output_tokens) == ("", 3)


def test_a_compressed_refusal(answered: Ask) -> None:
    """What the service says against a call is readable, too."""
    body = gzip.compress(b'{"message":"max_tokens is too large"}')
    said = response(body, "content-encoding: gzip", "x-amzn-errortype: ValidationException", status="400 Bad Request")
    call = answered("converse", said)
    assert (call.error, call.error_message) == ("ValidationError", "max_tokens is too large")


BROKEN = {
    "an unknown coding": ("br", b"\x0b\x02\x80hi\x03", "compressed as br, which this client has not asked for"),
    "two codings": ("gzip, br", b"hi", "compressed as gzip, br"),
    "no gzip": ("gzip", b'{"output":{}}', "it cannot be decompressed as gzip"),
    "the begin of gzip": ("gzip", gzip.compress(b"x" * 100)[:20], "it ends in the middle"),
    "no deflate": ("deflate", b"\xff\xff\xff\xff", "it cannot be decompressed as deflate"),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_compression_that_cannot_be_undone(answered: Ask, operation: str, case: str) -> None:
    """It is named."""
    coding, body, shown = BROKEN[case]
    call = answered(operation, sent(operation, body, f"content-encoding: {coding}"))
    assert (call.error, call.error_code) == ("NotAnAnswerError", "NotAnAnswerError")
    assert shown in call.error_message


PAGE = b"<html><head><title>Sign in</title></head><body>Please log in to the company proxy</body></html>"
NOT_STREAMS = {
    "JSON": (b'{"message":"hello there","id":7}', "application/json", "members message, id"),
    "JSON said to be a stream": (b'{"message":"hello there","id":7}', EVENT_STREAM, "members message, id"),
    "a page": (PAGE, "text/html; charset=utf-8", "text/html, 95 bytes: <html>"),
    "a page said to be a stream": (PAGE, EVENT_STREAM, "95 bytes"),
    "SSE": (b'data: {"choices":[]}\n\ndata: [DONE]\n\n', "text/event-stream", "text/event-stream"),
    "nothing": (b"", "text/plain", "text/plain, 0 bytes"),
    "hardly anything": (b"hi", EVENT_STREAM, "2 bytes"),
    "bytes": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d", "image/png", "image/png, 12 bytes"),
}


@pytest.mark.parametrize("case", NOT_STREAMS)
def test_a_stream_that_is_none(answered: Ask, case: str) -> None:
    """What came instead of an event stream is described; nobody looks for checksums in a page."""
    body, kind, shown = NOT_STREAMS[case]
    call = answered(
        "converse_stream",
        streamed(body, content_type=kind, chunk=5) if body else response(b"", status="200 OK", content_type=kind),
    )
    assert (call.error, call.error_stage) == ("NotAnAnswerError", "stream")
    assert shown in call.error_message
    assert "hello there" not in call.error_message, "values of JSON are not shown"
    assert answered("converse_stream", answer("converse_stream")).ok, "the connection is in order"


def test_events_of_another_kind_that_never_end(make_client: Callable[..., BedrockClient]) -> None:
    """A stream of server-sent events is refused at its begin."""

    def drip(peer: socket.socket, request: bytes) -> object:
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(100):
            peer.sendall(b"14\r\ndata: {}\n\ndata: {}\n\n\r\n")
            gevent.sleep(0.1)
        return CLOSE

    with serving(drip) as server:
        call = make_client(url=server.url, call_limit_s=5).converse_stream(
            modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "hi"}]}]
        )
    assert call.error == "NotAnAnswerError"


@pytest.mark.parametrize("kind", ["application/octet-stream", "", "application/json"])
def test_an_event_stream_under_another_name(answered: Ask, kind: str) -> None:
    """What begins like one is one."""
    assert answered("converse_stream", streamed(events(3), content_type=kind)).output_tokens == 3


def test_a_stream_that_is_damaged_at_once(answered: Ask) -> None:
    """A first frame with a wrong checksum is a broken stream, not another kind of answer."""
    damaged = bytearray(events())
    damaged[9] ^= 1
    assert answered("converse_stream", streamed(bytes(damaged))).error == "StreamInterruptedError"


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_an_answer_beyond_all_bounds(answered: Ask, operation: str) -> None:
    """It is a failure of its own, however it is sent."""
    event = frames([("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "x" * 1_000_000}})])
    body = event * 70 if operation == "converse_stream" else b'{"x":"' + b"x" * 70_000_000 + b'"}'
    for data in (sent_at_once(operation, body), sent_at_once(operation, gzip.compress(body, 1), "gzip")):
        call = answered(operation, data)
        assert (call.error, call.error_code) == ("NotAnAnswerError", "AnswerTooLargeError")
        assert "larger than 64 MB" in call.error_message


def sent_at_once(operation: str, body: bytes, coding: str = "identity") -> bytes:
    """The answer with this body, with its length."""
    kind = EVENT_STREAM if operation == "converse_stream" else "application/json"
    return response(body, f"content-encoding: {coding}", content_type=kind)


@given(st.sampled_from(list(CODINGS)), st.binary(max_size=500), st.lists(st.integers(0, 600), max_size=9))
def test_any_split(coding: str, data: bytes, at: list[int]) -> None:
    """A stream is decompressed however it is cut, and so is a whole body."""
    name, compress = CODINGS[coding]
    begun = events()
    received = bytearray()
    body = StreamBody({"content-encoding": name}, received.extend)
    for piece in pieces(compress(begun + data), at):
        body.feed(piece)
    body.end()
    assert bytes(received) == begun + data
    assert plain(compress(data), {"content-encoding": name}) == data


def test_a_small_body_that_swells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decompressed beyond the limit."""
    monkeypatch.setattr(content, "LIMIT", 1000)
    for size, fine in ((1000, True), (1001, False), (10_000_000, False)):
        compressed = gzip.compress(bytes(size))
        if fine:
            assert plain(compressed, {"content-encoding": "gzip"}) == bytes(size)
        else:
            with pytest.raises(AnswerTooLargeError):
                plain(compressed, {"content-encoding": "gzip"})
    with pytest.raises(NotAnAnswerError):
        plain(b"", {"content-encoding": "zstd"})
