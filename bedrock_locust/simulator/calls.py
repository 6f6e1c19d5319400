"""Calls: from the arrival of a call to its entry in the ledger."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from bedrock_locust.simulator import faults, formats, timing
from bedrock_locust.simulator.errors import STATUSES, ServiceError
from bedrock_locust.simulator.ledger import CLIENT_GONE, Entry, Ledger
from bedrock_locust.simulator.quota import Quota

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bedrock_locust.simulator.behaviour import Behaviour
    from bedrock_locust.simulator.exchange import Exchange

PROMPT_HEAD_CHARS = 64


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the four operations."""

    name: str
    """The last segment of its path."""
    native: bool
    """Whether the body is in the model's own format."""
    stream: bool


class Service:
    """The state behind the endpoint: behaviour, quota and ledger."""

    def __init__(self, behaviour: Behaviour, ledger_size: int) -> None:
        self.ledger = Ledger(ledger_size)
        self.configure(behaviour)

    def configure(self, behaviour: Behaviour) -> None:
        """Change the behaviour for the calls that arrive from now on. All quotas are full again."""
        self.behaviour = behaviour
        self.quota = Quota(behaviour.requests_per_minute, behaviour.burst)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is going to be answered, and what was decided about it."""

    operation: Operation
    format: formats.Format
    behaviour: Behaviour
    entry: Entry
    clock: timing.Clock
    plan: timing.Plan
    reply: formats.Reply
    fault: str
    rng: Random

    def metrics(self, first_byte_s: float) -> formats.Metrics:
        """The service's own times, as they are now."""
        return formats.Metrics(round(first_byte_s * 1000), round(self.clock.elapsed_s * 1000))


async def serve(
    service: Service,
    exchange: Exchange,
    operation: Operation,
    model_id: str,
    answer: Callable[[Call, Exchange], Awaitable[None]],
) -> None:
    """Serve one call and enter it in the ledger, however it ends."""
    entry = service.ledger.open(operation.name, model_id, stream=operation.stream)
    try:
        await answer(await _admit(service, exchange, operation, entry), exchange)
    except ServiceError as error:
        entry.outcome = error.code
        entry.ended_at_ns = time.time_ns()
        await exchange.respond(error.status, error.headers | request_id_header(entry), error.body)
    except asyncio.CancelledError:
        entry.outcome = entry.outcome or CLIENT_GONE
    finally:
        entry.outcome = entry.outcome or "simulator_error"
        service.ledger.close(entry)


def request_id_header(entry: Entry) -> dict[str, str]:
    """The header that every answer has."""
    return {"x-amzn-requestid": entry.request_id}


async def _admit(service: Service, exchange: Exchange, operation: Operation, entry: Entry) -> Call:
    """Read the request and decide about it; raises `ServiceError`: first for its content, then the quota."""
    clock, behaviour = timing.Clock(), service.behaviour
    rng = Random(behaviour.seed << 64 | entry.index)
    entry.request_id = str(UUID(int=rng.getrandbits(128), version=4))
    body = await exchange.body()
    request_format = formats.native(entry.model_id) if operation.native else formats.CONVERSE
    prompt = request_format.read(body)
    _enter(prompt, entry)
    plan = timing.plan(behaviour, rng, prompt.max_tokens)
    fault = faults.pick(behaviour.faults, rng.random())
    if not faults.can_strike(fault, native=operation.native, stream=operation.stream):
        fault = ""
    if not service.quota.admits(entry.model_id, time.monotonic()):
        raise ServiceError.injected("ThrottlingException")
    if fault in STATUSES:
        raise ServiceError.injected(fault)
    reply = formats.Reply(entry.request_id, entry.model_id, prompt.input_tokens, plan.tokens, cut_short=plan.cut_short)
    return Call(operation, request_format, behaviour, entry, clock, plan, reply, fault, rng)


def _enter(prompt: formats.Prompt, entry: Entry) -> None:
    entry.input_tokens = prompt.input_tokens
    entry.prompt_chars = len(prompt.text)
    entry.prompt_head = prompt.text[:PROMPT_HEAD_CHARS]
