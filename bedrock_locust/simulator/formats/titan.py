"""The format of Amazon's Titan text models in InvokeModel, as AWS documents it.

Which counts stand in which chunk is recorded: most answers are one chunk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator.formats.base import CamelBody, Event, Format, Metrics, chunk, invocation_metrics, word
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

DEFAULT_MAX_TOKENS = 512


class _Config(CamelBody):
    max_token_count: int = Field(DEFAULT_MAX_TOKENS, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    stop_sequences: list[str] = Field(default_factory=list)


class _Request(CamelBody):
    input_text: str = Field(min_length=1)
    text_generation_config: _Config = _Config()


class Titan(Format):
    """Titan Text Lite, Express and Premier. The last text of a stream is in the chunk with the counts."""

    holds_last = True

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        config = request.text_generation_config
        return Prompt(
            parts=(Part(request.input_text),),
            text=request.input_text,
            max_tokens=config.max_token_count,
            stop=tuple(config.stop_sequences),
            temperature=config.temperature,
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """One result, and the count of the prompt."""
        result = {"tokenCount": reply.output_tokens, "outputText": reply.text, "completionReason": _reason(reply)}
        return {"inputTextTokenCount": reply.input_tokens, "results": [result]}

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002  # one block of text
        """A chunk with text."""
        return chunk(_piece(text))

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:
        """A last chunk, with the rest of the text, the counts and the metrics."""
        counts = {
            "completionReason": _reason(reply),
            "inputTextTokenCount": reply.input_tokens,
            "totalOutputTextTokenCount": reply.output_tokens,
        }
        return [chunk(_piece(text) | counts | invocation_metrics(reply, metrics))]


def _piece(text: str) -> dict[str, Any]:
    return {
        "outputText": text,
        "index": 0,
        "totalOutputTextTokenCount": None,
        "completionReason": None,
        "inputTextTokenCount": None,
    }


def _reason(reply: Reply) -> str:
    return word(reply.stop, {Stop.LENGTH: "LENGTH"}, "FINISH")
