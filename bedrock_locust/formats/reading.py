"""What a response said: the figures that every format leaves in the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Content = Literal["", "text", "other"]
"""What a stream event brought: nothing generated, answer text, or reasoning and tool input."""

PLAIN_TEXT = rb'"([^"\\\x00-\x1f]*)"'
"""Pattern of a JSON string without escapes: the text of most events, which so can be had without a parser."""

METRICS = "amazon-bedrock-invocationMetrics"
"""The key with the service's own figures in the last chunk of an InvokeModel stream."""

HEADERS = {
    "input_tokens": "x-amzn-bedrock-input-token-count",
    "output_tokens": "x-amzn-bedrock-output-token-count",
    "cache_read_tokens": "x-amzn-bedrock-cache-read-input-token-count",
    "cache_write_tokens": "x-amzn-bedrock-cache-write-input-token-count",
    "server_latency_ms": "x-amzn-bedrock-invocation-latency",
}
"""Undocumented headers of InvokeModel: used where the body has no figure of its own."""

TIER = "x-amzn-bedrock-service-tier"
"""The header with the tier of both InvokeModel operations; Converse has it in the body."""


@dataclass(slots=True)
class Reading:
    """The figures of one response, filled in while it is read. `None` means that it did not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    server_ttft_ms: float | None = None
    server_latency_ms: float | None = None
    stop_reason: str = ""
    service_tier: str = ""
    stopped: bool = False
    """Whether the event that ends a stream has come."""
    text_bytes: int = 0
    """UTF-8 bytes of answer text."""

    def add_text(self, text: str) -> Content:
        """Count answer text."""
        self.text_bytes += len(text.encode(errors="surrogatepass"))
        return "text" if text else ""

    def add_plain_text(self, text: bytes) -> Content | None:
        """Count answer text as it stands in JSON without escapes (PLAIN_TEXT); None where it is not UTF-8."""
        try:
            text.decode()
        except UnicodeDecodeError:
            return None
        self.text_bytes += len(text)
        return "text" if text else ""

    def stop(self, reason: str | None) -> None:
        """Note why the model stopped."""
        self.stopped = True
        self.stop_reason = reason or self.stop_reason

    def add_metrics(self, chunk: Mapping[str, Any]) -> None:
        """Take over the service's own figures, for those the format itself has not given."""
        metrics = chunk.get(METRICS)
        if not metrics:
            return
        self.server_ttft_ms = metrics.get("firstByteLatency")
        self.server_latency_ms = metrics.get("invocationLatency")
        self._complete(
            input_tokens=metrics.get("inputTokenCount"),
            output_tokens=metrics.get("outputTokenCount"),
            cache_read_tokens=metrics.get("cacheReadInputTokenCount"),
            cache_write_tokens=metrics.get("cacheWriteInputTokenCount"),
        )

    def add_headers(self, headers: Mapping[str, str]) -> None:
        """Take over the figures in the response headers, for those the body has not given."""
        found = {key: headers.get(header) for key, header in HEADERS.items()}
        self._complete(**{key: int(value) for key, value in found.items() if value and value.isdecimal()})

    def _complete(self, **figures: int | None) -> None:
        for key, value in figures.items():
            if getattr(self, key) is None:
                setattr(self, key, value)
