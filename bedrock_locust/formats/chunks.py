"""The event stream of InvokeModel: chunks with the events of a native format, and with the service's own figures."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.errors.refusal import parse
from bedrock_locust.formats.required import MissingPartError, malformed, refuse_error, required

if TYPE_CHECKING:
    from bedrock_locust.formats.contract import NativeFormat
    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_CHUNK = re.compile(rb'\{"bytes":"([A-Za-z0-9+/=]*)"(?:,"p":"[A-Za-z0-9]*")?\}').fullmatch
"""`p` is padding that hides the length of the text."""


class ChunkReader:
    """Reads such a stream in a native format."""

    def __init__(self, native: NativeFormat) -> None:
        self._native = native

    def read_event(self, event: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream event, and say what it brought.

        Raises ModelFailedError for an error in the format of the model, MalformedEventError and
        MissingPartError for what is no chunk.
        """
        coded = required(event.get("chunk"), "bytes", str)
        if coded is None:
            return ""
        content = b64decode(coded, validate=True)
        try:
            return self._read(parse(content), reading)
        except (ValueError, MissingPartError):
            raise malformed("chunk", content) from None

    def _read(self, chunk: object, reading: Reading) -> Content:
        if not isinstance(chunk, Mapping):
            raise MissingPartError("object")
        refuse_error(chunk)
        brought = self._native.read_event(chunk, reading)
        reading.add_figures(chunk)
        return brought

    def read_delta(self, payload: bytes, reading: Reading) -> Content | None:
        """The same for the payload of a chunk event, if that is plain text; else None."""
        found = _PLAIN_CHUNK(payload)
        if not found:
            return None
        try:
            return self._native.read_delta(b64decode(found[1]), reading)
        except ValueError:
            return None  # no base64: read_event says so
