"""One call while it is being measured: its circumstances, its times and what its response said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import Call
from bedrock_locust.errors import IncompleteStreamError
from bedrock_locust.formats import Reading
from bedrock_locust.formats.reading import TIER
from bedrock_locust.wire.eventstream import event
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    from botocore.eventstream import EventStream

    from bedrock_locust.call import Mode
    from bedrock_locust.errors import Failure
    from bedrock_locust.formats import StreamReader
    from bedrock_locust.wire.eventstream import Headers
    from bedrock_locust.wire.exchange import Exchange

DELTAS = frozenset({"contentBlockDelta", "chunk"})
"""The types of event that bring generated text."""

STREAMING = frozenset({"converse_stream", "invoke_model_with_response_stream"})
"""The boto3 methods that stream."""


@dataclass(slots=True)
class Measurement:
    """What is known of a call so far. `about` has those fields of its Call that its circumstances decide."""

    about: dict[str, Any]
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    reading: Reading = field(default_factory=Reading)
    response: dict[str, Any] = field(default_factory=dict)
    """boto3's ResponseMetadata, once there is a response."""

    exchange: Exchange | None = None
    """The response on the measured socket, where that is used."""

    @property
    def mode(self) -> Mode:
        """Whether the call streams."""
        return "streaming" if self.about["operation"] in STREAMING else "non_streaming"

    def drain(self, stream: EventStream[Any], reader: StreamReader) -> None:
        """Read a stream to its end: only then does its connection go back to the pool.

        Raises IncompleteStreamError where the stream ends without its stop event, and botocore's
        EventStreamError for an exception that the service put into it.
        """
        self.stopwatch.stage = "stream"
        if self.exchange is None:
            content, reading = self.stopwatch.content, self.reading
            with closing(stream):
                for said in stream:
                    content(reader.read_event(said, reading))
        else:
            self._drain_frames(self.exchange, reader)
        if not self.reading.stopped:
            raise IncompleteStreamError("the stream ended without its stop event")

    def _drain_frames(self, exchange: Exchange, reader: StreamReader) -> None:
        """Read a stream on the measured socket: most of its frames are text, and need no JSON."""
        content, reading = self.stopwatch.content, self.reading
        read_delta, read_event, operation = reader.read_delta, reader.read_event, self.about["operation"]

        def take(headers: Headers, payload: bytes) -> None:
            brought = read_delta(payload, reading) if headers.get(":event-type") in DELTAS else None
            if brought is None:
                brought = read_event(event(headers, payload, operation), reading)
            content(brought, exchange.arrived)

        exchange.read_frames(take)

    def record(self, failure: Failure | None) -> Call:
        """The Call of what was measured and read, ended now."""
        stopwatch, reading = self.stopwatch, self.reading
        return Call(
            **self.about,
            **_failed(failure),
            mode=self.mode,
            started_at=stopwatch.started_at,
            send_delay_ms=stopwatch.send_delay_ms,
            connect_ms=stopwatch.connect_ms,
            ttft_ms=stopwatch.ttft_ms,
            first_text_ms=stopwatch.first_text_ms,
            last_token_ms=stopwatch.last_token_ms,
            max_gap_ms=stopwatch.max_gap_ms,
            latency_ms=stopwatch.elapsed_ms,
            chunks=stopwatch.chunks if self.mode == "streaming" else None,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cache_read_tokens=reading.cache_read_tokens,
            cache_write_tokens=reading.cache_write_tokens,
            server_ttft_ms=reading.server_ttft_ms,
            server_latency_ms=reading.server_latency_ms,
            read_lag_ms=stopwatch.read_lag_ms,
            stop_reason=reading.stop_reason,
            service_tier=reading.service_tier or self.response.get("HTTPHeaders", {}).get(TIER, ""),
            request_id=self.response.get("RequestId") or (failure.request_id if failure else ""),
            attempts=self.response.get("RetryAttempts", 0) + 1,
        )


def _failed(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {}
    return {
        "error": failure.category,
        "error_code": failure.code,
        "error_stage": failure.stage,
        "error_message": failure.message,
    }
