"""The event stream of a streamed answer: frames out of bytes, however these are cut.

Framing as in "Event stream encoding" of the AWS SDK references, and as botocore decodes it; a
damaged stream raises botocore's own errors.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NoReturn
from zlib import crc32

from botocore.eventstream import (
    ChecksumMismatch,
    EventStreamHeaderParser,
    InvalidHeadersLength,
    InvalidPayloadLength,
    ParserError,
)
from botocore.exceptions import EventStreamError

from bedrock_locust.errors.refusal import parse, said

if TYPE_CHECKING:
    from collections.abc import Callable

Headers = dict[str, Any]

_prelude = struct.Struct("!III").unpack_from
"""Length of the frame, length of its headers, CRC-32 of these two."""
_crc = struct.Struct("!I").unpack_from
PRELUDE_SIZE, CRC_SIZE = 12, 4
FRAME_SIZE = PRELUDE_SIZE + CRC_SIZE
"""Bytes of a frame without headers and payload."""
MAX_HEADERS = 128 * 1024
MAX_PAYLOAD = 24 * 1024 * 1024
CACHE_LIMIT = 256
_known_headers: dict[bytes, Headers] = {}
"""Header blocks and their values: a service sends the same few over and over."""


class Decoder:
    """Bytes to frames: `take` gets headers and payload of each as soon as its last byte is there."""

    def __init__(self, take: Callable[[Headers, bytes], None]) -> None:
        self._take = take
        self._rest = bytearray()
        """The begin of the next frame."""
        self._needed = PRELUDE_SIZE
        """Bytes of it that must be there before it can be read: first its prelude, then all of it."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises botocore's ParserError for a damaged stream."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data = bytes(self._rest)
            self._rest.clear()
        start, size = 0, len(data)
        self._needed = PRELUDE_SIZE
        try:
            while size - start >= PRELUDE_SIZE:
                length, headers_length, crc = _prelude(data, start)
                if crc32(data[start : start + 8]) != crc:
                    raise ChecksumMismatch(crc, crc32(data[start : start + 8]))
                if headers_length > MAX_HEADERS or not 0 <= length - headers_length - FRAME_SIZE <= MAX_PAYLOAD:
                    _refuse(length, headers_length)
                if start + length > size:
                    self._needed = length
                    break
                start += length
                self._frame(data[start - length : start], PRELUDE_SIZE + headers_length)
        finally:
            if start < size:
                self._rest += data[start:]

    def _frame(self, data: bytes, headers_end: int) -> None:
        """A whole frame, its content checked."""
        (crc,) = _crc(data, len(data) - CRC_SIZE)
        if crc32(data[:-CRC_SIZE]) != crc:
            raise ChecksumMismatch(crc, crc32(data[:-CRC_SIZE]))
        block = data[PRELUDE_SIZE:headers_end]
        headers = _known_headers.get(block)
        if headers is None:
            headers = EventStreamHeaderParser().parse(block)
            if len(_known_headers) < CACHE_LIMIT:
                _known_headers[block] = headers
        self._take(headers, data[headers_end:-CRC_SIZE])


def _refuse(length: int, headers_length: int) -> NoReturn:
    """Raise an error that says what is wrong with the lengths in a prelude."""
    if headers_length > MAX_HEADERS:
        raise InvalidHeadersLength(headers_length)
    if length < headers_length + FRAME_SIZE:
        raise ParserError(f"a frame of {length} bytes cannot hold {headers_length} bytes of headers")
    raise InvalidPayloadLength(length - headers_length - FRAME_SIZE)


def refuse_exception(headers: Headers, payload: bytes, operation: str) -> None:
    """Raise EventStreamError, as botocore's EventStream would, where a frame is an exception of the service."""
    if headers.get(":message-type") != "event":
        raise EventStreamError(_error(headers, payload), operation)


def _error(headers: Headers, payload: bytes) -> Any:
    """What an exception in the stream says."""
    kind, code = headers.get(":exception-type"), headers.get(":error-code", "")
    if not kind:
        return {"Error": {"Code": str(code), "Message": str(headers.get(":error-message", ""))}}
    try:
        message = said(parse(payload))[1]
    except ValueError:
        message = ""
    return {"Error": {"Code": str(kind), "Message": message or f"{kind} without a message"}}
