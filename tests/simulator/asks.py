"""Requests to models, short to write, for tables of what the simulator makes of them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .calls import CLAUDE, PROMPT
from .calls import body as claude_body

if TYPE_CHECKING:
    from collections.abc import Mapping

NOVA = "amazon.nova-pro-v1:0"
OSS = "openai.gpt-oss-120b-1:0"
QWEN = "qwen.qwen3-32b"
SOL = "us.openai.gpt-5.6-sol"
OPUS = "us.anthropic.claude-opus-5"
NO_EFFORT = {"reasoning": {"effort": "none"}}
TOOLS = {"toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]}}


@dataclass(frozen=True)
class Ask:
    """A request, and what its client does."""

    path: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    """When it is sent."""
    leaves_s: float | None = None
    """When the client leaves."""
    sends: bool = True
    """Whether the client sends all of its request."""

    def but(self, **members: Any) -> Ask:
        """The same with other members in its body."""
        return Ask(self.path, self.body | members, self.headers, self.after_s, self.leaves_s, self.sends)


def said(text: str) -> list[dict[str, Any]]:
    """The messages of Converse."""
    return [{"role": "user", "content": [{"text": text}]}]


def cached(text: str, ttl: str = "5m", more: str = "Hi") -> dict[str, Any]:
    """The messages of Converse with a cache point after a text."""
    point = {"cachePoint": {"type": "default", "ttl": ttl}}
    return {"messages": [{"role": "user", "content": [{"text": text}, point, {"text": more}]}]}


def converse(text: str = PROMPT, most: int | None = None, model: str = NOVA, stream: str = "", **about: Any) -> Ask:
    """Converse; ConverseStream with `stream`, the end of its path."""
    limit = {} if most is None else {"inferenceConfig": {"maxTokens": most}}
    return Ask(f"/model/{model}/converse{stream}", {"messages": said(text), **limit}, **about)


def invoke(text: str = PROMPT, model: str = CLAUDE, stream: str = "", **about: Any) -> Ask:
    """InvokeModel with the body of Claude; streamed with `stream`, the end of its path."""
    return Ask(f"/model/{model}/invoke{stream}", json.loads(claude_body(CLAUDE, text)), **about)


STREAM, NATIVE_STREAM = "-stream", "-with-response-stream"


def count(text: str = PROMPT, model: str = "anthropic.claude-sonnet-4-20250514-v1:0", **about: Any) -> Ask:
    """CountTokens of a request of Converse."""
    return Ask(f"/model/{model}/count-tokens", {"input": {"converse": {"messages": said(text)}}}, **about)


def count_native(text: str = PROMPT, **about: Any) -> Ask:
    """CountTokens of a request of InvokeModel."""
    asked = count(text, **about)
    return asked.but(input={"invokeModel": {"body": base64.b64encode(claude_body(CLAUDE, text)).decode()}})


def chat(text: str = PROMPT, model: str = OSS, prefix: str = "/openai", **about: Any) -> Ask:
    """Chat Completions."""
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return Ask(f"{prefix}/v1/chat/completions", body, **about)


def messages(text: str = PROMPT, model: str = OPUS, end: str = "", **about: Any) -> Ask:
    """Messages; `end` follows its path."""
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    return Ask(f"/anthropic/v1/messages{end}", body, **about)


def responses(text: str = PROMPT, model: str = SOL, **about: Any) -> Ask:
    """Responses."""
    return Ask("/openai/v1/responses", {"model": model, "input": text}, **about)
