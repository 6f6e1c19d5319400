"""Palmyra X4 and X5 of Writer through InvokeModel: the format of Chat Completions.

Without `max_tokens` they answer with 16 tokens.

Source: "Writer AI Palmyra X5" in the Bedrock user guide.
"""

from __future__ import annotations

from bedrock_locust.formats.open_weight import body, max_tokens, prompt_chars, read, read_delta, read_event

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]
