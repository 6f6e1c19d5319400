"""gpt-oss of OpenAI through InvokeModel.

Source: "OpenAI models" in the Bedrock user guide.
"""

from __future__ import annotations

from typing import Any

from bedrock_locust.formats.open_weight import max_tokens, prompt_chars, read, read_delta, read_event

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]


def body(prompt: str, max_tokens: int, temperature: float | None, model_id: str) -> dict[str, Any]:  # noqa: ARG001 - all native formats are called alike
    """The request body for a prompt. A `stream` in it must match the operation, so none is sent."""
    request: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}], "max_completion_tokens": max_tokens}
    if temperature is not None:
        request["temperature"] = temperature
    return request
