"""Frames: messages of the AWS event stream encoding (`application/vnd.amazon.eventstream`).

Written from the layout that botocore's `eventstream` module decodes: total length, header length and
a CRC32 of both; headers; payload; a CRC32 of all of that. Numbers are big endian.
"""

from __future__ import annotations

import json
import struct
from functools import lru_cache
from typing import Any
from zlib import crc32

_STRING = 7
_PRELUDE = struct.Struct("!II")
_U32 = struct.Struct("!I")

_to_json = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
"""Sorts keys, as in a recording of the service. It is made once, because `json.dumps` would make one each time."""


@lru_cache(maxsize=64)
def _header_block(headers: tuple[tuple[str, str], ...]) -> bytes:
    block = bytearray()
    for name, value in headers:
        key, text = name.encode(), value.encode()
        block += bytes((len(key),)) + key + bytes((_STRING,)) + struct.pack("!H", len(text)) + text
    return bytes(block)


def encode(headers: tuple[tuple[str, str], ...], payload: bytes) -> bytes:
    """One message. All headers are strings, as Bedrock's are: names up to 255 bytes, values up to 32767."""
    block = _header_block(headers)
    lengths = _PRELUDE.pack(16 + len(block) + len(payload), len(block))
    message = b"".join((lengths, _U32.pack(crc32(lengths)), block, payload))
    return message + _U32.pack(crc32(message))


def event(event_type: str, payload: dict[str, Any]) -> bytes:
    """An event with a JSON payload."""
    return encode(
        ((":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")),
        _to_json(payload).encode(),
    )


def exception(exception_type: str, message: str) -> bytes:
    """An error in mid-stream."""
    return encode(
        (
            (":exception-type", exception_type),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ),
        json.dumps({"message": message}).encode(),
    )
