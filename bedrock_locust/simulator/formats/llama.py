"""The format of Meta's Llama models (3 and later) in InvokeModel.

Members as in AWS's documentation of the Llama parameters. That a chunk carries the running count of
its tokens, and the first one the count of the prompt, is background knowledge, not a recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from bedrock_locust.simulator import tokens
from bedrock_locust.simulator.formats.base import Body, Event, Format, Metrics, chunk, invocation_metrics, word
from bedrock_locust.simulator.prompts import Part, Prompt
from bedrock_locust.simulator.replies import Kind, Stop

if TYPE_CHECKING:
    from bedrock_locust.simulator.replies import Reply

DEFAULT_MAX_TOKENS = 512
"""What the service documents for a request without `max_gen_len`."""


class _Request(Body):
    prompt: str = Field(min_length=1)
    max_gen_len: int = Field(DEFAULT_MAX_TOKENS, ge=1)
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)


class Llama(Format):
    """Llama 3 and later. The tags of the chat template count as text of the prompt."""

    running_counts = True

    def read(self, body: bytes) -> Prompt:
        """The prompt in a request body; raises `ServiceError`."""
        request: _Request = _Request.read(body)
        return Prompt(
            parts=(Part(request.prompt),),
            text=request.prompt,
            max_tokens=request.max_gen_len,
            temperature=request.temperature,
        )

    def answer(self, reply: Reply, metrics: Metrics) -> dict[str, Any]:  # noqa: ARG002  # in headers
        """The whole generation."""
        return _piece(reply.text, reply.input_tokens, reply.output_tokens, _stop_reason(reply))

    def delta(self, kind: Kind, index: int, text: str) -> Event:  # noqa: ARG002  # one block of text
        """A chunk with text and no counts."""
        return chunk(_piece(text, None, None, None))

    def counted_delta(self, reply: Reply, kind: Kind, index: int, text: str, sent: int) -> Event:  # noqa: ARG002
        """A chunk with text and the count of tokens up to it."""
        first = sent == tokens.count(text)
        return chunk(_piece(text, reply.input_tokens if first else None, sent, None))

    def closing(self, reply: Reply, metrics: Metrics, text: str = "") -> list[Event]:  # noqa: ARG002
        """A last chunk without text, with the stop reason and the metrics."""
        last = _piece("", None, reply.output_tokens, _stop_reason(reply))
        return [chunk(last | invocation_metrics(reply, metrics))]


def _stop_reason(reply: Reply) -> str:
    return word(reply.stop, {Stop.LENGTH: "length"}, "stop")


def _piece(text: str, prompt_tokens: int | None, sent: int | None, stop_reason: str | None) -> dict[str, Any]:
    return {
        "generation": text,
        "prompt_token_count": prompt_tokens,
        "generation_token_count": sent,
        "stop_reason": stop_reason,
    }
