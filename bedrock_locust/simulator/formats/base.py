"""What a request format has to do: read a request, and write the answer to it, whole or as events."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bedrock_locust.simulator import guardrails, pieces
from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Kind, Reply, Stop
    from bedrock_locust.simulator.sse import Style

_to_json = json.JSONEncoder(separators=(",", ":")).encode

Event = tuple[str, dict[str, Any]]
"""An event's type and its payload before padding."""

SHOWN_MISTAKES = 5


class Body(BaseModel):
    """A request body, or a part of one. Members that do not matter to the simulator are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, raw: bytes) -> Any:
        """The body in these bytes; raises a `ServiceError` that says what is wrong with it."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            mistakes = error.errors(include_input=False, include_url=False)[:SHOWN_MISTAKES]
            reasons = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in mistakes)
            raise ServiceError("ValidationException", f"Malformed input request: {reasons}") from None


class CamelBody(Body):
    """A body whose members are in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The service's own times of a call, from its arrival, in whole ms."""

    first_byte_ms: int
    latency_ms: int


class Format(ABC):
    """A request format. Stateless."""

    running_counts: ClassVar[bool] = False
    """Whether a delta depends on more than its text, its block and the request id."""
    style: ClassVar[Style] = ""
    """How server-sent events are written; empty where a stream is an AWS event stream."""
    splits_text: ClassVar[bool] = False
    """Whether each piece of text in a stream is a block of its own."""
    holds_last: ClassVar[bool] = False
    """Whether the last text of a stream goes out with the closing events."""
    numbered: ClassVar[bool] = False
    """Whether each event has a `sequence_number`."""

    @abstractmethod
    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""

    @abstractmethod
    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:
        """The body of an answer without a stream."""

    def opening(self, reply: Reply) -> list[Event]:  # noqa: ARG002  # most have none
        """The events before the first block."""
        return []

    def queued(self, reply: Reply) -> list[Event]:  # noqa: ARG002  # only Responses has any
        """The events before those of `opening`, of a call in the background: sent before its turn has come."""
        return []

    def taken(self, reply: Reply, status: str) -> dict[str, Any]:
        """The body for a call in the background that is not complete yet."""
        raise NotImplementedError(f"{type(self).__name__} has no calls in the background: {status}, {reply.request_id}")

    def block_start(self, reply: Reply, index: int) -> list[Event]:  # noqa: ARG002  # most have none
        """The events before the first text of a block."""
        return []

    @abstractmethod
    def delta(self, kind: Kind, index: int, text: str) -> Event:
        """An event with text of a block."""

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:  # noqa: ARG002
        """The same where it depends on the reply; `sent` tokens were sent with it."""
        return self.delta(kind, index, text)

    def block_stop(self, reply: Reply, index: int) -> list[Event]:  # noqa: ARG002  # most have none
        """The events after the last text of a block."""
        return []

    def failure(self, reply: Reply, code: str, message: str) -> Event:
        """The event that says that a stream of server-sent events has failed."""
        raise NotImplementedError(f"{type(self).__name__} has no such event: {code}, {message}, {reply.request_id}")

    def streamed(self, reply: Reply, fixed: int, rng: Random) -> Reply:
        """The reply with the blocks that a stream of it has; `fixed` tokens in an event, or as its family does."""
        return pieces.split(reply, fixed, rng) if self.splits_text else reply

    @abstractmethod
    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:
        """The events after the last block; `text` is the last text, where it is held."""


def chunk(body: Mapping[str, Any]) -> Event:
    """The event in which InvokeModelWithResponseStream carries a piece of a model's own JSON."""
    return "chunk", {"bytes": base64.b64encode(_to_json(body).encode()).decode()}


def invocation_metrics(reply: Reply, metrics: Metrics) -> dict[str, Any]:
    """What the service adds to the last chunk of a native stream, a guardrail's part with it."""
    counts = {
        "inputTokenCount": reply.input_tokens,
        "outputTokenCount": reply.output_tokens,
        "invocationLatency": metrics.latency_ms,
        "firstByteLatency": metrics.first_byte_ms,
    }
    if reply.counts_cache:
        counts |= {"cacheReadInputTokenCount": reply.cache.read, "cacheWriteInputTokenCount": reply.cache.write}
    return {"amazon-bedrock-invocationMetrics": counts, **guardrails.native(reply)}


def word(stop: Stop, words: Mapping[Stop, str], otherwise: str) -> str:
    """A format's own word for why an answer ended."""
    return words.get(stop, otherwise)
