"""The format of Amazon's Nova models in InvokeModel: Converse's shapes, each event in a chunk of its own.

As in AWS's documentation of the Nova request schema, and in recorded answers: in a stream each piece of text
is a block of its own, and its usage has no total.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import md5
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from pydantic import AliasChoices, Field

from bedrock_locust.simulator.formats import converse
from bedrock_locust.simulator.formats.base import Event, Format, Metrics, chunk, invocation_metrics

if TYPE_CHECKING:
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Block, Kind, Reply

_CONVERSE = converse.Converse()


class _Config(converse.InferenceConfig):
    max_tokens: int | None = Field(None, ge=1, validation_alias=AliasChoices("maxTokens", "max_new_tokens"))


class _Request(converse.Request):
    inference_config: _Config = _Config()
    reasoning_config: Any = None


class Nova(Format):
    """Nova's `messages-v1`."""

    splits_text: ClassVar[bool] = True

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        fields = {"reasoningConfig": request.reasoning_config}
        return request.model_copy(update={"additional_model_request_fields": fields}).prompt

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """Message, stop reason and usage."""
        content = [converse.content(_identified(block), reply.family) for block in reply.blocks]
        message = {"content": content, "role": "assistant"}
        return {"output": {"message": message}, "stopReason": reply.stop, "usage": _usage(reply) | _total(reply)}

    def opening(self, reply: Reply) -> list[Event]:
        """`messageStart`."""
        return _chunks(_CONVERSE.opening(reply))

    def block_start(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStart`, of a tool call only."""
        blocks = tuple(map(_identified, reply.blocks))
        return _chunks(_CONVERSE.block_start(replace(reply, content=replace(reply.content, blocks=blocks)), index))

    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """`contentBlockDelta`."""
        return _chunks([_CONVERSE.delta(kind, index, text)])[0]

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """`contentBlockStop`."""
        return _chunks(_CONVERSE.block_stop(reply, index)[-1:])

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`messageStop`, and `metadata` with the invocation metrics."""
        metadata = {"usage": _usage(reply), "metrics": {}, "trace": {}}
        return [
            chunk({"messageStop": {"stopReason": reply.stop}}),
            chunk({"metadata": metadata} | invocation_metrics(reply, metrics)),
        ]


def _identified(block: Block) -> Block:
    """The same with a tool's id as Nova makes them natively: a UUID."""
    if not block.tool_id:
        return block
    return replace(
        block, tool_id=str(UUID(bytes=md5(block.tool_id.encode(), usedforsecurity=False).digest(), version=4))
    )


def _usage(reply: Reply) -> dict[str, Any]:
    return {
        "inputTokens": reply.input_tokens,
        "outputTokens": reply.output_tokens,
        "cacheReadInputTokenCount": reply.cache.read,
        "cacheWriteInputTokenCount": reply.cache.write,
    }


def _total(reply: Reply) -> dict[str, int]:
    return {"totalTokens": reply.prompt.input_tokens + reply.output_tokens}


def _chunks(events: list[Event]) -> list[Event]:
    return [chunk({name: payload}) for name, payload in events]
