"""Anthropic's Messages API: the format of `claude`, and what it says besides.

Sources: "Messages API" in the Bedrock user guide and Anthropic's API reference.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import claude
from bedrock_locust.formats.claude import max_tokens, prompt_chars
from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import members
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["done", "max_tokens", "prompt_chars", "read", "read_delta", "read_event", "request"]

VERSION = "2023-06-01"
"""The value of the header `anthropic-version`."""
_KIND = rb'"type": ?"content_block_delta"'
_INDEX = rb'"index": ?(?:0|[1-9][0-9]{0,6})'
_DELTA = rb'"delta": ?\{"type": ?"text_delta", ?"text": ?' + PLAIN_TEXT + rb"\}"
_SORTED = rb'"delta": ?\{"text": ?' + PLAIN_TEXT + rb', ?"type": ?"text_delta"\}'
_PLAIN_DELTA = re.compile(
    rb"\{(?:" + _KIND + rb", ?" + _INDEX + rb", ?" + _DELTA + rb"|" + _SORTED + rb", ?" + _INDEX + rb", ?" + _KIND
    + rb") *\}"
).fullmatch  # fmt: skip


def request(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:
    """The body of a call for a prompt."""
    body = {**claude.body(prompt, max_tokens, temperature, model_id), "model": model_id}
    del body["anthropic_version"]
    return body


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    required(response, "content", list)
    claude.read(response, reading)
    _take_tier(members(response).get("usage"), reading)


def read_event(event: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream event, and say what it brought. Raises MissingPartError."""
    kind = required(event, "type", str)
    brought = claude.read_event(event, reading)
    if kind == "message_start":
        _take_tier(members(event.get("message")).get("usage"), reading)
    elif kind == "message_delta":
        _take_tier(event.get("usage"), reading)
    return brought


def read_delta(event: bytes, reading: Reading) -> Content | None:
    """The same for the JSON of an event, if that is plain text; else None."""
    found = _PLAIN_DELTA(event)
    if not found:
        return None
    return reading.add_plain_text(found[2] if found[1] is None else found[1])


def done(reading: Reading) -> None:
    """`[DONE]` says nothing here: `message_stop` ends a stream."""


def _take_tier(usage: object, reading: Reading) -> None:
    reading.service_tier = word(members(usage).get("service_tier")) or reading.service_tier
