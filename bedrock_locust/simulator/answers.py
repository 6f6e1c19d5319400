"""Answers: sending what was decided about a call, whole or as a stream."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from bedrock_locust.simulator import faults, frames, tokens
from bedrock_locust.simulator.calls import request_id_header
from bedrock_locust.simulator.ledger import OK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.simulator.calls import Call
    from bedrock_locust.simulator.exchange import Exchange
    from bedrock_locust.simulator.formats import Metrics
    from bedrock_locust.simulator.formats.base import Event

NOT_AN_ANSWER = b"<html><body>This is neither JSON nor an event stream.</body></html>"

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


async def answer(call: Call, exchange: Exchange) -> None:
    """Answer a call, with the fault that it was chosen for."""
    if _strikes(call, faults.SLOW_HEADERS):
        await call.clock.hold(call.behaviour.stall_seconds)
    if _strikes(call, faults.NONSENSE):
        await exchange.respond(200, _headers(call), NOT_AN_ANSWER)
    elif call.operation.stream:
        await _Stream(call, exchange).send()
    else:
        await _send_whole(call, exchange)


async def _send_whole(call: Call, exchange: Exchange) -> None:
    await call.clock.until(call.plan.end_s)
    if _strikes(call, faults.CUT):
        await exchange.cut()
        return
    if _strikes(call, faults.STALL):
        await call.clock.hold(call.behaviour.stall_seconds)
    metrics = call.metrics(call.plan.ttft_s)
    text = tokens.write(call.entry.index, call.plan.tokens)
    body = json.dumps(call.format.answer(call.reply, text, metrics), separators=(",", ":")).encode()
    call.entry.output_tokens = call.plan.tokens
    _enter_end(call)
    await exchange.respond(200, _headers(call) | _counts(call, metrics), body)


def _strikes(call: Call, *names: str) -> bool:
    """Whether the fault of the call is one of these, and happens now."""
    if call.fault not in names:
        return False
    call.entry.outcome = call.fault
    return True


def _enter_end(call: Call) -> None:
    """Called before the last bytes go out: a client may have left before this task runs again."""
    call.entry.ended_at_ns = time.time_ns()
    call.entry.outcome = call.entry.outcome or OK


def _headers(call: Call) -> dict[str, str]:
    headers = request_id_header(call.entry) | {"content-type": "application/json"}
    if call.operation.stream:
        headers["content-type"] = "application/vnd.amazon.eventstream"
        if call.operation.native:
            headers["x-amzn-bedrock-content-type"] = "application/json"
    return headers


def _counts(call: Call, metrics: Metrics) -> dict[str, str]:
    """What the service tells in headers of InvokeModel, though no documentation says so."""
    if not call.operation.native:
        return {}
    return {
        "x-amzn-bedrock-input-token-count": str(call.reply.input_tokens),
        "x-amzn-bedrock-output-token-count": str(call.reply.output_tokens),
        "x-amzn-bedrock-invocation-latency": str(metrics.latency_ms),
    }


class _Stream:
    """The streamed answer to one call. Its headers and opening events go out at once."""

    def __init__(self, call: Call, exchange: Exchange) -> None:
        self._call = call
        self._exchange = exchange
        self._first_byte_s = 0.0
        self._broken = False

    async def send(self) -> None:
        """Send it, each event at its planned time."""
        call = self._call
        await self._exchange.begin(200, _headers(call))
        for event in call.format.opening(call.reply):
            await self._exchange.chunk(self._frame(event))
        await self._send_text()
        if self._broken:
            return
        await call.clock.until(call.plan.end_s)
        closing = [self._frame(e) for e in call.format.closing(call.reply, call.metrics(self._first_byte_s))]
        for frame in closing:
            _enter_end(call)
            await self._exchange.chunk(frame)
        await self._exchange.end()

    async def _send_text(self) -> None:
        """Send the text events, and let the fault strike before its event, or after the last one."""
        call, sent = self._call, 0
        for sent, (before, after, frame) in enumerate(self._text_frames()):
            if sent == call.behaviour.fault_after_events:
                await self._strike()
            if self._broken:
                return
            await call.clock.until(call.plan.ready_s(before))
            if not before:
                self._first_byte_s = call.clock.elapsed_s
                call.entry.first_token_at_ns = time.time_ns()
            await self._exchange.chunk(frame)
            call.entry.output_tokens = after
        if sent < call.behaviour.fault_after_events:
            await self._strike()

    def _text_frames(self) -> Iterator[tuple[int, int, bytes]]:
        """Tokens before the event, tokens after it, and the event; it is made before it is due."""
        call = self._call
        total, step = call.plan.tokens, call.behaviour.tokens_per_event
        for before in range(0, total, step):
            after = min(total, before + step)
            text = tokens.write(call.entry.index + before, after - before)
            yield before, after, self._frame(call.format.delta(call.reply, text, before, after))

    def _frame(self, event: Event) -> bytes:
        """The event, padded as the service does to hide the length of a token from an eavesdropper."""
        event_type, payload = event
        padding = _PADDING[: 1 + int(self._call.rng.random() * len(_PADDING))]
        return frames.event(event_type, payload | {"p": padding})

    async def _strike(self) -> None:
        """Let a fault in mid-stream happen, if the call was chosen for one."""
        fault = self._call.fault
        if not _strikes(self._call, *faults.MID_STREAM):
            return
        if fault == faults.STALL:
            await self._call.clock.hold(self._call.behaviour.stall_seconds)
            return
        self._broken = True
        self._call.entry.ended_at_ns = time.time_ns()
        if fault == faults.CUT:
            await self._exchange.cut()
            return
        if fault in faults.STREAM_ERRORS:
            await self._exchange.chunk(frames.exception(fault, faults.STREAM_ERRORS[fault]))
        await self._exchange.end()
