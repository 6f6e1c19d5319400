"""Chat Completions on the endpoints' own paths: the bodies of InvokeModel's, streamed as server-sent events."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from bedrock_locust.simulator.formats.chat import Chat
from bedrock_locust.simulator.formats.thinking import is_hidden
from bedrock_locust.simulator.replies import Kind
from bedrock_locust.simulator.sse import DONE, Style

if TYPE_CHECKING:
    from bedrock_locust.simulator.formats.base import Event, Metrics
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Reply

_DETAILED = re.compile(r"\b(openai\.gpt-[56]|google\.gemma-4|xai\.grok)")
"""These tell what of their counts is cached or reasoning; models with open weights do not."""


def opened(event: Event) -> dict[str, Any]:
    """The JSON in an event of InvokeModelWithResponseStream."""
    found: dict[str, Any] = json.loads(base64.b64decode(event[1]["bytes"]))
    return found


class OpenChat(Chat):
    """Chat Completions over server-sent events. The usage comes in a chunk of its own, where it was asked for."""

    style: ClassVar[Style] = "plain"

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        values = json.loads(body)
        options = values.get("stream_options")
        asks = bool(options.get("include_usage")) if isinstance(options, dict) else False
        tier = values.get("service_tier")
        return replace(super().read(body), shows_usage=asks, tier=tier if isinstance(tier, str) else "")

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:
        """A `chat.completion` with details of its usage."""
        answer = super().answer(reply, metrics)
        message = answer["choices"][0]["message"]
        message["refusal"] = None
        if (thought := message.pop("reasoning_content", None)) and not is_hidden(reply.model_id):
            message["reasoning"] = thought
        return answer | {"usage": _usage(reply), "service_tier": self._tier(reply)}

    def opening(self, reply: Reply) -> list[Event]:
        """A chunk with the role."""
        return [self._chunk(reply, event) for event in super().opening(reply)]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """The start of a tool call."""
        is_tool = reply.blocks[index].kind is Kind.TOOL
        return [self._chunk(reply, event) for event in super().block_start(reply, index)] if is_tool else []

    def _chunk(self, reply: Reply, event: Event) -> Event:
        """A chunk as it is sent."""
        return "", opened(event) | {"service_tier": self._tier(reply)}

    def _tier(self, reply: Reply) -> str:
        """What is said of the tier. That gpt-oss on bedrock-runtime says `auto` in streams is recorded."""
        return reply.prompt.tier or ("auto" if self._tagged else "default")

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """A chunk with text."""
        return "", opened(super().delta(kind, index, text))

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:
        """A chunk with text, none where reasoning is hidden; tags are around each chunk of reasoning, as recorded."""
        if kind is Kind.REASONING and is_hidden(reply.model_id):
            return "", {}
        if kind is Kind.REASONING and self._tagged:
            text = f"<reasoning>{text}</reasoning>"
        _, body = self._chunk(reply, super().counted_delta(reply, kind, index, text, sent))
        delta = body["choices"][0]["delta"]
        if thought := delta.pop("reasoning_content", None):
            delta["reasoning"] = thought
        return "", body

    def block_stop(self, reply: Reply, index: int) -> list[Event]:  # noqa: ARG002 - the tags are around each chunk
        """No events."""
        return []

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """The finish reason, the usage if it was asked for, and the end mark."""
        [(_, last)] = [self._chunk(reply, event) for event in super().closing(reply, metrics)]
        finish = {key: value for key, value in last.items() if key not in {"usage", METRICS}}
        usage = [("", finish | {"choices": [], "usage": _usage(reply)})] if reply.prompt.shows_usage else []
        return [("", finish), *usage, (DONE, {})]

    def failure(self, reply: Reply, code: str, message: str) -> Event:  # noqa: ARG002 - as other formats
        """An error inside the data."""
        return "", {"error": {"code": code, "message": message, "param": None, "type": "server_error"}}


METRICS = "amazon-bedrock-invocationMetrics"


def _usage(reply: Reply) -> dict[str, Any]:
    """Tokens of the prompt with those of a cache, as OpenAI counts."""
    output = reply.output_tokens
    counts = {
        "prompt_tokens": reply.prompt.input_tokens,
        "completion_tokens": output,
        "total_tokens": reply.prompt.input_tokens + output,
    }
    if not _DETAILED.search(reply.model_id):
        return counts
    return counts | {
        "prompt_tokens_details": {"cached_tokens": reply.cache.read, "cache_write_tokens": reply.cache.write},
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning_tokens},
    }
