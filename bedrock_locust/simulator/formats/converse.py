"""Converse and ConverseStream: the one format for every model.

Shapes and event order are those of botocore's `bedrock-runtime` model. A block of text has no
`contentBlockStart` event: its `start` is a union without a member for text.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bedrock_locust.simulator.formats.base import CamelBody, Event, Format, Metrics, Prompt, Reply


class _Block(CamelBody):
    text: str = ""


class _Message(CamelBody):
    role: Literal["user", "assistant", "system"]
    content: list[_Block]


class _InferenceConfig(CamelBody):
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)


class _Request(CamelBody):
    messages: list[_Message] = Field(min_length=1)
    system: list[_Block] = Field(default_factory=list)
    inference_config: _InferenceConfig = _InferenceConfig()


class Converse(Format):
    """The format of Converse and ConverseStream."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        return Prompt(
            text="".join(block.text for message in request.messages for block in message.content),
            system="".join(block.text for block in request.system),
            max_tokens=request.inference_config.max_tokens,
        )

    def answer(self, reply: Reply, text: str, metrics: Metrics) -> dict[str, Any]:
        """The body of a ConverseResponse."""
        return {
            "metrics": {"latencyMs": metrics.latency_ms},
            "output": {"message": {"content": [{"text": text}], "role": "assistant"}},
            "stopReason": _stop_reason(reply),
            "usage": _usage(reply),
        }

    def opening(self, reply: Reply) -> list[Event]:  # noqa: ARG002  # the same for every reply
        """`messageStart`."""
        return [("messageStart", {"role": "assistant"})]

    def delta(self, reply: Reply, text: str, before: int, after: int) -> Event:  # noqa: ARG002  # no counts here
        """`contentBlockDelta`."""
        return "contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}

    def closing(self, reply: Reply, metrics: Metrics) -> list[Event]:
        """`contentBlockStop`, `messageStop`, `metadata`."""
        return [
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": _stop_reason(reply)}),
            ("metadata", {"metrics": {"latencyMs": metrics.latency_ms}, "usage": _usage(reply)}),
        ]


def _stop_reason(reply: Reply) -> str:
    return "max_tokens" if reply.cut_short else "end_turn"


def _usage(reply: Reply) -> dict[str, int]:
    return {
        "inputTokens": reply.input_tokens,
        "outputTokens": reply.output_tokens,
        "totalTokens": reply.input_tokens + reply.output_tokens,
    }
