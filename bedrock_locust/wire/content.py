"""The body of a response: decompressed, of the kind that was asked for, and no larger than an answer can be.

The client asks for no compression (`accept-encoding: identity`), but gateways compress all the same.
"""

from __future__ import annotations

import contextlib
import zlib
from typing import TYPE_CHECKING, Any
from zlib import crc32

from bedrock_locust.errors import AnswerTooLargeError, NotAnAnswerError
from bedrock_locust.errors.refusal import parse
from bedrock_locust.formats.required import not_an_answer, refuse_error
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIMIT = 64 * 1024 * 1024
"""Bytes of a response. The longest answers, 128,000 tokens with an event each, have some 40 million."""
EVENT_STREAM = "application/vnd.amazon.eventstream"
PRELUDE_SIZE, CRC_AT = 12, 8
"""Bytes at the beginning of a frame, and the place of the CRC-32 of the bytes before it."""
LENGTH_BEGINS = 1
"""The largest first byte of a frame, because no frame is longer than 25 MB; no text begins with such a byte."""
SSE = (b"data:", b"event:", b"id:", b"retry:", b":")
"""The beginnings of a stream of server-sent events."""
SSE_BEGIN = 64
"""Bytes that tell such a stream: its first field, after blank lines."""
OTHER_TEXT = b"{[<\x00\x01"
"""First bytes of JSON, of a page, and of an event stream of AWS."""
WINDOWS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""Content coding -> what zlib calls it. What `deflate` means differs from server to server (RFC 9110, 8.4.1.2)."""


def is_event_stream(headers: Mapping[str, str]) -> bool:
    """Whether a response says that it is one. The names of the headers are in small letters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM


def is_sse(headers: Mapping[str, str]) -> bool:
    """Whether a response says that it is a stream of server-sent events."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "text/event-stream"


def too_large(size: int) -> AnswerTooLargeError:
    """The failure of a response of which this many bytes have come."""
    return AnswerTooLargeError(f"not an answer of Bedrock: larger than {LIMIT // 1024**2} MB ({size:,} bytes so far)")


def plain(body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole body, decompressed. Raises NotAnAnswerError where it cannot be, AnswerTooLargeError."""
    inflater = _inflater(headers)
    if inflater and body:
        body = inflater.feed(body)
        inflater.end()
    if len(body) > LIMIT:
        raise too_large(len(body))
    return body


def readable(body: bytes, headers: Mapping[str, str]) -> bytes:
    """A whole body, decompressed where it can be."""
    try:
        return plain(body, headers)
    except NotAnAnswerError:
        return body


class StreamBody:
    """The body of a stream, which `feed` gets as it comes, once it is known to be an event stream.

    It is one if it begins like one, whatever its content type says. `feed` and `end` raise NotAnAnswerError
    where it is something else, with what it is, and AnswerTooLargeError.
    """

    def __init__(self, headers: Mapping[str, str], feed: Callable[[bytes], None]) -> None:
        self._headers = headers
        self._feed = feed
        self._inflater = _inflater(headers)
        self._begun: bytearray | None = bytearray()
        """What has come before it is known what it is, or all of what is no event stream."""
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._inflater:
            data = self._inflater.feed(data)
        self._size += len(data)
        if self._size > LIMIT:
            raise too_large(self._size)
        if self._begun is None:
            self._feed(data)
        else:
            self._begun += data
            self._look(self._begun)

    @property
    def feed_on(self) -> Callable[[bytes], None]:
        """What may take the rest, once an event has come, if the size of the response is watched elsewhere."""
        return self.feed if self._inflater else self._feed

    def _look(self, begun: bytearray) -> None:
        """Go on with an event stream. Events of another kind may never end; a page is read whole to be described."""
        if len(begun) < PRELUDE_SIZE:
            return
        if self._may_be_stream(begun):
            self._begun = None
            self._feed(bytes(begun))
        elif begun.startswith(SSE):
            raise self._wrong(begun)

    def _may_be_stream(self, begun: bytearray) -> bool:
        """Whether it begins with a frame. If that is damaged, the content type is believed, unless this is text."""
        if crc32(begun[:CRC_AT]) == int.from_bytes(begun[CRC_AT:PRELUDE_SIZE], "big"):
            return True
        return is_event_stream(self._headers) and begun[0] <= LENGTH_BEGINS

    def end(self) -> None:
        """The body has ended."""
        if self._inflater and self._size:
            self._inflater.end()
        if self._begun is None:
            return
        if not is_event_stream(self._headers) or (self._begun and self._begun[0] > LENGTH_BEGINS):
            raise self._wrong(self._begun)
        self._feed(bytes(self._begun))

    def _wrong(self, content: bytearray) -> NotAnAnswerError:
        return not_an_answer(bytes(content), self._headers.get("content-type", ""))


class SseBody(StreamBody):
    """The same for a stream of server-sent events.

    Besides, `feed` and `end` raise ModelFailedError for an error of the service in place of a stream.
    """

    def _look(self, begun: bytearray) -> None:
        start = bytes(begun[:SSE_BEGIN]).lstrip(b"\xef\xbb\xbf\r\n")
        if start.startswith(SSE) or (is_sse(self._headers) and start and start[0] not in OTHER_TEXT):
            self._begun = None
            self._feed(bytes(begun))

    def end(self) -> None:
        """The body has ended."""
        if self._inflater and self._size:
            self._inflater.end()
        if self._begun is None or (is_sse(self._headers) and not self._begun):
            return
        with contextlib.suppress(ValueError):
            refuse_error(parse(bytes(self._begun)))
        raise self._wrong(self._begun)


def _inflater(headers: Mapping[str, str]) -> _Inflater | None:
    """What undoes the compression of a response, if there is one. Raises NotAnAnswerError for an unknown one."""
    coding = headers.get("content-encoding", "").strip().lower()
    if coding in ("", "identity"):
        return None
    if coding not in WINDOWS:
        raise NotAnAnswerError(
            f"not an answer of Bedrock: compressed as {word(coding)}, which this client has not asked for and cannot"
            " undo. Look for a gateway or proxy on the way that compresses"
        )
    return _Inflater(coding)


class _Inflater:
    """Undoes a compression."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._windows = list(WINDOWS[coding])
        self._object: Any = zlib.decompressobj(self._windows.pop(0))
        self._begun = b""
        """What has come while another way to read it may have to be tried."""
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """The next bytes, decompressed."""
        if self._windows:
            self._begun += data
        try:
            return self._decompress(data)
        except zlib.error as error:
            if not self._windows:
                raise self._broken(str(error)) from None
            self._object = zlib.decompressobj(self._windows.pop())
            return self.feed(self._begun)

    def _decompress(self, data: bytes) -> bytes:
        parts = []
        while data and self._size <= LIMIT:
            parts.append(self._object.decompress(data, LIMIT))
            self._size += len(parts[-1])
            data = self._object.unconsumed_tail
            if self._object.eof and self._object.unused_data:
                data = self._object.unused_data
                self._object = zlib.decompressobj(WINDOWS[self._coding][0])
        if self._size:
            self._windows.clear()
        if self._size > LIMIT:
            raise too_large(self._size)
        return b"".join(parts)

    def end(self) -> None:
        """The body has ended. Raises NotAnAnswerError if something is missing."""
        if not self._object.eof:
            raise self._broken("it ends in the middle")

    def _broken(self, why: str) -> NotAnAnswerError:
        return NotAnAnswerError(f"not an answer of Bedrock: it cannot be decompressed as {self._coding} ({why})")
