"""Anthropic's Messages format, for Claude through InvokeModel.

Source: "Anthropic Claude Messages API" in the Bedrock user guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"type":"content_block_delta","index":\d+,"delta":\{"type":"text_delta","text":' + PLAIN_TEXT + rb"\} *\}"
).fullmatch

VERSION = "bedrock-2023-05-31"
DELTAS = {"thinking_delta": "thinking", "input_json_delta": "partial_json"}
"""Deltas with generated content that is not answer text, and the member that has it."""

USAGE = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_input_tokens",
    "cache_write_tokens": "cache_creation_input_tokens",
}
"""Figure of a Reading -> its name in `usage`."""


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    request: dict[str, Any] = {
        "anthropic_version": VERSION,
        "max_tokens": max_tokens,
        "messages": [{"role": "user", "content": [{"type": "text", "text": prompt}]}],
    }
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of text in the system prompt and the messages."""
    contents = [request.get("system", ""), *(message["content"] for message in request.get("messages", ()))]
    return sum(_text_chars(content) for content in contents)


def read(response: Mapping[str, Any], reading: Reading) -> None:
    """Take the figures out of a whole response."""
    for block in response.get("content", ()):
        reading.add_text(block.get("text", ""))
    reading.stop(response.get("stop_reason"))
    _usage(response.get("usage", {}), reading)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought."""
    match chunk.get("type"):
        case "content_block_delta":
            return _delta(chunk["delta"], reading)
        case "content_block_start" if chunk.get("content_block", {}).get("data"):
            return "other"  # redacted thinking comes whole
        case "message_start":
            _usage(chunk["message"].get("usage", {}), reading)
        case "message_delta":
            reading.stop_reason = chunk.get("delta", {}).get("stop_reason") or ""
            _usage(chunk.get("usage", {}), reading)
        case "message_stop":
            reading.stop(None)
    return ""


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None


def _delta(delta: Mapping[str, Any], reading: Reading) -> Content:
    if delta.get("type") == "text_delta":
        return reading.add_text(delta["text"])
    return "other" if delta.get(DELTAS.get(delta.get("type", ""), "")) else ""


def _usage(usage: Mapping[str, Any], reading: Reading) -> None:
    """Output tokens are a running count: the last one said is the total."""
    for figure, key in USAGE.items():
        if usage.get(key) is not None:
            setattr(reading, figure, usage[key])


def _text_chars(content: str | list[dict[str, Any]]) -> int:
    return len(content) if isinstance(content, str) else sum(len(block.get("text", "")) for block in content)
