"""The record of one Bedrock call. Its fields, but for three, are the columns of `requests.csv`, in this order."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Mode = Literal["streaming", "non_streaming"]
Phase = Literal["", "warmup", "measure", "drain"]
Stage = Literal["", "connect", "response", "stream", "task"]
Value = str | int | float | None

CANCELLED = "Cancelled"
"""The `error` of a call that the end of the run cut off: neither success nor failure."""


BURST_GAP_MS = 1.0
"""Events that came closer together than this, on average, came in a burst: their times tell no pace."""
BYTES_PER_TOKEN = 2
"""Text has more bytes a token, in any script: fewer, where reasoning was counted, and it was not streamed."""
LEAST_TOKENS = 0.5
"""Fewer tokens after the first event are no pace: its share of the bytes tells no part of a token."""
UNSEEN_TOKENS = 50
"""As many tokens of an answer may be markup of its format, which is counted but not streamed."""

NO_GAPS: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One Bedrock call, as it was measured. `None` means not known, never zero.

    Times in `_ms` count from the start: the moment the request is handed to the connection. What
    each column means to a reader is in docs/metrics.md.
    """

    started_at: float
    """Unix time of the start, seconds."""
    mode: Mode
    operation: str
    """What was called: boto3's converse, converse_stream, invoke_model, invoke_model_with_response_stream; or
    responses, chat_completions, messages, each with `_stream` after it where it streams."""
    model_id: str
    name: str
    """The caller's name for this kind of call; the stock users put the level in it."""
    level: str = ""
    """The level in which the call started; empty in a run without levels."""
    users: int | None = None
    """Concurrent users of that level."""
    phase: Phase = ""
    worker: str = ""
    prompt_chars: int | None = None
    max_tokens: int | None = None
    """The most tokens that the request allowed the answer, as it was sent."""
    send_delay_ms: float | None = None
    """What the client needed before the start: serialise, sign, connect, wait for the CPU."""
    connect_ms: float | None = None
    """The part of it that a new connection took; None where one was reused."""
    ttft_ms: float | None = None
    """Start to the first event with generated content (text, reasoning, tool input)."""
    first_text_ms: float | None = None
    """Start to the first non-empty answer text."""
    last_token_ms: float | None = None
    """Start to the last event with generated content."""
    max_gap_ms: float | None = None
    """The longest silence between two content events."""
    latency_ms: float
    """Start to the complete response: the stream drained, the body read, or the failure."""
    chunks: int | None = None
    """Stream events with generated content."""
    content_bytes: int | None = None
    """UTF-8 bytes of the content that a stream brought: text, reasoning, tool input."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    server_ttft_ms: float | None = None
    """The service's own `firstByteLatency`."""
    server_latency_ms: float | None = None
    """The service's own latency."""
    read_lag_ms: float | None = None
    """How late the client read the first token after it had arrived."""
    stop_reason: str = ""
    service_tier: str = ""
    """The tier in which the service says it answered; not always the one asked for."""
    error: str = ""
    """Failure category, `Cancelled`, or empty for a success."""
    error_code: str = ""
    error_stage: Stage = ""
    error_message: str = ""
    request_id: str = ""
    attempts: int | None = None
    reasoning_tokens: int | None = None
    """The output tokens that were reasoning, where the service says so; they are part of `output_tokens`."""
    cache_write_1h_tokens: int | None = None
    """The tokens that were written to the cache for an hour; they are part of `cache_write_tokens`."""
    input_tokens_asked: int | None = None
    """The input tokens that the workload meant the request to have."""
    record: int | None = None
    """The number of the record of the workload's file that was sent, from 0 on."""
    session: str = ""
    """The conversation that the call belongs to; empty outside of conversations."""
    turn: int | None = None
    """Which turn of its conversation it is, from 1 on."""
    scheduled_at: float | None = None
    """Unix time at which the call was to start, seconds, in an open loop; None in a closed one."""
    guardrail_ms: float | None = None
    """What the guardrail took for prompt and answer together, as the trace of the response says."""
    routed_model: str = ""
    """The model that a prompt router chose for the call; empty where none was called."""
    first_bytes: int | None = None
    """The part of `content_bytes` that the first event with content brought."""
    reasoning_bytes: int | None = None
    """The part of `content_bytes` that was reasoning, as far as it can be read."""
    gaps: Mapping[int, int] = field(default_factory=lambda: NO_GAPS, repr=False, compare=False)
    """The silences between content events: bucket of a Histogram -> count. Not a column: `gaps.csv` has them."""
    text: str = field(default="", repr=False, compare=False)
    """The answer text, its first 100,000 characters, for the task that made the call. Not a column."""
    response_id: str = field(default="", repr=False, compare=False)
    """The id of a response of Responses, which a later call may name as `previous_response_id`. Not a column."""

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return not self.error

    @property
    def all_input_tokens(self) -> int | None:
        """The tokens of the prompt, cached or not; None where they are not known."""
        if self.input_tokens is None:
            return None
        return self.input_tokens + (self.cache_read_tokens or 0) + (self.cache_write_tokens or 0)

    @property
    def cancelled(self) -> bool:
        """Whether the end of the run cut the call off."""
        return self.error == CANCELLED

    @property
    def lateness_ms(self) -> float | None:
        """From the moment at which the call was to start to its start, at least 0; None in a closed loop."""
        return None if self.scheduled_at is None else max(0.0, 1000 * (self.started_at - self.scheduled_at))

    @property
    def tpot_ms(self) -> float | None:
        """Time per output token of a stream: (last token - first token) / (tokens - those of the first event).

        With one token an event that is the usual (last - first) / (tokens - 1); see `first_tokens` for others.
        `None` where it is not known: tokens in a single event or in a burst, and counts that hold tokens which were
        not streamed, such as hidden reasoning.
        """
        tokens, first_ms = self.seen_tokens, self._first_ms
        if first_ms is None or self.last_token_ms is None or not tokens or self.hides_tokens:
            return None
        span_ms, later = self.last_token_ms - first_ms, tokens - self.first_tokens
        if self._events < 2 or span_ms < (self._events - 1) * BURST_GAP_MS or later < LEAST_TOKENS:
            return None
        return span_ms / later

    @property
    def first_tokens(self) -> float:
        """How many of `seen_tokens` the first event brought, as far as can be told: its share of the bytes.

        One where each event brought a token. The same share as any other event where the bytes are not known, or
        where the time runs from the first text, which came later. None where it only said that reasoning begins.
        """
        tokens, events = self.seen_tokens or 0, max(1, self._events)
        is_later = self._first_ms != self.ttft_ms
        if events >= tokens or not self.content_bytes or self.first_bytes is None or is_later:
            return tokens / events
        return max(1.0, tokens * self.first_bytes / self.content_bytes) if self.first_bytes else 0.0

    @property
    def _first_ms(self) -> float | None:
        return self.first_text_ms if self.hides_reasoning else self.ttft_ms

    @property
    def _events(self) -> int:
        """Events with content; one for each token where they were not counted."""
        return (self.seen_tokens or 0) if self.chunks is None else self.chunks

    @property
    def hides_reasoning(self) -> bool:
        """Whether the service counted reasoning that it did not stream, or a summary of: too few bytes for its tokens.

        Where the bytes of the reasoning are not known, too few bytes came for all tokens.
        """
        if not self.reasoning_tokens or self.content_bytes is None or self.output_tokens is None:
            return False
        if self.reasoning_bytes is not None:
            return self.reasoning_bytes < BYTES_PER_TOKEN * self.reasoning_tokens
        return self.content_bytes < BYTES_PER_TOKEN * self.output_tokens

    @property
    def seen_tokens(self) -> int | None:
        """The output tokens without reasoning that was counted and not streamed."""
        if not self.hides_reasoning or self.output_tokens is None:
            return self.output_tokens
        return max(0, self.output_tokens - (self.reasoning_tokens or 0))

    @property
    def hides_tokens(self) -> bool:
        """Whether more of these were counted than the streamed content can hold, at a byte a token or more."""
        if self.content_bytes is None or self.seen_tokens is None:
            return False
        return self.seen_tokens > self.content_bytes + UNSEEN_TOKENS

    def to_row(self) -> list[Value]:
        """The values in the order of `COLUMNS`; plain types that msgpack and csv can carry."""
        return [getattr(self, column) for column in COLUMNS]

    @classmethod
    def from_row(cls, row: Sequence[Value]) -> Call:
        """The call that `to_row` made the row of."""
        return cls(**dict(zip(COLUMNS, row, strict=True)))  # type: ignore[arg-type]  # the row has the fields' types


_NO_COLUMNS = {"gaps", "text", "response_id"}
COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(Call) if column.name not in _NO_COLUMNS)
"""The columns of `requests.csv`."""
