"""Prompt routers: a model id that stands for two models, one of which answers each call.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-routing.html, and the PromptRouterTrace shape of
botocore's `bedrock-runtime` model.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

PART = ":default-prompt-router/", ":prompt-router/"
"""What the ARN of a router has in it: one of AWS, or one of an account."""
MODELS = ("us.amazon.nova-lite-v1:0", "us.amazon.nova-pro-v1:0")
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"


def trace(reply: Reply) -> dict[str, Any]:
    """The part of `trace` in Converse that says which model has answered; nothing where no router was called."""
    if not any(part in reply.model_id for part in PART):
        return {}
    chosen = MODELS[zlib.crc32(reply.request_id.encode()) % len(MODELS)]
    return {"promptRouter": {"invokedModelId": PROFILE + chosen}}
