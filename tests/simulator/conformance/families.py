"""One model of each family, and a native request to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

PROMPT = "Say three things about tides."
INPUT_TOKENS = -(-len(PROMPT) // 4)
MOST = 50

CHAT = {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": MOST}


@dataclass(frozen=True)
class Family:
    """A family of models: a request, and where its answers have what."""

    model_id: str
    request: dict[str, Any]
    text: Callable[[Any], str]
    """The text in an answer without a stream."""
    piece: Callable[[Any], str]
    """The text in a chunk of a stream; empty where it has none."""
    limit: str = "max_tokens"
    """The member that limits the answer."""

    @property
    def body(self) -> bytes:
        """The request."""
        return json.dumps(self.request).encode()

    def limited(self, most: int) -> bytes:
        """The request, with another limit."""
        if self.limit in self.request:
            return json.dumps(self.request | {self.limit: most}).encode()
        [outer] = [name for name, value in self.request.items() if isinstance(value, dict) and self.limit in value]
        return json.dumps(self.request | {outer: self.request[outer] | {self.limit: most}}).encode()


def _chat(model_id: str) -> Family:
    return Family(
        model_id,
        CHAT,
        lambda answer: answer["choices"][0]["message"]["content"],
        lambda chunk: chunk["choices"][0]["delta"].get("content") or "",
    )


FAMILIES: dict[str, Family] = {
    "claude": Family(
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        {"anthropic_version": "bedrock-2023-05-31", **CHAT},
        lambda answer: answer["content"][0]["text"],
        lambda chunk: chunk.get("delta", {}).get("text", ""),
    ),
    "llama": Family(
        "meta.llama3-1-8b-instruct-v1:0",
        {"prompt": PROMPT, "max_gen_len": MOST},
        lambda answer: answer["generation"],
        lambda chunk: chunk["generation"],
        "max_gen_len",
    ),
    "nova": Family(
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        {"messages": [{"role": "user", "content": [{"text": PROMPT}]}], "inferenceConfig": {"maxTokens": MOST}},
        lambda answer: answer["output"]["message"]["content"][0]["text"],
        lambda chunk: chunk.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
        "maxTokens",
    ),
    "titan": Family(
        "amazon.titan-text-express-v1",
        {"inputText": PROMPT, "textGenerationConfig": {"maxTokenCount": MOST}},
        lambda answer: answer["results"][0]["outputText"],
        lambda chunk: chunk["outputText"],
        "maxTokenCount",
    ),
    "mistral": Family(
        "mistral.mistral-7b-instruct-v0:2",
        {"prompt": PROMPT, "max_tokens": MOST},
        lambda answer: answer["outputs"][0]["text"],
        lambda chunk: chunk["outputs"][0]["text"],
    ),
    "mistral-chat": _chat("mistral.ministral-3-8b-instruct"),
    "command-r": Family(
        "cohere.command-r-plus-v1:0",
        {"message": PROMPT, "max_tokens": MOST},
        lambda answer: answer["text"],
        lambda chunk: chunk.get("text", ""),
    ),
    "jamba": _chat("ai21.jamba-1-5-mini-v1:0"),
    "qwen": _chat("qwen.qwen3-32b-v1:0"),
    "deepseek-v3": _chat("deepseek.v3-v1:0"),
}

REASONING: dict[str, Family] = {
    "deepseek-r1": Family(
        "us.deepseek.r1-v1:0",
        {"prompt": PROMPT, "max_tokens": MOST},
        lambda answer: answer["choices"][0]["text"],
        lambda chunk: chunk["choices"][0]["text"],
    ),
    "gpt-oss": _chat("openai.gpt-oss-120b-1:0"),
}
"""Models that reason without being asked."""
