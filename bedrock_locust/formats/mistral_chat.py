"""Newer models of Mistral through InvokeModel: Large 2407 and 3, Pixtral, Ministral, Magistral, Voxtral.

Source: "Mistral AI chat completion" in the Bedrock user guide. Some say `stop_reason` where others say
`finish_reason`; the text of an answer, or of a chunk, may be in `message` or in `delta`. A `prompt` in place of
messages, as the older models take it, may be answered in their form, with `outputs`: public clients read both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import mistral, open_weight
from bedrock_locust.formats.open_weight import body, max_tokens, read_delta
from bedrock_locust.formats.values import members, objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]


def prompt_chars(request: Mapping[str, Any]) -> int:
    """Characters of the messages, or of the prompt."""
    return open_weight.prompt_chars(request) + mistral.prompt_chars(request)


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    module = mistral if _has_outputs(members(response)) else open_weight
    module.read(response, reading)


def _has_outputs(said: Mapping[str, Any]) -> bool:
    return "outputs" in said and "choices" not in said


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    if _has_outputs(chunk):
        return mistral.read_event(chunk, reading)
    choices = [
        {**choice, "delta": choice.get("delta") or choice.get("message")} for choice in objects(chunk.get("choices"))
    ]
    return open_weight.read_event({**chunk, "choices": choices} if choices else chunk, reading)
