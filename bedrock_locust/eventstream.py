"""The event stream of a streamed answer: frames out of bytes, however these are cut.

Framing as in "Event stream encoding" of the AWS SDK references, and as botocore decodes it; a
damaged stream raises botocore's own errors.
"""

from __future__ import annotations

import json
import struct
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from botocore.eventstream import (
    ChecksumMismatch,
    EventStreamHeaderParser,
    InvalidHeadersLength,
    InvalidPayloadLength,
    ParserError,
)
from botocore.exceptions import EventStreamError
from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from collections.abc import Iterator

_prelude = struct.Struct("!III").unpack_from
"""Length of the frame, length of its headers, CRC-32 of these two."""
_crc = struct.Struct("!I").unpack_from
PRELUDE_SIZE, CRC_SIZE = 12, 4
MAX_HEADERS = 128 * 1024
MAX_PAYLOAD = 24 * 1024 * 1024
CACHE_LIMIT = 256
_known_headers: dict[bytes, dict[str, Any]] = {}
"""Header blocks and what they say: a service sends the same few over and over."""

_from_json = json.JSONDecoder().raw_decode
"""json.loads without its search for the encoding: the payload of an event is one JSON value in UTF-8."""


class Frame(NamedTuple):
    """One message of a stream."""

    headers: dict[str, Any]
    payload: bytes


class Decoder:
    """Bytes to frames, as soon as the last byte of each is there."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete. Raises botocore's ParserError for a damaged stream."""
        if self._rest:
            data = self._rest + data
        start, size = 0, len(data)
        while size - start >= PRELUDE_SIZE:
            length, headers_length, crc = _prelude(data, start)
            _check(crc, crc32(data[start : start + 8]))
            _check_lengths(length, headers_length)
            end = start + length
            if end > size:
                break
            # Before the frame is handed out: whoever takes it may stop there.
            self._rest = data[end:]
            yield self._frame(data[start:end], headers_length)
            start = end
        self._rest = data[start:]

    def _frame(self, data: bytes, headers_length: int) -> Frame:
        """A whole frame, its content checked."""
        _check(_crc(data, len(data) - CRC_SIZE)[0], crc32(data[:-CRC_SIZE]))
        block = data[PRELUDE_SIZE : PRELUDE_SIZE + headers_length]
        headers = _known_headers.get(block)
        if headers is None:
            headers = EventStreamHeaderParser().parse(block)
            if len(_known_headers) < CACHE_LIMIT:
                _known_headers[block] = headers
        return Frame(headers, data[PRELUDE_SIZE + headers_length : -CRC_SIZE])


def _check(expected: int, actual: int) -> None:
    if expected != actual:
        raise ChecksumMismatch(expected, actual)


def _check_lengths(length: int, headers_length: int) -> None:
    if headers_length > MAX_HEADERS:
        raise InvalidHeadersLength(headers_length)
    payload_length = length - headers_length - PRELUDE_SIZE - CRC_SIZE
    if payload_length > MAX_PAYLOAD:
        raise InvalidPayloadLength(payload_length)
    if payload_length < 0:
        raise ParserError(f"a frame of {length} bytes can't hold {headers_length} bytes of headers")


def event(frame: Frame, operation: str) -> dict[str, Any]:
    """A frame as botocore's EventStream would give it. Raises EventStreamError for an exception of the service."""
    headers = frame.headers
    if headers.get(":message-type") != "event":
        raise EventStreamError(_error(frame), operation)
    try:
        content, _ = _from_json(frame.payload.decode() or "{}")
    except ValueError as error:
        raise ResponseParserError(f"an event of the stream is not JSON: {error}") from error
    kind = headers.get(":event-type", "")
    if kind == "chunk":
        return {kind: {"bytes": b64decode(content["bytes"])} if "bytes" in content else {}}
    return {kind: content}


def _error(frame: Frame) -> Any:
    """What botocore makes of an exception in the stream."""
    headers = frame.headers
    if kind := headers.get(":exception-type"):
        try:
            message = json.loads(frame.payload).get("message", "")
        except (ValueError, AttributeError):
            message = ""
        return {"Error": {"Code": kind, "Message": message}}
    return {"Error": {"Code": headers.get(":error-code", ""), "Message": headers.get(":error-message", "")}}
