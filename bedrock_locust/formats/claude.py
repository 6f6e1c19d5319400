"""Anthropic's Messages format, for Claude through InvokeModel.

Source: "Anthropic Claude Messages API" in the Bedrock user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import claude_text
from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, objects, text

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"type":"content_block_delta","index":\d+,"delta":\{"type":"text_delta","text":' + PLAIN_TEXT + rb"\} *\}"
).fullmatch

VERSION = "bedrock-2023-05-31"
DELTAS = {
    "input_json_delta": "partial_json",
    "citations_delta": "citation",
}
"""Deltas with generated content that is neither text nor thinking, and the member that has it."""
WHOLE_BLOCKS = re.compile(r"redacted_thinking|\w*tool_(?:use|result)").fullmatch
"""Types of block whose start is content: redacted thinking comes whole, and a tool call has begun."""

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
    """Characters of text in the system prompt and the messages. What has the wrong type has none."""
    contents = [request.get("system"), *(message.get("content") for message in objects(request.get("messages")))]
    return sum(_text_chars(content) for content in contents)


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_tokens"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError.

    Claude 2 answers a request in its older format in that format.
    """
    if "completion" in members(response):
        claude_text.read(response, reading)
        return
    for block in objects(required(response, "content", list)):
        reading.add_text(block.get("text"))
    said = members(response)
    reading.stop(said.get("stop_reason"))
    _take_usage(said.get("usage"), reading)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError.

    Output tokens are a running count: the last one said is the total.
    """
    match chunk.get("type"):
        case "content_block_delta":
            return _delta(members(required(chunk, "delta", Mapping)), reading)
        case "content_block_start":
            block = members(chunk.get("content_block"))
            return reading.add_other(block) if WHOLE_BLOCKS(text(block.get("type"))) else ""
        case "message_start":
            # Its output tokens are a placeholder: the event says what the prompt was, before there is an answer.
            _take_usage({**members(members(chunk.get("message")).get("usage")), "output_tokens": None}, reading)
        case "message_delta":
            reading.stop_because(members(chunk.get("delta")).get("stop_reason"))
            _take_usage(chunk.get("usage"), reading)
        case "message_stop":
            reading.stop(None)
        case "completion" | None:
            return claude_text.read_event(chunk, reading)
    return ""


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None


def _delta(delta: Mapping[str, Any], reading: Reading) -> Content:
    kind = text(delta.get("type"))
    if kind == "text_delta":
        return reading.add_text(delta.get("text"))
    if kind == "signature_delta":
        # Of thinking that is not shown it is the first sign.
        return "other" if delta.get("signature") and not reading.other_bytes else ""
    if kind == "thinking_delta":
        return reading.add_reasoning(delta.get("thinking"))
    return reading.add_other(delta.get(DELTAS.get(kind, "")))


def _take_usage(usage: object, reading: Reading) -> None:
    reading.take(USAGE, usage)
    reading.take({"cache_write_1h_tokens": "ephemeral_1h_input_tokens"}, members(usage).get("cache_creation"))
    reading.take({"reasoning_tokens": "thinking_tokens"}, members(usage).get("output_tokens_details"))


def _text_chars(content: object) -> int:
    return len(content) if isinstance(content, str) else sum(len(text(block.get("text"))) for block in objects(content))
