"""Models of your own (Custom Model Import) through InvokeModel: a prompt without a template.

The answer has its text in `generation`, `text`, or `outputs`, by what the model was made from (Qwen, Llama, Mistral):
litellm's transformations, and the Bedrock user guide, "Imported models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import llama, mistral
from bedrock_locust.formats.mistral import max_tokens, prompt_chars
from bedrock_locust.formats.required import MissingPartError
from bedrock_locust.formats.values import members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]

read_delta = llama.read_delta


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt."""
    request: dict[str, Any] = {"prompt": prompt, "max_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request


def read(response: object, reading: Reading) -> None:
    """Take the figures out of a whole response. Raises MissingPartError."""
    read_event(members(response), reading)
    reading.stop(None)


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    if "outputs" in chunk:
        return mistral.read_event(chunk, reading)
    if not chunk.keys() & {"generation", "text"}:
        raise MissingPartError("generation")
    brought = llama.read_event(chunk, reading) or reading.add_text(chunk.get("text"))
    if reason := text(chunk.get("finish_reason")):
        reading.stop(reason)
    return brought
