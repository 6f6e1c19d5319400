"""Formats that complete a `prompt`: Mistral's older models, and DeepSeek R1; as AWS documents them.

The two differ in the name of the list that holds the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics, chunk, invocation_metrics, word
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

DEFAULT_MAX_TOKENS = 512


class _Request(Body):
    prompt: str = Field(min_length=1)
    max_tokens: int = Field(DEFAULT_MAX_TOKENS, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    stop: list[str] = Field(default_factory=list)


class Completion(Format):
    """A `prompt` that is completed. Reasoning stands in the text, up to `</think>`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        return Prompt(
            parts=(Part(request.prompt),),
            text=request.prompt,
            max_tokens=request.max_tokens,
            stop=tuple(request.stop),
            temperature=request.temperature,
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """The whole text."""
        thought = reply.of(Kind.REASONING)
        return self._piece((thought + "</think>" if thought else "") + reply.text, _stop_reason(reply))

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002  # all blocks in one text
        """A chunk with text."""
        return chunk(self._piece(text, None))

    def block_stop(self, reply: Reply, index: int) -> list[Event]:
        """The end of reasoning."""
        thought = reply.blocks[index].kind is Kind.REASONING
        return [chunk(self._piece("</think>", None))] if thought else []

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """A last chunk without text, with the stop reason and the metrics."""
        return [chunk(self._piece("", _stop_reason(reply)) | invocation_metrics(reply, metrics))]

    def _piece(self, text: str, stop_reason: str | None) -> dict[str, Any]:
        return {self._name: [{"text": text, "stop_reason": stop_reason}]}


def _stop_reason(reply: Reply) -> str:
    return word(reply.stop, {Stop.LENGTH: "length"}, "stop")
