"""Mistral's prompt format through InvokeModel: Mistral 7B, Mixtral, Large and Small 2402.

Source: "Mistral AI text completion" in the Bedrock user guide. It has no counts: the service's metrics and headers
have them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.formats.reading import PLAIN_TEXT
from bedrock_locust.formats.required import required
from bedrock_locust.formats.values import count, objects, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

_PLAIN_DELTA = re.compile(rb'\{"outputs":\[\{"text":' + PLAIN_TEXT + rb',"stop_reason":null\}\]\}').fullmatch


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt, in the template of Mistral's instruct models."""
    request: dict[str, Any] = {"prompt": f"<s>[INST] {prompt} [/INST]", "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the prompt, its template included."""
    return len(text(request.get("prompt")))


def max_tokens(request: Mapping[str, Any]) -> int | None:
    """The most tokens that a request allows the answer; None where it does not say."""
    return count(request.get("max_tokens"))


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    read_outputs(response, "outputs", reading)
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    return read_outputs(chunk, "outputs", reading)


def read_delta(chunk: bytes, reading: Reading) -> Content | None:
    """The same as `read_event` for the JSON of a chunk, if that is plain text; else None."""
    found = _PLAIN_DELTA(chunk)
    return reading.add_plain_text(found[1]) if found else None


def read_outputs(said: object, name: str, reading: Reading) -> Content:
    """Take texts and stop reasons out of the outputs in a body or a chunk; a stop reason ends a stream.

    Raises MissingPartError.
    """
    brought: Content = ""
    for output in objects(required(said, name, list)):
        brought = reading.add_text(output.get("text")) or brought
        if reason := text(output.get("stop_reason")):
            reading.stop(reason)
    return brought
