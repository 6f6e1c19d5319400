"""Attributes as OTLP carries them: https://opentelemetry.io/docs/specs/otel/common/."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from bedrock_locust import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.message import Message

Value = str | bool | int | float | list[str]
SERVICE = "bedrock-locust"
_LENGTH_FIRST = 2
"""The type of a field that begins with its length."""
SCOPE = InstrumentationScope(name=SERVICE, version=__version__)


def attributes(values: Mapping[str, object]) -> list[KeyValue]:
    """Those that have a value."""
    return [KeyValue(key=name, value=_value(value)) for name, value in values.items() if value not in (None, "")]


def resource(values: Mapping[str, object]) -> Resource:
    """What all figures of a run have in common."""
    return Resource(attributes=attributes(values))


def varint(number: int) -> bytes:
    """A count of bytes as protobuf has it: https://protobuf.dev/programming-guides/encoding/."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def framed(field: int, body: bytes) -> bytes:
    """A field of a message that holds a message, a text or bytes. `field` is its number."""
    return _before(field, len(body)) + body


@lru_cache(10_000)
def _before(field: int, size: int) -> bytes:
    return varint(field << 3 | _LENGTH_FIRST) + varint(size)


def before(message: Message, size: int) -> bytes:
    """What stands before the last `size` bytes of a message: other bytes of this size may follow it."""
    return message.SerializeToString()[:-size]


def _value(value: object) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(array_value=ArrayValue(values=map(_value, _several(value))))


def _several(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else [str(value)]
