"""Listing: the models that bedrock-mantle says it has."""

from __future__ import annotations

import json

from bedrock_locust.simulator.formats.chat import CREATED

MODELS_PATH = "/v1/models"
"""Only bedrock-mantle has it, and only without the prefix `/openai`."""

MODELS = (
    "anthropic.claude-haiku-4-5",
    "anthropic.claude-opus-5",
    "anthropic.claude-sonnet-5",
    "deepseek.v3.1",
    "google.gemma-4-31b",
    "openai.gpt-5.5",
    "openai.gpt-5.6-luna",
    "openai.gpt-5.6-sol",
    "openai.gpt-oss-120b",
    "openai.gpt-oss-20b",
    "qwen.qwen3-32b",
    "xai.grok-4.3",
)
"""Some of those that it has. The simulator answers for any other, too."""


def models() -> bytes:
    """The body of the list of models."""
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": name.partition(".")[0]} for name in MODELS]
    return json.dumps({"object": "list", "data": data}).encode()
