"""Listing: the models that bedrock-mantle says it has, and the responses that neither endpoint has kept."""

from __future__ import annotations

import json
import re

from bedrock_locust.simulator.errors import ServiceError
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

_ONE_RESPONSE = re.compile(r"^(/openai)?/v1/responses/[^/]+(/cancel|/input_items)?$")


def models() -> bytes:
    """The body of the list of models."""
    data = [{"id": name, "object": "model", "created": CREATED, "owned_by": name.partition(".")[0]} for name in MODELS]
    return json.dumps({"object": "list", "data": data}).encode()


def kept(path: str, *, bare: bool) -> ServiceError | None:
    """What is said of a response that is asked for by its id: none was kept. None where the path is another."""
    found = _ONE_RESPONSE.match(path)
    if found is None or not (found[1] or bare):
        return None
    return ServiceError("ResourceNotFoundException", "Response not found.")
