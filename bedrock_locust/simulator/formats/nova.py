"""The format of Amazon's Nova models in InvokeModel: Converse's shapes, each event in a chunk of its own.

As in AWS's documentation of the Nova request schema; the names of the cache counts in `usage` are
seen in a recording in public client code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.formats import converse
from bedrock_locust.simulator.formats.base import Event, Format, Metrics, chunk, invocation_metrics

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Kind, Reply

_CONVERSE = converse.Converse()


class _Request(converse.Request):
    reasoning_config: Any = None


class Nova(Format):
    """Nova's `messages-v1`."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        fields = {"reasoningConfig": request.reasoning_config}
        return request.model_copy(update={"additional_model_request_fields": fields}).prompt

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """Message, stop reason and usage."""
        content = [converse.content(block) for block in reply.blocks]
        message = {"content": content, "role": "assistant"}
        return {"output": {"message": message}, "stopReason": reply.stop, "usage": _usage(reply)}

    def opening(self, reply: Reply) -> list[Event]:
        """`messageStart`."""
        return _chunks(_CONVERSE.opening(reply))

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStart`, of a tool call only."""
        return _chunks(_CONVERSE.block_start(reply, index))

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """`contentBlockDelta`."""
        return _chunks([_CONVERSE.delta(kind, index, text)])[0]

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStop`."""
        return _chunks(_CONVERSE.block_stop(reply, index))

    def closing(self, reply: Reply, metrics: Metrics) -> list[Event]:
        """`messageStop`, and `metadata` with the invocation metrics."""
        metadata = {"usage": _usage(reply), "metrics": {}, "trace": {}}
        return [
            chunk({"messageStop": {"stopReason": reply.stop}}),
            chunk({"metadata": metadata} | invocation_metrics(reply, metrics)),
        ]


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "inputTokens": reply.input_tokens,
        "outputTokens": reply.output_tokens,
        "totalTokens": reply.prompt.input_tokens + reply.output_tokens,
        "cacheReadInputTokenCount": reply.cache.read,
        "cacheWriteInputTokenCount": reply.cache.write,
    }


def _chunks(events: list[Event]) -> list[Event]:
    return [chunk({name: payload}) for name, payload in events]
