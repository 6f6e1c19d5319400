"""What bodies are: of each kind, compressed or not, however they are cut; and how large they may be, on both sides."""

from __future__ import annotations

import gzip
import zlib
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.errors import AnswerTooLargeError, ModelFailedError, NotAnAnswerError
from bedrock_locust.wire import content
from bedrock_locust.wire.content import EVENT_STREAM, SseBody, StreamBody, plain, readable

from .answers import events

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM, SSE = {"content-type": EVENT_STREAM}, {"content-type": "text/event-stream"}
FRAMES = events()
DAMAGED = bytearray(FRAMES)
DAMAGED[9] ^= 1
PAGE = b"<html>Sign in</html>"
DATA = b"data: {}\n\n"


def deflated(data: bytes, window: int) -> bytes:
    """Compressed with a window of zlib."""
    deflating = zlib.compressobj(wbits=window)
    return deflating.compress(data) + deflating.flush()


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """The whole, in two parts, and in single bytes."""
    yield from ([data[:at], data[at:]] if at else [data] for at in range(0, len(data), max(1, len(data) // 60)))
    yield [data[at : at + 1] for at in range(len(data))]


def outcome(kind: type[StreamBody], headers: dict[str, str], pieces: list[bytes]) -> bytes | str:
    """What comes through, or why it is refused."""
    passed = bytearray()
    try:
        body = kind(headers, passed.extend)
        for piece in pieces:
            body.feed(piece)
        body.end()
    except (NotAnAnswerError, ModelFailedError) as error:
        return f"{type(error).__name__}: {error}"
    return bytes(passed)


NOT = "NotAnAnswerError: not an answer of Bedrock: "
AS_GZIP = f"{NOT}it cannot be decompressed as gzip "
STREAMS: dict[str, tuple[type[StreamBody], dict[str, str], bytes, bytes | str]] = {
    "frames": (StreamBody, STREAM, FRAMES, FRAMES),
    "frames with parameters": (StreamBody, {"content-type": f" {EVENT_STREAM.upper()} ; v=1"}, FRAMES, FRAMES),
    "frames of no type": (StreamBody, {}, FRAMES, FRAMES),
    "frames said to be a page": (StreamBody, {"content-type": "text/html"}, FRAMES, FRAMES),
    "a damaged begin": (StreamBody, STREAM, bytes(DAMAGED), bytes(DAMAGED)),
    "a damaged begin of no type": (StreamBody, {}, bytes(DAMAGED), NOT),
    "a first byte of 1": (StreamBody, STREAM, b"\x01" + bytes(20), b"\x01" + bytes(20)),
    "a first byte of 2": (StreamBody, STREAM, b"\x02" + bytes(20), NOT),
    "few bytes, the first of them 1": (StreamBody, STREAM, b"\x01\xff", b"\x01\xff"),
    "few bytes, the first of them 2": (StreamBody, STREAM, b"\x02\xff", NOT),
    "nothing of a stream": (StreamBody, STREAM, b"", b""),
    "nothing of a page": (StreamBody, {"content-type": "text/html"}, b"", f"{NOT}text/html, 0 bytes"),
    "a page": (StreamBody, {"content-type": "text/html"}, PAGE, f"{NOT}text/html, 20 bytes: {PAGE.decode()}"),
    "a page said to be a stream": (StreamBody, STREAM, PAGE, f"{NOT}{EVENT_STREAM}, 20 bytes"),
    "events in place of frames": (StreamBody, SSE, b"data: {}\n\nevent: x\n", f"{NOT}text/event-stream, "),
    "gzip": (StreamBody, {"content-encoding": " GZip "}, gzip.compress(FRAMES), FRAMES),
    "gzip of too little": (StreamBody, {"content-encoding": "x-gzip"}, gzip.compress(FRAMES[:9]), NOT),
    "gzip in two parts": (
        StreamBody,
        {"content-encoding": "gzip"},
        gzip.compress(FRAMES[:9]) + gzip.compress(FRAMES[9:]),
        FRAMES,
    ),
    "deflate": (StreamBody, {"content-encoding": "deflate"}, deflated(FRAMES, 15), FRAMES),
    "raw deflate": (StreamBody, {"content-encoding": "deflate"}, deflated(FRAMES, -15), FRAMES),
    "zlib said to be gzip": (StreamBody, {"content-encoding": "gzip"}, deflated(FRAMES, 15), AS_GZIP),
    "gzip that ends early": (
        StreamBody,
        {"content-encoding": "gzip"},
        gzip.compress(FRAMES)[:-1],
        f"{AS_GZIP}(it ends in the middle)",
    ),
    "nothing, compressed": (StreamBody, {**STREAM, "content-encoding": "gzip"}, b"", b""),
    "another compression": (StreamBody, {"content-encoding": "br"}, b"", f"{NOT}compressed as br, which this client"),
    "server-sent events": (SseBody, SSE, DATA, DATA),
    "server-sent events of no type": (SseBody, {}, DATA, DATA),
    "events with a mark and blank lines": (SseBody, {}, b"\xef\xbb\xbf\r\n\n" + DATA, b"\xef\xbb\xbf\r\n\n" + DATA),
    "events that begin with a name": (SseBody, {}, b"event: a\n" + DATA, b"event: a\n" + DATA),
    "events that begin with an id": (SseBody, {}, b"id:7\n" + DATA, b"id:7\n" + DATA),
    "events that begin with a wait": (SseBody, {}, b"retry:7\n" + DATA, b"retry:7\n" + DATA),
    "events that begin with a comment": (SseBody, {}, b":\n" + DATA, b":\n" + DATA),
    "events after 59 blank lines": (SseBody, {}, b"\n" * 59 + DATA, b"\n" * 59 + DATA),
    "events after 60 blank lines": (SseBody, {}, b"\n" * 60 + DATA, NOT),
    "events that begin with another field": (SseBody, SSE, b"x: y\n" + DATA, b"x: y\n" + DATA),
    "another field of no type": (SseBody, {}, b"x: y\n" + DATA, NOT),
    "a page in place of events": (SseBody, SSE, PAGE, f"{NOT}text/event-stream, 20 bytes"),
    "a list in place of events": (SseBody, SSE, b"[1, 2]", f"{NOT}text/event-stream, 6 bytes, an array of 2"),
    "frames in place of events": (SseBody, SSE, FRAMES, f"{NOT}text/event-stream, "),
    "zeros in place of events": (SseBody, SSE, b"\x01abc", f"{NOT}text/event-stream, 4 bytes"),
    "an error in place of events": (
        SseBody,
        SSE,
        b'{"error": {"message": "overloaded", "type": "server_error"}}',
        "ModelFailedError: overloaded",
    ),
    "no events": (SseBody, SSE, b"", b""),
    "no events of no type": (SseBody, {}, b"", f"{NOT}no content type, 0 bytes"),
    "blank lines": (SseBody, SSE, b"\n\n", NOT),
    "events, compressed": (SseBody, {"content-encoding": "gzip"}, gzip.compress(DATA), DATA),
    "events, compressed, that end early": (
        SseBody,
        {"content-encoding": "gzip"},
        gzip.compress(DATA)[:-1],
        f"{AS_GZIP}(it ends in the middle)",
    ),
}


@pytest.mark.parametrize("case", STREAMS)
def test_each_stream_however_it_is_cut(case: str) -> None:
    """What comes through is all of it, once; what is something else is described."""
    kind, headers, data, expected = STREAMS[case]
    for pieces in cuts(data):
        found = outcome(kind, headers, pieces)
        if isinstance(expected, bytes):
            assert found == expected, pieces
        else:
            assert isinstance(found, str), pieces
            assert found.startswith(expected), pieces


def test_a_stream_is_known_as_soon_as_it_can_be() -> None:
    """All that has come is passed on then, and the rest as it comes; of what is compressed, as it can be read."""
    passed = list[bytes]()
    body = StreamBody({}, passed.append)
    body.feed(FRAMES[:11])
    assert passed == []
    body.feed(FRAMES[11:12])
    body.feed_on(FRAMES[12:])
    assert passed == [FRAMES[:12], FRAMES[12:]]
    body = StreamBody({"content-encoding": "gzip"}, passed.append)
    body.feed_on(gzip.compress(FRAMES))
    SseBody(SSE, passed.append).feed(b"d")
    StreamBody(STREAM, passed.append).feed(b"\x01" + bytes(20))
    assert passed[2:] == [FRAMES, b"d", b"\x01" + bytes(20)]
    with pytest.raises(NotAnAnswerError):
        StreamBody(SSE, passed.append).feed(DATA + b"da")


BODIES: list[tuple[dict[str, str], bytes, bytes | None]] = [
    ({}, b"", b""),
    ({}, b"ab", b"ab"),
    ({"content-encoding": "Identity "}, b"ab", b"ab"),
    ({"content-encoding": "gzip"}, b"", b""),
    ({"content-encoding": "gzip"}, gzip.compress(b"ab"), b"ab"),
    ({"content-encoding": "gzip"}, gzip.compress(b""), b""),
    ({"content-encoding": "gzip"}, gzip.compress(b"ab")[:-1], None),
    ({"content-encoding": "gzip"}, deflated(b"ab", 15), None),
    ({"content-encoding": "gzip"}, b"ab", None),
    ({"content-encoding": "x-gzip"}, deflated(b"ab", 15), None),
    ({"content-encoding": "x-gzip"}, gzip.compress(b"a") + gzip.compress(b"b"), b"ab"),
    ({"content-encoding": "deflate"}, deflated(b"ab", 15), b"ab"),
    ({"content-encoding": "deflate"}, deflated(b"ab", -15), b"ab"),
    ({"content-encoding": "deflate"}, gzip.compress(b"ab"), None),
    ({"content-encoding": "zstd"}, b"ab", None),
]


@pytest.mark.parametrize(("headers", "body", "expected"), BODIES, ids=map(str, range(len(BODIES))))
def test_each_whole_body(headers: dict[str, str], body: bytes, expected: bytes | None) -> None:
    """Decompressed, or refused; where it is only to be shown, as it is."""
    if expected is None:
        with pytest.raises(NotAnAnswerError):
            plain(body, headers)
    else:
        assert plain(body, headers) == expected
    assert readable(body, headers) == (body if expected is None else expected)


LIMIT = 67_108_864


def test_the_limit_of_a_body() -> None:
    """64 MB, and no byte more, as they come and once they are decompressed; what is only shown is shown as it is."""
    assert content.LIMIT == LIMIT
    largest = bytes(LIMIT)
    assert len(plain(largest, {})) == LIMIT
    body = StreamBody(STREAM, lambda _: None)
    body.feed(largest)
    larger = largest + b"x"
    for attempt in (lambda: plain(larger, {}), lambda: body.feed(b"x")):
        with pytest.raises(AnswerTooLargeError) as caught:
            attempt()
        assert str(caught.value) == "not an answer of Bedrock: larger than 64 MB (67,108,865 bytes so far)"
    assert readable(larger, {}) is larger


@pytest.mark.parametrize("parts", [1, 2])
def test_the_limit_of_what_is_decompressed(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """All parts of it together, whole or as it comes."""
    monkeypatch.setattr(content, "LIMIT", 1000)
    coding = {"content-encoding": "gzip"}
    for size in (1000, 1001):
        data = FRAMES + bytes(size - len(FRAMES))
        step = size // parts + 1
        compressed = b"".join(gzip.compress(data[at : at + step]) for at in range(0, size, step))
        passed = bytearray()
        body = StreamBody(coding, passed.extend)
        if size == 1000:
            assert plain(compressed, coding) == data
            body.feed(compressed)
            assert bytes(passed) == data
            continue
        for take in (partial(plain, headers=coding), body.feed):
            with pytest.raises(AnswerTooLargeError, match="bytes so far"):
                take(compressed)


def test_nothing_is_decompressed_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much there is: as much again as may be, at most."""
    monkeypatch.setattr(content, "LIMIT", 1000)
    coding = {"content-encoding": "gzip"}
    large = gzip.compress(bytes(1_000_000))
    for take in (partial(plain, headers=coding), StreamBody(coding, lambda _: None).feed):
        with pytest.raises(AnswerTooLargeError) as caught:
            take(large)
        assert str(caught.value) == "not an answer of Bedrock: larger than 0 MB (2,000 bytes so far)"


@pytest.mark.parametrize(("window", "why"), [(15, "incorrect data check"), (-15, "invalid block type")])
def test_what_breaks_in_the_middle_is_told_as_it_was_read(window: int, why: str) -> None:
    """Once something has been read in one way, no other is tried."""
    body = StreamBody({"content-encoding": "deflate"}, lambda _: None)
    deflating = zlib.compressobj(wbits=window)
    body.feed(deflating.compress(FRAMES) + deflating.flush(zlib.Z_SYNC_FLUSH))
    with pytest.raises(NotAnAnswerError) as caught:
        body.feed(deflating.flush()[:-4] + b"wrong" if window == 15 else b"\x07wrong")
    assert str(caught.value).startswith(f"{NOT.partition(' ')[2]}it cannot be decompressed as deflate (")
    assert why in str(caught.value)
