"""Anthropic's Messages on the endpoints' own path: the bodies of InvokeModel's, streamed as server-sent events."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from bedrock_locust.simulator.formats.claude import Claude
from bedrock_locust.simulator.formats.open_chat import METRICS, opened

if TYPE_CHECKING:
    from bedrock_locust.simulator.formats.base import Event, Metrics
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Kind, Reply
    from bedrock_locust.simulator.sse import Style


_TYPES = {"rate_limit_exceeded": "rate_limit_error", "overloaded_error": "overloaded_error"}
"""Anthropic's types of errors for the codes of OpenAI's."""


class OpenMessages(Claude):
    """Messages over server-sent events; the version of the API is in a header, so any will do."""

    style: ClassVar[Style] = "named"
    running_counts = True

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        values = json.loads(body)
        tier = values.get("service_tier")
        prompt = super().read(json.dumps({"anthropic_version": "", **values}).encode())
        return replace(prompt, tier=tier if isinstance(tier, str) else "")

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:
        """A `message`."""
        answer = super().answer(reply, metrics)
        thinking = {"output_tokens_details": {"thinking_tokens": reply.reasoning_tokens}}
        return answer | {"usage": answer["usage"] | thinking | {"service_tier": "standard"}}

    def opening(self, reply: Reply) -> list[Event]:
        """`message_start` with the tier, and a ping."""
        [(name, start)] = map(_named, super().opening(reply))
        start["message"]["usage"]["service_tier"] = "standard"
        return [(name, start), ("ping", {"type": "ping"})]

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """`content_block_start`."""
        return [*map(_named, super().block_start(reply, index))]

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """`content_block_delta`."""
        return _named(super().delta(kind, index, text))

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """`content_block_stop`, after the signature of thinking."""
        return [*map(_named, super().block_stop(reply, index))]

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`message_delta` with the tokens of thinking, and `message_stop`."""
        [(name, last), stop] = map(_named, super().closing(reply, metrics))
        last["usage"]["output_tokens_details"] = {"thinking_tokens": reply.reasoning_tokens}
        return [(name, last), stop]

    def failure(self, reply: Reply, code: str, message: str) -> Event:  # noqa: ARG002 - as other formats
        """An event of type `error`."""
        return "error", {"type": "error", "error": {"type": _TYPES.get(code, "api_error"), "message": message}}


def _named(event: Event) -> Event:
    """The event under its name, if it has none yet: the empty piece at the beginning of a call of a tool has one."""
    if "bytes" not in event[1]:
        return event
    body = opened(event)
    body.pop(METRICS, None)
    return body["type"], body
