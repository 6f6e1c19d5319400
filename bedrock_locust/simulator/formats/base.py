"""What a request format has to do: read a request, and write the answer to it, whole or as events."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bedrock_locust.simulator import tokens
from bedrock_locust.simulator.errors import ServiceError

_to_json = json.JSONEncoder(separators=(",", ":")).encode

Event = tuple[str, dict[str, Any]]
"""An event's type and its payload before padding."""


class Body(BaseModel):
    """A request body, or a part of one. Members that do not matter to the simulator are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def read(cls, raw: bytes) -> Any:
        """The body in these bytes; raises a `ServiceError` that says what is wrong with it."""
        try:
            return cls.model_validate_json(raw)
        except ValidationError as error:
            reasons = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors())
            raise ServiceError("ValidationException", f"Malformed input request: {reasons}") from None


class CamelBody(Body):
    """A body whose members are in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the simulator takes from a request."""

    text: str
    """The text of all messages, in their order."""
    system: str
    max_tokens: int | None

    @property
    def input_tokens(self) -> int:
        """Tokens of the messages and the system prompt."""
        return tokens.count(self.system + self.text)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known of an answer before it is sent."""

    request_id: str
    model_id: str
    input_tokens: int
    output_tokens: int
    cut_short: bool
    """Whether `max_tokens` ended it."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The service's own times of a call, from its arrival, in whole ms."""

    first_byte_ms: int
    latency_ms: int


class Format(ABC):
    """A request format. Stateless."""

    @abstractmethod
    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""

    @abstractmethod
    def answer(self, reply: Reply, text: str, metrics: Metrics) -> dict[str, Any]:
        """The body of an answer without a stream."""

    @abstractmethod
    def opening(self, reply: Reply) -> list[Event]:
        """The events before the first text."""

    @abstractmethod
    def delta(self, reply: Reply, text: str, before: int, after: int) -> Event:
        """An event with text; `before` and `after` it so many tokens have been sent."""

    @abstractmethod
    def closing(self, reply: Reply, metrics: Metrics) -> list[Event]:
        """The events after the last text."""


def chunk(body: dict[str, Any]) -> Event:
    """The event in which InvokeModelWithResponseStream carries a piece of a model's own JSON."""
    return "chunk", {"bytes": base64.b64encode(_to_json(body).encode()).decode()}


def invocation_metrics(reply: Reply, metrics: Metrics) -> dict[str, Any]:
    """What the service adds to the last chunk of a native stream."""
    return {
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": reply.input_tokens,
            "outputTokenCount": reply.output_tokens,
            "invocationLatency": metrics.latency_ms,
            "firstByteLatency": metrics.first_byte_ms,
        }
    }
