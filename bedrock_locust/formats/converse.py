"""The Converse API: one format for every model.

Event order and members: the ConverseStreamOutput and ConverseResponse shapes of botocore's
`bedrock-runtime` model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, milliseconds, objects, text
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{"contentBlockIndex":\d+,"delta":\{"text":' + PLAIN_TEXT + rb'\}(?:,"p":"[A-Za-z0-9]*")?\}'
).fullmatch
"""`p` is padding that hides the length of the text."""

USAGE = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_tokens": "cacheReadInputTokens",
    "cache_write_tokens": "cacheWriteInputTokens",
}
"""Figure of a Reading -> its name in `usage`."""
OTHER_USAGE = {
    "cache_read_tokens": "cacheReadInputTokenCount",
    "cache_write_tokens": "cacheWriteInputTokenCount",
}
"""The names of the cache counts in the native format of Nova, which Converse has, too, for some models."""
STARTS = ("toolUse", "toolResult", "image")
"""Kinds of block that have a start of their own: it is the first sign of a tool call or a picture."""


def request(prompt: str, max_tokens: int, temperature: float | None) -> dict[str, Any]:
    """The arguments of `converse` and `converse_stream` for a prompt, without the model id."""
    config: dict[str, Any] = {"maxTokens": max_tokens}
    if temperature is not None:
        config["temperature"] = temperature
    return {"messages": [{"role": "user", "content": [{"text": prompt}]}], "inferenceConfig": config}


def prompt_chars(arguments: Mapping[str, Any]) -> int:
    """Characters of text in the system prompt and the messages. What has the wrong type has none."""
    contents = [arguments.get("system"), *(message.get("content") for message in objects(arguments.get("messages")))]
    return sum(len(text(block.get("text"))) for content in contents for block in objects(content))


def max_tokens(arguments: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(members(arguments.get("inferenceConfig")).get("maxTokens"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    output = required(response, "output", Mapping)
    message = output if output is None else required(output, "message", Mapping)
    for block in objects(members(message).get("content")):
        reading.add_text(block.get("text"))
        for cited in objects(members(block.get("citationsContent")).get("content")):
            reading.add_text(cited.get("text"))
    said = members(response)
    reading.stop(said.get("stopReason"))
    _usage(said, reading)


def read_event(event: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream event, and say what it brought. Raises MissingPartError."""
    if "contentBlockDelta" in event:
        return _delta(members(required(event["contentBlockDelta"], "delta", Mapping)), reading)
    if "contentBlockStart" in event:
        start = members(members(event["contentBlockStart"]).get("start"))
        return reading.add_other(*(start.get(kind) for kind in STARTS))
    if "messageStop" in event:
        reading.stop(members(event["messageStop"]).get("stopReason"))
    elif "metadata" in event:
        _usage(members(event["metadata"]), reading)
    return ""


def read_delta(payload: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the payload of a contentBlockDelta event, if that is plain text; else None."""
    found = _PLAIN_DELTA(payload)
    return reading.add_plain_text(found[1]) if found else None


def _delta(delta: Mapping[str, Any], reading: Reading) -> Content:
    if "text" in delta:
        return reading.add_text(delta["text"])
    reasoning = members(delta.get("reasoningContent"))
    if reasoning.get("signature") and not reading.other_bytes:
        return "other"  # the first sign of reasoning that is not shown
    if reasoning.get("text"):
        return reading.add_reasoning(reasoning["text"])
    return reading.add_other(
        reasoning.get("redactedContent"),
        members(delta.get("toolUse")).get("input"),
        *(delta.get(kind) for kind in ("toolResult", "citation", "image")),
    )


def _usage(part: Mapping[str, Any], reading: Reading) -> None:
    reading.take(OTHER_USAGE, part.get("usage"))
    reading.take(USAGE, part.get("usage"))
    for detail in objects(members(part.get("usage")).get("cacheDetails")):
        if detail.get("ttl") == "1h":
            reading.take({"cache_write_1h_tokens": "inputTokens"}, detail)
    if (latency_ms := milliseconds(members(part.get("metrics")).get("latencyMs"))) is not None:
        reading.server_latency_ms = latency_ms
    if "trace" in part:
        reading.add_trace(part["trace"])
    reading.service_tier = word(members(part.get("serviceTier")).get("type")) or reading.service_tier
