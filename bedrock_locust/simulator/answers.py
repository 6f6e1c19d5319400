"""Answers: sends the answer to a call, whole or as a stream."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bedrock_locust.simulator import faults, guardrails
from bedrock_locust.simulator.calls import request_id_header
from bedrock_locust.simulator.ledger import OK
from bedrock_locust.simulator.replies import shortened
from bedrock_locust.simulator.streams import Stream

if TYPE_CHECKING:
    from bedrock_locust.simulator.calls import Call
    from bedrock_locust.simulator.exchange import Exchange
    from bedrock_locust.simulator.formats import Metrics

NOT_AN_ANSWER = b"<html><body>This is neither JSON nor an event stream.</body></html>"

STEPS = 50
"""How often an answer without a stream asks for the speed of its model."""


async def answer(call: Call, exchange: Exchange) -> None:
    """Answer a call, with the fault that it was chosen for."""
    if call.strikes(faults.SLOW_HEADERS):
        await call.clock.hold(call.behaviour.stall_seconds)
    if call.strikes(faults.NONSENSE):
        await exchange.respond(200, headers(call), NOT_AN_ANSWER)
    elif call.operation.stream:
        await exchange.begin(200, headers(call))
        await Stream(call, exchange).send()
    else:
        await _send_whole(call, exchange)


async def _send_whole(call: Call, exchange: Exchange) -> None:
    first_byte_s = call.pace.due_s
    await _wait_for_all_tokens(call)
    if call.strikes(faults.CUT):
        await exchange.cut()
        return
    if call.strikes(faults.STALL):
        await call.clock.hold(call.behaviour.stall_seconds)
    if (granted := call.grant(call.reply.output_tokens)) < call.reply.output_tokens:
        call = replace(call, reply=shortened(call.reply, granted))
    metrics = call.metrics(first_byte_s)
    if call.strikes(*faults.STREAM_ERRORS):  # only in the background, where the answer may be that the model failed
        call = replace(call, reply=shortened(call.reply, 0))
        found = call.failure()[1]["response"]
    else:
        found = call.format.answer(call.reply, metrics)
    if call.operation.native or call.operation.surface:
        found |= guardrails.native(call.reply)
    call.keep(found)
    body = json.dumps(found, separators=(",", ":")).encode()
    call.entry.output_tokens = call.reply.output_tokens
    # Before the last bytes go out: a client may have left before this task runs again.
    call.entry.ended_at_ns = time.time_ns()
    call.entry.outcome = call.entry.outcome or OK
    await exchange.respond(200, headers(call) | _counts(call, metrics), body)


async def _wait_for_all_tokens(call: Call) -> None:
    left = call.reply.output_tokens - 1
    step = max(1, left // STEPS) if call.varies else max(1, left)
    while left > 0:
        call.pace.advance(min(step, left))
        left -= step
        await call.clock.until(call.pace.due_s)
    await call.answer_is_there()


def headers(call: Call) -> dict[str, str]:
    """The headers of the answer to a call."""
    found = request_id_header(call.entry) | {"content-type": "application/json"}
    if call.operation.surface:
        found |= {"x-request-id": call.entry.request_id, "request-id": call.entry.request_id}
    if call.operation.stream:
        found["content-type"] = "text/event-stream" if call.format.style else "application/vnd.amazon.eventstream"
    if call.operation.native:
        found |= _chosen(call)
        if call.operation.stream:
            found["x-amzn-bedrock-content-type"] = "application/json"
    return found


def _chosen(call: Call) -> dict[str, str]:
    """The choices of the request, in the headers of both native operations."""
    chosen = {
        "x-amzn-bedrock-performanceconfig-latency": call.reply.prompt.latency,
        "x-amzn-bedrock-service-tier": call.reply.prompt.tier,
    }
    return {name: value for name, value in chosen.items() if value}


def _counts(call: Call, metrics: Metrics) -> dict[str, str]:
    """The undocumented headers of InvokeModel with counts and latency."""
    if not call.operation.native:
        return {}
    counts = {
        "x-amzn-bedrock-input-token-count": call.reply.input_tokens,
        "x-amzn-bedrock-output-token-count": call.reply.output_tokens,
        "x-amzn-bedrock-invocation-latency": metrics.latency_ms,
    }
    if call.reply.counts_cache:
        counts["x-amzn-bedrock-cache-read-input-token-count"] = call.reply.cache.read
        counts["x-amzn-bedrock-cache-write-input-token-count"] = call.reply.cache.write
    return {name: str(value) for name, value in counts.items()}
