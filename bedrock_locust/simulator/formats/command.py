"""The format of Cohere's Command R models in InvokeModel, as AWS documents it.

The service tells counts of these models in headers and metrics only, seen in public client code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics, chunk, invocation_metrics, word
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply


class _Turn(Body):
    role: str = ""
    message: str = ""


class _Request(Body):
    message: str = Field(min_length=1)
    chat_history: list[_Turn] = Field(default_factory=list)
    preamble: str = ""
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    stop_sequences: list[str] = Field(default_factory=list)


class Command(Format):
    """Command R and R+."""

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        text = "".join(turn.message for turn in request.chat_history) + request.message
        return Prompt(
            parts=(Part(request.preamble), Part(text)),
            text=text,
            max_tokens=request.max_tokens,
            stop=tuple(request.stop_sequences),
            temperature=request.temperature,
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """The text, and the conversation with it."""
        turns = [{"role": "USER", "message": reply.prompt.text}, {"role": "CHATBOT", "message": reply.text}]
        return {
            "response_id": reply.request_id,
            "text": reply.text,
            "generation_id": reply.request_id,
            "chat_history": turns,
            "finish_reason": _reason(reply),
        }

    def opening(self, reply: Reply) -> list[Event]:
        """`stream-start`."""
        start = {"event_type": "stream-start", "is_finished": False, "generation_id": reply.request_id}
        return [chunk(start)]

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002  # one block of text
        """`text-generation`."""
        return chunk({"event_type": "text-generation", "is_finished": False, "text": text})

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """`stream-end`, with the whole answer and the metrics."""
        end = {"event_type": "stream-end", "is_finished": True, "finish_reason": _reason(reply)}
        return [chunk(end | {"response": self.answer(reply, metrics)} | invocation_metrics(reply, metrics))]


def _reason(reply: Reply) -> str:
    return word(reply.stop, {Stop.LENGTH: "MAX_TOKENS", Stop.SEQUENCE: "STOP_SEQUENCE"}, "COMPLETE")
