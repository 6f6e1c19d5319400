"""Cohere's older Command and Command Light through InvokeModel.

Source: "Cohere Command models" in the Bedrock user guide. They have no counts: the service's metrics and headers have
them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.mistral import max_tokens, prompt_chars
from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import members, objects, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]

_PLAIN_DELTA = re.compile(rb'\{"is_finished":false,"text":' + PLAIN_TEXT + rb"\}").fullmatch


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    request: dict[str, Any] = {"prompt": prompt, "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    for generation in objects(required(response, "generations", list)):
        reading.add_text(generation.get("text"))
        reading.stop_because(generation.get("finish_reason"))
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought.

    A request without `stream` in its body gets all of its answer in one chunk.
    """
    if "generations" in chunk:
        before = reading.text_bytes
        read(chunk, reading)
        return "text" if reading.text_bytes > before else ""
    if chunk.get("is_finished") is True or text(chunk.get("finish_reason")):
        reading.stop(members(chunk).get("finish_reason"))
    return reading.add_text(chunk.get("text"))


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None
