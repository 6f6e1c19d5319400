"""Jamba of AI21 through InvokeModel: the format of Chat Completions.

Source: "AI21 Labs Jamba models" in the Bedrock user guide.
"""

from __future__ import annotations

from bedrock_locust.formats.open_weight import body, max_tokens, prompt_chars, read, read_delta, read_event

__all__ = ["body", "max_tokens", "prompt_chars", "read", "read_delta", "read_event"]
