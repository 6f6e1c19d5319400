"""The Messages format of Anthropic's Claude models in InvokeModel.

Members as in AWS's documentation of the Claude Messages parameters; that `message_stop` carries the
invocation metrics is seen in public client code.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from bedrock_locust.simulator.formats.base import (
    Body,
    Event,
    Format,
    Metrics,
    Prompt,
    Reply,
    chunk,
    invocation_metrics,
)


class _Block(Body):
    type: str
    text: str = ""


class _Message(Body):
    role: Literal["user", "assistant"]
    content: str | list[_Block]


class _Request(Body):
    anthropic_version: str
    max_tokens: int = Field(ge=1)
    messages: list[_Message] = Field(min_length=1)
    system: str | list[_Block] = ""
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)


class Claude(Format):
    """Claude Messages. Any `anthropic_version` will do."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        return Prompt(
            text="".join(_text(message.content) for message in request.messages),
            system=_text(request.system),
            max_tokens=request.max_tokens,
        )

    def answer(self, reply: Reply, text: str, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """A `message`."""
        return _message(
            reply,
            content=[{"type": "text", "text": text}],
            stop_reason=_stop_reason(reply),
            output_tokens=reply.output_tokens,
        )

    def opening(self, reply: Reply) -> list[Event]:
        """`message_start`, `content_block_start`."""
        message = _message(reply, content=[], stop_reason=None, output_tokens=1)
        block = {"type": "text", "text": ""}
        return [
            chunk({"type": "message_start", "message": message}),
            chunk({"type": "content_block_start", "index": 0, "content_block": block}),
        ]

    def delta(self, reply: Reply, text: str, before: int, after: int) -> Event:  # noqa: ARG002  # no counts here
        """`content_block_delta`."""
        return chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})

    def closing(self, reply: Reply, metrics: Metrics) -> list[Event]:
        """`content_block_stop`, `message_delta`, and `message_stop` with the metrics."""
        stop = {"stop_reason": _stop_reason(reply), "stop_sequence": None}
        usage = {"output_tokens": reply.output_tokens}
        return [
            chunk({"type": "content_block_stop", "index": 0}),
            chunk({"type": "message_delta", "delta": stop, "usage": usage}),
            chunk({"type": "message_stop"} | invocation_metrics(reply, metrics)),
        ]


def _text(content: str | list[_Block]) -> str:
    return content if isinstance(content, str) else "".join(block.text for block in content)


def _stop_reason(reply: Reply) -> str:
    return "max_tokens" if reply.cut_short else "end_turn"


def _message(
    reply: Reply, *, content: list[dict[str, str]], stop_reason: str | None, output_tokens: int
) -> dict[str, Any]:
    return {
        "id": f"msg_bdrk_{reply.request_id.replace('-', '')[:24]}",
        "type": "message",
        "role": "assistant",
        "model": _model_name(reply.model_id),
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": output_tokens},
    }


def _model_name(model_id: str) -> str:
    """Anthropic's own name of a model, without what Bedrock adds around it."""
    return re.sub(r"-v\d+(:\d+)?$", "", model_id.rpartition("anthropic.")[2])
