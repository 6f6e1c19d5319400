"""One call while it is being measured: its circumstances, its times and what its response said."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import Call
from bedrock_locust.errors import IncompleteStreamError
from bedrock_locust.formats import Reading
from bedrock_locust.formats.events import DELTAS, PLAIN_LIMIT, read_data, read_event
from bedrock_locust.formats.reading import TIER
from bedrock_locust.redaction import ID_LIMIT, fit, word
from bedrock_locust.wire.content import SseBody, StreamBody, plain
from bedrock_locust.wire.eventstream import Decoder, refuse_exception
from bedrock_locust.wire.sse import SseDecoder
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.call import Mode
    from bedrock_locust.errors import Failure
    from bedrock_locust.formats import StreamReader
    from bedrock_locust.formats.apis import ApiFormat
    from bedrock_locust.wire.eventstream import Headers
    from bedrock_locust.wire.exchange import Exchange

STREAMING = frozenset(
    {
        *("converse_stream", "invoke_model_with_response_stream"),
        *("responses_stream", "chat_completions_stream", "messages_stream"),
    }
)
"""The operations that stream."""


@dataclass(slots=True)
class Measurement:
    """What is known of a call so far. `about` has those fields of its Call that its circumstances decide."""

    about: dict[str, Any]
    reading: Reading = field(default_factory=Reading)
    stopwatch: Stopwatch = field(init=False)
    response: dict[str, Any] = field(default_factory=dict)
    """boto3's ResponseMetadata, once there is a response."""

    exchange: Exchange | None = None
    """The response on the measured socket, where that is used."""
    body: Any = None
    """The body of the response: bytes, or for a stream what can be read from."""
    signing: bool = False
    """Whether the call has ended while its request was signed."""

    def __post_init__(self) -> None:
        reading = self.reading  # not self: the two would form a circle
        self.stopwatch = Stopwatch(lambda: reading.content_bytes)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response, their names in lower case."""
        headers: Mapping[str, str] = self.response.get("HTTPHeaders", {})
        return headers

    @property
    def mode(self) -> Mode:
        """Whether the call streams."""
        return "streaming" if self.about["operation"] in STREAMING else "non_streaming"

    def content(self) -> bytes:
        """The whole body. Raises NotAnAnswerError where it is compressed and cannot be decompressed, or too large."""
        return plain(self.body if isinstance(self.body, bytes) else self.body.read(), self.headers)

    def drain(self, reader: StreamReader) -> None:
        """Read a stream to its end: only then does its connection go back to the pool.

        Raises NotAnAnswerError where it is no event stream, IncompleteStreamError where it ends without its stop
        event, MalformedEventError for an event that cannot be read, and botocore's EventStreamError for an
        exception that the service put into it.
        """
        self._drain(StreamBody, Decoder(self._taker(reader)).feed)
        self._check_end()

    def drain_sse(self, api: ApiFormat) -> None:
        """Read a stream of server-sent events to its end.

        Raises as `drain` does, and ModelFailedError for an error of the service in the stream.
        """
        decoder = SseDecoder(self._sse_taker(api))
        self._drain(SseBody, decoder.feed, lambda: decoder.unfinished)
        decoder.end()
        self._check_end()

    def _drain(
        self, kind: type[StreamBody], decode: Callable[[bytes], None], in_line: Callable[[], int] | None = None
    ) -> None:
        self.stopwatch.stage = "stream"
        if self.exchange is None:
            with closing(self.body):
                body = kind(self.headers, decode)
                for data in self.body.stream():
                    body.feed(data)
        else:
            body = kind(self.headers, decode)
            self.exchange.read_stream(body.feed, body.feed_on, in_line)
        body.end()

    def _check_end(self) -> None:
        if not self.reading.stopped:
            raise IncompleteStreamError("the stream ended without its stop event")

    def _sse_taker(self, api: ApiFormat) -> Callable[[bytes], None]:
        """What takes the data of each server-sent event."""
        exchange, read_delta = self.exchange, api.read_delta
        content, reading = self.stopwatch.content, self.reading

        def take(data: bytes) -> None:
            brought = read_delta(data, reading) if len(data) <= PLAIN_LIMIT else None
            if brought is None:
                brought = read_data(api, data, reading)
            content(brought, exchange.arrived if exchange else None)

        return take

    def _taker(self, reader: StreamReader) -> Callable[[Headers, bytes], None]:
        """What takes each frame of a stream; the measured socket knows when it had arrived."""
        exchange, read_delta = self.exchange, reader.read_delta
        content, reading, operation = self.stopwatch.content, self.reading, self.about["operation"]

        usual: Headers | None = None
        """The headers of the last event of DELTAS: a stream sends the same ones with nearly every event."""

        def take(headers: Headers, payload: bytes) -> None:
            nonlocal usual
            if headers is not usual:
                if headers.get(":message-type") != "event":
                    refuse_exception(headers, payload, operation)
                if headers.get(":event-type", "") in DELTAS:
                    usual = headers
            # Most events are short texts, which need no JSON parser.
            brought = None
            if headers is usual and len(payload) <= PLAIN_LIMIT:
                brought = read_delta(payload, reading)
            if brought is None:
                brought = read_event(reader, headers.get(":event-type", ""), payload, reading)
            content(brought, exchange.arrived if exchange else None)

        return take

    def record(self, failure: Failure | None) -> Call:
        """The Call of what was measured and read, ended now."""
        stopwatch, reading = self.stopwatch, self.reading
        return Call(
            **self.about,
            **fit(_failed(failure)),
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
            content_bytes=reading.content_bytes if self.mode == "streaming" else None,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cache_read_tokens=reading.cache_read_tokens,
            cache_write_tokens=reading.cache_write_tokens,
            reasoning_tokens=reading.reasoning_tokens,
            cache_write_1h_tokens=reading.cache_write_1h_tokens,
            server_ttft_ms=reading.server_ttft_ms,
            server_latency_ms=reading.server_latency_ms,
            read_lag_ms=stopwatch.read_lag_ms,
            stop_reason=word(reading.stop_reason),
            service_tier=_tier(word(reading.service_tier or self.headers.get(TIER))),
            request_id=word(self.response.get("RequestId") or (failure.request_id if failure else ""), ID_LIMIT),
            guardrail_ms=reading.guardrail_ms,
            routed_model=reading.routed_model,
            first_bytes=stopwatch.first_bytes,
            reasoning_bytes=reading.reasoning_bytes if self.mode == "streaming" else None,
            attempts=self.response.get("RetryAttempts", 0) + 1,
            gaps=stopwatch.gaps,
            text=reading.text,
            response_id=reading.response_id,
        )


def _tier(said: str) -> str:
    """The tier in which a call was answered; `auto`, which gpt-oss says, is what was asked for, and names none."""
    return "" if said == "auto" else said


def _failed(failure: Failure | None) -> dict[str, Any]:
    if failure is None:
        return {}
    return {
        "error": failure.category,
        "error_code": failure.code,
        "error_stage": failure.stage,
        "error_message": failure.message,
    }
