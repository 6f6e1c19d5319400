"""Streams: sends the streamed answer to a call, each event at its planned time."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from bedrock_locust.simulator import families, faults, frames, sse, tokens
from bedrock_locust.simulator.ledger import OK
from bedrock_locust.simulator.pieces import Piece, cut
from bedrock_locust.simulator.replies import Kind, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bedrock_locust.simulator.calls import Call
    from bedrock_locust.simulator.exchange import Exchange
    from bedrock_locust.simulator.formats.base import Event, Format
    from bedrock_locust.simulator.replies import Block

CACHED_CHARS = 32
"""Events with a longer text are not kept: there are too many different ones."""

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Stream:
    """The streamed answer to one call. Its headers and opening events go out at once."""

    def __init__(self, call: Call, exchange: Exchange) -> None:
        self._call = replace(call, reply=call.format.streamed(call.reply, call.behaviour.tokens_per_event, call.rng))
        self._exchange = exchange
        self._first_byte_s = 0.0
        self._events = 0
        self._tokens_due = 0
        self._broken = False
        self._is_short = False
        """Whether the answer ended before its time."""
        self._held: Piece | None = None
        """The last text, where it goes out with the counts."""
        self._number = len(call.format.queued(call.reply))
        """The number of the next event, where events are numbered."""

    async def send(self) -> None:
        """Send the answer, until it ends or the fault of the call ends it."""
        call = self._call
        await self._send_all(call.format.opening(call.reply))
        for index in range(len(call.reply.blocks)):
            if not (self._broken or self._is_short):
                await self._send_block(index)
        if not self._broken and self._events <= call.behaviour.fault_after_events:
            await self._strike()
        if not self._broken:
            await self._close()

    async def _send_all(self, events: Iterable[Event]) -> None:
        for event in events:
            await self._exchange.chunk(self._frame(event))

    async def _send_block(self, index: int) -> None:
        call, block = self._call, self._call.reply.blocks[index]
        start: list[Event] = call.format.block_start(call.reply, index)
        begun = not block.text
        if begun:
            await self._send_all([*start, call.format.counted_delta(call.reply, block.kind, index, "", 0)])
        for piece in self._pieces(block):
            if self._events == call.behaviour.fault_after_events:
                await self._strike()
            if self._broken:
                return
            if piece.is_last and call.format.holds_last:
                self._held = piece
                return
            # Made before it is due, but for its number, which counts those before it.
            frame = None if call.format.numbered else self._delta_frame(block.kind, index, piece)
            await self._wait_for(piece)
            granted = self._granted(piece)
            if not granted.tokens:
                break
            await self._send_all(start)
            start, begun = [], True
            if frame is None or granted is not piece:
                frame = self._delta_frame(block.kind, index, granted)
            await self._send_delta(frame, granted)
            if self._is_short:
                break
        if begun:
            await self._send_all(self._call.format.block_stop(self._call.reply, index))

    def _granted(self, piece: Piece) -> Piece:
        """As much of a piece as the quota of output tokens has; if that is not all, the answer ends with it."""
        call, granted = self._call, self._call.grant(piece.tokens)
        if granted == piece.tokens:
            return piece
        self._is_short, self._tokens_due = True, 0
        self._call = replace(call, reply=shortened(call.reply, call.entry.output_tokens + granted))
        return replace(piece, text=piece.text[: granted * tokens.CHARS_PER_TOKEN], tokens=granted)

    def _pieces(self, block: Block) -> Iterable[Piece]:
        call = self._call
        if call.format.splits_text and block.kind is Kind.TEXT:
            return [Piece(block.text, block.tokens)]
        sizes = families.of(call.reply.model_id).sizes(block.kind, call.behaviour.tokens_per_event, call.rng)
        return cut(block, sizes)

    async def _wait_for(self, piece: Piece) -> None:
        """Wait until the tokens of a piece are there: its first one, or all of them where it is a whole block."""
        pace = self._call.pace
        pace.advance(self._tokens_due + piece.waits)
        self._tokens_due = piece.tokens - piece.waits
        await self._call.clock.until(pace.due_s)

    async def _send_delta(self, frame: bytes, piece: Piece) -> None:
        entry = self._call.entry
        if entry.first_token_at_ns is None:
            self._first_byte_s = self._call.clock.elapsed_s
            entry.first_token_at_ns = time.time_ns()
        if entry.events_ns is not None:
            entry.events_ns.append(time.time_ns())
        if frame:  # hidden reasoning has none
            await self._exchange.chunk(frame)
        entry.output_tokens += piece.tokens
        self._events += 1

    async def _close(self) -> None:
        text = await self._last_text()
        call = self._call
        call.pace.advance(max(0, self._tokens_due - 1))
        await call.answer_is_there()
        metrics = call.metrics(self._first_byte_s)
        if call.reply.prompt.is_stored:
            call.keep(call.format.answer(call.reply, metrics))
        closing = [self._frame(e) for e in call.format.closing(call.reply, metrics, text)]
        if call.strikes(faults.DUPLICATE_METADATA):
            closing.append(closing[-1])
        # Before the last bytes go out: a client may have left before this task runs again.
        call.entry.outcome = call.entry.outcome or OK
        for frame in closing:
            call.entry.ended_at_ns = time.time_ns()
            await self._exchange.chunk(frame)
        await self._exchange.end()

    async def _last_text(self) -> str:
        """The text that goes out with the counts, when its last token is there."""
        if not self._held:
            return ""
        await self._wait_for(replace(self._held, waits=self._held.tokens - 1))
        granted = self._granted(self._held)
        if granted.tokens:
            await self._send_delta(b"", granted)
        return granted.text

    def _delta_frame(self, kind: Kind, index: int, piece: Piece) -> bytes:
        """An event with text; it is made before it is due."""
        call = self._call
        if call.format.running_counts or call.reply.prompt.omits_thinking or len(piece.text) > CACHED_CHARS:
            sent = call.entry.output_tokens + piece.tokens
            return self._frame(call.format.counted_delta(call.reply, kind, index, piece.text, sent))
        return _plain_delta(call.format, kind, index, piece.text, self._padding())

    def _frame(self, event: Event) -> bytes:
        event_type, payload = event
        style = self._call.format.style
        if not (event_type or payload):
            return b""
        if not style:
            return frames.event(event_type, payload | {"p": _PADDING[: self._padding()]})
        if self._call.format.numbered:
            payload = payload | {"sequence_number": self._number}
            self._number += 1
        return sse.event(style, event_type, payload)

    def _padding(self) -> int:
        """The length of an event's padding, with which the service hides the length of a token from eavesdroppers.

        From 2 to 61, all alike often, in 1255 recorded events.
        """
        return 2 + int(self._call.rng.random() * (len(_PADDING) - 2))

    async def _strike(self) -> None:
        """Make the fault of the call happen, if it has one within the stream."""
        fault = self._call.fault
        if not self._call.strikes(*faults.MID_STREAM):
            return
        if fault == faults.STALL:
            await self._call.clock.hold(self._call.behaviour.stall_seconds)
            return
        self._broken = True
        self._call.entry.ended_at_ns = time.time_ns()
        if fault == faults.CUT:
            await self._exchange.cut()
            return
        if last := self._last_words(fault):
            await self._exchange.chunk(last)
        await self._exchange.end()

    def _last_words(self, fault: str) -> bytes:
        call = self._call
        if fault in faults.STREAM_ERRORS and call.format.style:
            name, said = call.failure()
            if "response" in said:
                call.keep(said["response"])
            return self._frame((name, said))
        if fault in faults.STREAM_ERRORS:
            return frames.exception(fault, faults.STREAM_ERRORS[fault])
        whole = self._frame(self._call.format.delta(Kind.TEXT, 0, "the "))
        if fault == faults.BAD_CRC:
            return whole[:-1] + bytes((whole[-1] ^ 1,))
        return whole[: len(whole) // 2] if fault == faults.TRUNCATED_FRAME else b""


@lru_cache(maxsize=16_384)
def _plain_delta(request_format: Format, kind: Kind, index: int, text: str, padding: int) -> bytes:
    event_type, payload = request_format.delta(kind, index, text)
    return frames.event(event_type, payload | {"p": _PADDING[:padding]})
