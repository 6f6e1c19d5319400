"""What a response said: the figures that every format leaves in the same place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bedrock_locust.formats.answer_trace import NATIVE, guardrail_ms, routed_model
from bedrock_locust.formats.values import count, members, milliseconds, text
from bedrock_locust.redaction import word

if TYPE_CHECKING:
    from collections.abc import Mapping

Content = Literal["", "text", "other"]
"""What a stream event brought: nothing generated, answer text, or other content: reasoning, a tool call, a citation."""

PLAIN_TEXT = rb'"([^"\\\x00-\x1f]*)"'
"""Pattern of a JSON string without escapes. The text of most events is one, and can be read without a parser."""
PLAIN_COUNT = rb"(0|[1-9][0-9]{0,11})"
"""Pattern of a count in JSON, as values.count takes it."""

TEXT_LIMIT = 100_000
"""Characters of answer text that are kept of a call."""

METRICS = "amazon-bedrock-invocationMetrics"
"""The key with the service's own figures in the last chunk of an InvokeModel stream."""

GUARDRAIL = "amazon-bedrock-guardrailAction"
"""The key with which InvokeModel says what a guardrail did; the model's own stop reason stays as it was."""
INTERVENED = "guardrail_intervened"
"""The stop reason of Converse where a guardrail did something."""

HEADERS = {
    "input_tokens": "x-amzn-bedrock-input-token-count",
    "output_tokens": "x-amzn-bedrock-output-token-count",
    "cache_read_tokens": "x-amzn-bedrock-cache-read-input-token-count",
    "cache_write_tokens": "x-amzn-bedrock-cache-write-input-token-count",
}
"""Undocumented headers of InvokeModel: used where the body has no figure of its own."""
LATENCY = "x-amzn-bedrock-invocation-latency"
"""One more of them: the service's own latency in ms."""

TIER = "x-amzn-bedrock-service-tier"
"""The header with the tier of both InvokeModel operations; Converse has it in the body."""


def _size(value: object) -> int:
    """UTF-8 bytes of a text, or of the JSON of anything else."""
    if isinstance(value, bytes):
        return len(value)
    written = value if isinstance(value, str) else json.dumps(value, default=str)
    return len(written.encode(errors="surrogatepass"))


@dataclass(slots=True)
class Reading:
    """The figures of one response, filled in while it is read. `None` means that the response does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    """Those that were written for an hour; they are part of `cache_write_tokens`."""
    reasoning_tokens: int | None = None
    """The output tokens that were reasoning; they are part of `output_tokens`."""
    server_ttft_ms: float | None = None
    server_latency_ms: float | None = None
    stop_reason: str = ""
    service_tier: str = ""
    guardrail_ms: float | None = None
    """What the guardrail took for prompt and answer together, where a trace says it."""
    routed_model: str = ""
    """The model that a prompt router chose."""
    stopped: bool = False
    """Whether the event that ends a stream has come."""
    in_reasoning: bool = False
    """Whether the text so far ends within reasoning that stands in tags (see tagged.py)."""
    text_bytes: int = 0
    """UTF-8 bytes of answer text."""
    other_bytes: int = 0
    """UTF-8 bytes of other content: reasoning, tool input."""
    reasoning_bytes: int = 0
    """UTF-8 bytes of reasoning that can be read; they are part of `other_bytes`."""
    response_id: str = ""
    """The id of a response that can be continued; empty where there is none."""
    around: tuple[bytes, bytes] = field(default=(b"", b""), repr=False, compare=False)
    """What stands before and after the text in the last chunk of plain text: in most streams of chunks the same."""
    _texts: list[str] = field(default_factory=list, repr=False, compare=False)
    _text_left: int = field(default=TEXT_LIMIT, repr=False, compare=False)

    @property
    def content_bytes(self) -> int:
        """UTF-8 bytes of all content."""
        return self.text_bytes + self.other_bytes

    @property
    def text(self) -> str:
        """The answer text, its first `TEXT_LIMIT` characters at most."""
        return "".join(self._texts)

    def add_text(self, value: object) -> Content:
        """Take answer text; anything but a text brings nothing."""
        piece = text(value)
        self.text_bytes += len(piece.encode(errors="surrogatepass"))
        self._keep(piece)
        return "text" if piece else ""

    def add_plain_text(self, value: bytes) -> Content | None:
        """Take answer text as it stands in JSON without escapes (PLAIN_TEXT); None where it is not UTF-8."""
        try:
            piece = value.decode()
        except UnicodeDecodeError:
            return None
        self.text_bytes += len(value)
        # As `_keep` does: this runs for most tokens.
        if (left := self._text_left) > 0:
            self._texts.append(piece[:left])
            self._text_left = left - len(piece)
        return "text" if value else ""

    def add_other(self, *values: object) -> Content:
        """Take content that is not answer text: texts, or parts that have some in them; empty ones bring nothing."""
        found = [value for value in values if value]
        self.other_bytes += sum(_size(value) for value in found)
        return "other" if found else ""

    def add_reasoning(self, value: object) -> Content:
        """Take reasoning that can be read; anything but a text brings nothing."""
        piece = text(value)
        self.reasoning_bytes += _size(piece)
        return self.add_other(piece)

    def _keep(self, piece: str) -> None:
        left = self._text_left
        if left > 0:
            self._texts.append(piece[:left])
            self._text_left = left - len(piece)

    def take(self, names: Mapping[str, str], source: object) -> None:
        """Take counts out of an object; `names` has the member of each figure. What it lacks, changes nothing."""
        said = members(source)
        for figure, name in names.items():
            if (value := count(said.get(name))) is not None:
                setattr(self, figure, value)

    def stop(self, reason: object) -> None:
        """Note that the model stopped, and why, if that is said."""
        self.stopped = True
        self.stop_because(reason)

    def stop_because(self, reason: object) -> None:
        """Note why the model stops. Anything but a text says nothing; that a guardrail intervened stays noted."""
        if self.stop_reason != INTERVENED:
            self.stop_reason = word(reason) or self.stop_reason

    def add_trace(self, trace: object) -> None:
        """Take what a trace says; what it lacks, changes nothing."""
        if (took_ms := guardrail_ms(trace)) is not None:
            self.guardrail_ms = took_ms
        self.routed_model = routed_model(trace) or self.routed_model

    def add_figures(self, chunk: Mapping[str, Any]) -> None:
        """Take over the service's own figures in a native body or chunk, where the format itself has given none."""
        if chunk.get(GUARDRAIL) == "INTERVENED":
            self.stop_reason = INTERVENED
        if NATIVE in chunk:
            self.add_trace(chunk[NATIVE])
        if METRICS in chunk:
            self._add_metrics(members(chunk[METRICS]))

    def _add_metrics(self, metrics: Mapping[str, Any]) -> None:
        if (first_ms := milliseconds(metrics.get("firstByteLatency"))) is not None:
            self.server_ttft_ms = first_ms
        if (whole_ms := milliseconds(metrics.get("invocationLatency"))) is not None:
            self.server_latency_ms = whole_ms
        self._complete(
            input_tokens=count(metrics.get("inputTokenCount")),
            output_tokens=count(metrics.get("outputTokenCount")),
            cache_read_tokens=count(metrics.get("cacheReadInputTokenCount")),
            cache_write_tokens=count(metrics.get("cacheWriteInputTokenCount")),
        )

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """Take over the figures in the response headers, for those the body has not given."""
        self._complete(**{key: count(headers.get(header)) for key, header in HEADERS.items()})
        self._complete(server_latency_ms=milliseconds(headers.get(LATENCY)))

    def _complete(self, **figures: float | None) -> None:
        for key, value in figures.items():
            if getattr(self, key) is None:
                setattr(self, key, value)
