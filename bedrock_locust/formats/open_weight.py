"""The format of Chat Completions through InvokeModel.

For DeepSeek V3, Qwen3, Kimi, MiniMax, GLM, Gemma 3 and Nemotron. A chunk that says why the model stops, ends the
stream; there is no `[DONE]`. The usage may come in that chunk or after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.formats import chat
from bedrock_locust.formats.chat import body, max_tokens, prompt_chars, read, read_delta
from bedrock_locust.formats.values import objects, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.reading import Content, Reading

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]


def read_event(chunk: Mapping[str, Any], reading: Reading) -> Content:
    """Take the figures out of one stream chunk, and say what it brought. Raises MissingPartError."""
    brought = chat.read_event(chunk, reading)
    choices = objects(chunk.get("choices"))
    if any(text(choice.get(name)) for choice in choices for name in ("finish_reason", "stop_reason")):
        reading.stop(None)
    return brought
