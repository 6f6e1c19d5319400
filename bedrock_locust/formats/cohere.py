"""Cohere Command R through InvokeModel.

Source: "Cohere Command R and Command R+ models" in the Bedrock user guide. Streams have counts of their own; of whole
answers the headers have them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, objects, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(
    rb'\{(?:"is_finished":false,)?"event_type":"text-generation","text":' + PLAIN_TEXT + rb"\}"
).fullmatch

USAGE = {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
"""Figure of a Reading -> its name in `billed_units`."""


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    request: dict[str, Any] = {"message": prompt, "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the message, the history and the preamble."""
    said = [text(turn.get("message")) for turn in objects(request.get("chat_history"))]
    return sum(map(len, (text(request.get("message")), text(request.get("preamble")), *said)))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_tokens"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    reading.add_text(required(response, "text", str))
    said = members(response)
    reading.stop(said.get("finish_reason"))
    _take_units(said, reading)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought."""
    match text(chunk.get("event_type")):
        case "text-generation":
            return reading.add_text(chunk.get("text"))
        case "tool-calls-chunk" | "tool-calls-generation":
            return reading.add_other(chunk.get("tool_call_delta"), chunk.get("text"), chunk.get("tool_calls"))
        case "citation-generation":
            return reading.add_other(chunk.get("citations"))
        case "stream-end":
            reading.stop(chunk.get("finish_reason"))
            _take_units(members(chunk.get("response")), reading)
            _take_units(chunk, reading)
    return ""


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None


def _take_units(said: Mapping[str, Any], reading: Reading) -> None:
    reading.take(USAGE, members(said.get("meta")).get("billed_units"))
