"""The Converse API: one format for every model.

Event order and members: the ConverseStreamOutput and ConverseResponse shapes of botocore's
`bedrock-runtime` model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"contentBlockIndex":\d+,"delta":\{"text":' + PLAIN_TEXT + rb'\}(?:,"p":"[A-Za-z0-9]*")?\}'
).fullmatch
"""`p` is padding that hides the length of the text."""


def request(prompt: str, max_tokens: int, temperature: float | None) -> dict[str, Any]:
    """The arguments of `converse` and `converse_stream` for a prompt, without the model id."""
    config: dict[str, Any] = {"maxTokens": max_tokens}
    if temperature is not None:
        config["temperature"] = temperature
    return {"messages": [{"role": "user", "content": [{"text": prompt}]}], "inferenceConfig": config}


def prompt_chars(arguments: Mapping[str, Any]) -> int:
    """Characters of text in the system prompt and the messages."""
    blocks = [*arguments.get("system", ()), *(b for m in arguments.get("messages", ()) for b in m["content"])]
    return sum(len(block.get("text", "")) for block in blocks)


def read(response: Mapping[str, Any], reading: Reading) -> None:
    """Take the figures out of a whole response."""
    for block in response["output"].get("message", {}).get("content", ()):
        reading.add_text(block.get("text", ""))
    reading.stop(response.get("stopReason"))
    _usage(response, reading)


def read_event(event: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream event, and say what it brought."""
    if "contentBlockDelta" in event:
        return _delta(event["contentBlockDelta"]["delta"], reading)
    if "messageStop" in event:
        reading.stop(event["messageStop"].get("stopReason"))
    elif "metadata" in event:
        _usage(event["metadata"], reading)
    return ""


def read_delta(payload: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the payload of a contentBlockDelta event, if that is plain text; else None."""
    found = _PLAIN_DELTA(payload)
    return reading.add_plain_text(found[1]) if found else None


def _delta(delta: Mapping[str, Any], reading: Reading) -> Content:
    if "text" in delta:
        return reading.add_text(delta["text"])
    reasoning = delta.get("reasoningContent", {})
    generated = reasoning.get("text") or reasoning.get("redactedContent") or delta.get("toolUse", {}).get("input")
    return "other" if generated else ""


def _usage(part: Mapping[str, Any], reading: Reading) -> None:
    usage = part.get("usage", {})
    reading.input_tokens = usage.get("inputTokens")
    reading.output_tokens = usage.get("outputTokens")
    reading.cache_read_tokens = usage.get("cacheReadInputTokens")
    reading.cache_write_tokens = usage.get("cacheWriteInputTokens")
    reading.server_latency_ms = part.get("metrics", {}).get("latencyMs")
    reading.service_tier = (part.get("serviceTier") or {}).get("type") or ""
