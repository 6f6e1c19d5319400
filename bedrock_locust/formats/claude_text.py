"""Anthropic's older text completions, for Claude 2 and Instant through InvokeModel.

Source: "Anthropic Claude Text Completions API" in the Bedrock user guide. They have no counts: the service's metrics
and headers have them. These models also take the format of `claude`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt, in the template of the model."""
    request: dict[str, Any] = {"prompt": f"\n\nHuman: {prompt}\n\nAssistant:", "max_tokens_to_sample": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the prompt, its template included."""
    return len(text(request.get("prompt")))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_tokens_to_sample"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    required(response, "completion", str)
    read_event(members(response), reading)
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought."""
    if reason := text(chunk.get("stop_reason")):
        reading.stop(reason)
    return reading.add_text(chunk.get("completion"))


def read_delta(chunk: bytes, reading: Reading) -> Content | None:  # noqa: ARG001 - all native formats are called alike
    """None: each chunk is read as JSON."""
    return None
