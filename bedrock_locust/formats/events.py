"""From the payload of a stream event to what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.errors import ModelFailedError
from bedrock_locust.errors.refusal import parse, said
from bedrock_locust.formats.required import MissingPartError, malformed, refuse_error

if TYPE_CHECKING:
    from bedrock_locust.formats.apis import ApiFormat
    from bedrock_locust.formats.contract import StreamReader
    from bedrock_locust.formats.reading import Content, Reading

DELTAS = frozenset({"contentBlockDelta", "chunk"})
"""The types of event that bring generated text."""
DONE = b"[DONE]"
"""The data that ends a stream of Chat Completions."""
PLAIN_LIMIT = 1000
"""Bytes of a payload up to which `read_delta` is faster than the JSON parser."""
READ = frozenset({*DELTAS, "contentBlockStart", "messageStop", "metadata"})
"""The types of event that say anything that is read; all others are passed over, whatever they hold."""


def read_event(reader: StreamReader, kind: str, payload: bytes, reading: Reading) -> Content:
    """Take the figures out of an event of this type, and say what it brought. Raises MalformedEventError."""
    if kind not in READ:
        return ""
    try:
        return reader.read_event({kind: _members(payload)}, reading)
    except (ValueError, MissingPartError):
        raise malformed(kind, payload) from None


def read_data(api: ApiFormat, data: bytes, reading: Reading) -> Content:
    """Take the figures out of the data of a server-sent event, and say what it brought.

    Raises MalformedEventError, and ModelFailedError for an error of the service in place of an event.
    """
    if data == DONE:
        api.done(reading)
        return ""
    try:
        event = _members(data)
        refuse_error(event)
        code, message = said(event.get("Output"))
        if code:
            raise ModelFailedError(message or f"{code} without a message", code)
        reading.add_figures(event)
        return api.read_event(event, reading)
    except (ValueError, MissingPartError):
        raise malformed("data", data) from None


def _members(payload: bytes) -> dict[str, Any]:
    """The JSON object in a payload. Raises ValueError where there is none."""
    value = parse(payload)
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a value of the service, as bad as one that is no JSON
    return value
