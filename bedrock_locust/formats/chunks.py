"""The event stream of InvokeModel: chunks with the events of a native format, and with the service's own figures."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.contract import NativeFormat
    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_CHUNK = re.compile(rb'\{"bytes":"([A-Za-z0-9+/=]*)"(?:,"p":"[A-Za-z0-9]*")?\}').fullmatch
"""`p` is padding that hides the length of the text."""


class ChunkReader:
    """Reads such a stream in a native format."""

    def __init__(self, native: NativeFormat) -> None:
        self._native = native

    def read_event(self, event: Mapping[str, Any], reading: Reading) -> Content:
        """Take the figures out of one stream event, and say what it brought."""
        chunk = json.loads(event.get("chunk", {}).get("bytes", b"{}"))
        content = self._native.read_event(chunk, reading)
        reading.add_metrics(chunk)
        return content

    def read_delta(self, payload: bytes, reading: Reading) -> Content | None:
        """The same for the payload of a chunk event, if that is plain text; else None."""
        found = _PLAIN_CHUNK(payload)
        return self._native.read_delta(b64decode(found[1]), reading) if found else None
