"""Admission: takes a call from its arrival to its answer and its entry in the ledger."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from bedrock_locust.simulator import (
    answers,
    auth,
    counting,
    families,
    faults,
    formats,
    guardrails,
    replies,
    surfaces,
    timing,
    toolcalls,
)
from bedrock_locust.simulator.calls import Call, Operation, request_id_header
from bedrock_locust.simulator.errors import (
    NO_STREAMING,
    STATUSES,
    TOO_MANY_A_DAY,
    TOO_MANY_REQUESTS,
    TOO_MANY_TOKENS,
    UNKNOWN_MODEL,
    ServiceError,
)
from bedrock_locust.simulator.exchange import ClientGoneError, Exchange
from bedrock_locust.simulator.kept import Background, Record
from bedrock_locust.simulator.ledger import CLIENT_GONE, OK, Entry
from bedrock_locust.simulator.prompts import Part
from bedrock_locust.simulator.quota import DAY, REQUESTS, TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.behaviour import Behaviour
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.service import ModelState, Service

logger = logging.getLogger(__name__)

_TOO_MANY = {REQUESTS: TOO_MANY_REQUESTS, TOKENS: TOO_MANY_TOKENS, DAY: TOO_MANY_A_DAY}
_UNKNOWN = re.compile(r"does-not-exist|^(?!arn:).*:(?!\d)")
"""Ids of models that do not exist, with this in them or a version that is no number; all others do."""
PROMPT_HEAD_CHARS = 64
MOST_CACHE_POINTS = 4
PATIENCE = 0.25
"""Share of the time to the first token for which the work for a call may wait until a burst is over."""
RESERVED, DEFAULT = "reserved", "default"
"""Service tiers."""


async def serve(service: Service, exchange: Exchange, operation: Operation, model_id: str) -> None:
    """Serve one call and enter it in the ledger, however it ends."""
    entry = service.ledger.open(operation.name, model_id, stream=operation.stream)
    clock = timing.Clock()
    await service.turns.take(service.behaviour.ttft_ms / 1000 * PATIENCE)
    rng = Random(service.behaviour.seed << 64 | entry.index)
    entry.request_id = str(UUID(int=rng.getrandbits(128), version=4))
    try:
        await _Admission(service, exchange, operation, entry, clock, rng).run()
    except ServiceError as error:
        await _refuse(exchange, entry, error, operation.surface)
    except asyncio.CancelledError:
        entry.outcome = entry.outcome or CLIENT_GONE
    except ClientGoneError:
        incomplete = ServiceError("ValidationException", "The request body is incomplete.")
        await _refuse(exchange, entry, incomplete, operation.surface)
        entry.outcome = CLIENT_GONE
    except Exception:
        logger.exception("The simulator failed at %s of %s", operation.name, model_id)
        own = ServiceError("InternalServerException", "The simulator has a fault of its own.")
        await _refuse(exchange, entry, own, operation.surface)
    finally:
        service.close(entry)


async def _refuse(exchange: Exchange, entry: Entry, error: ServiceError, surface: str) -> None:
    entry.outcome = error.code
    entry.ended_at_ns = time.time_ns()
    if surface:
        await exchange.respond(*surfaces.refusal(surface, error, entry.request_id))
        return
    await exchange.respond(error.status, error.headers | request_id_header(entry), error.body)


def authenticate(service: Service, exchange: Exchange, body: bytes) -> None:
    """Check signature or token of a request, if that is wanted. Raises `ServiceError`."""
    if service.guard:
        service.guard.check(auth.Request(exchange.method, exchange.path, exchange.query, exchange.headers, body))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a call asks of a model, and the fault that it will have."""

    model: ModelState
    format: formats.Format
    prompt: Prompt
    plan: timing.Plan
    fault: str


@dataclass(frozen=True, slots=True)
class _Admission:
    """A call on its way from the request to the answer. Raises `ServiceError` if it is refused on the way."""

    service: Service
    exchange: Exchange
    operation: Operation
    entry: Entry
    clock: timing.Clock
    rng: Random

    async def run(self) -> None:
        """Read the request, check its content and then the quotas, and answer it."""
        body = await self.exchange.body()
        authenticate(self.service, self.exchange, body)
        if not self.operation.surface or self.operation.counts:
            self._check_allowed(stream=self.operation.stream)
        if self.operation.counts and self.operation.surface:
            await self._count_messages(body)
        elif self.operation.counts:
            self._check_id()
            await self._count(body)
        elif name := self.operation.surface:
            asked = self._asked(name, body)
            self._check_allowed(stream=asked.operation.stream)
            request_format = formats.open_api(name, self.service.endpoint, asked.model_id)
            await replace(self, operation=asked.operation).answer(body, request_format)
        else:
            self._check_id()
            native = self.operation.native
            await self.answer(body, formats.native(self.entry.model_id, body) if native else formats.CONVERSE)

    def _asked(self, surface: str, body: bytes) -> surfaces.Asked:
        """What a request asks for: entered before it is checked, so that the entry of a refused one says it, too."""
        asked = surfaces.asked(surface, body)
        self.entry.model_id = asked.model_id
        if not self.operation.counts:
            self.entry.stream = asked.operation.stream
        asked.check(self.exchange.path, self.service.endpoint)
        return asked

    async def answer(self, body: bytes, request_format: formats.Format) -> None:
        """Check the content of a request and then the quotas, and answer it."""
        model = self.service.model(self.entry.model_id)
        if self.operation.stream and model.behaviour.no_streaming:
            raise ServiceError("ValidationException", NO_STREAMING)
        prompt = self.service.kept.continued(request_format.read(body))
        prompt = _completed(prompt, self.entry.model_id, self._headers())
        prompt = self._in_its_tier(prompt, model.behaviour)
        _enter(prompt, self.entry)
        plan = timing.plan(model.behaviour, self.rng, self.entry.index)
        await self._within_quota(
            _Wish(model, request_format, prompt, plan, self._fault(model.behaviour, in_background=prompt.in_background))
        )

    def _check_id(self) -> None:
        if _UNKNOWN.search(self.entry.model_id):
            raise ServiceError("ValidationException", UNKNOWN_MODEL)

    def _headers(self) -> dict[str, str]:
        """The headers that count: all of InvokeModel, and a guardrail's in two more APIs of bedrock-runtime."""
        headers = dict(self.exchange.headers)
        if self.operation.native:
            return headers
        takes = self.service.endpoint == "runtime" and self.operation.surface in guardrails.SURFACES
        return {name: headers[name] for name in guardrails.HEADERS if takes and name in headers}

    def _check_allowed(self, *, stream: bool) -> None:
        """Raise `ServiceError` if policies deny this call."""
        if self.service.endpoint == "mantle":
            action = "bedrock-mantle:CountTokens" if self.operation.counts else "bedrock-mantle:CreateInference"
        elif self.operation.counts:
            action = "bedrock:CountTokens"
        else:
            action = "bedrock:InvokeModelWithResponseStream" if stream else "bedrock:InvokeModel"
        self.service.check_allowed(action)

    def _in_its_tier(self, prompt: Prompt, behaviour: Behaviour) -> Prompt:
        """The tier that answers: the default one for calls beyond the reserved capacity, as AWS documents it."""
        overflows = prompt.tier == RESERVED and self.rng.random() < behaviour.reserved_overflow
        return replace(prompt, tier=DEFAULT) if overflows else prompt

    async def _count_messages(self, body: bytes) -> None:
        self._asked("messages", body)
        await self._told(counting.read_messages(body), "input_tokens")

    async def _count(self, body: bytes) -> None:
        counting.refuse(self.entry.model_id)
        await self._told(counting.read(self.entry.model_id, body), "inputTokens")

    async def _told(self, prompt: Prompt, member: str) -> None:
        """Answer with the tokens of a prompt."""
        prompt = _completed(prompt, self.entry.model_id, {})
        _enter(prompt, self.entry)
        if fault := self._fault(self.service.model(self.entry.model_id).behaviour):
            raise ServiceError.injected(fault)
        self.entry.outcome = OK
        self.entry.ended_at_ns = time.time_ns()
        headers = request_id_header(self.entry) | {"content-type": "application/json"}
        await self.exchange.respond(200, headers, counting.answer(prompt, member))

    async def _within_quota(self, wish: _Wish) -> None:
        behaviour, quota, prompt = wish.model.behaviour, wish.model.quota, wish.prompt
        reserved = prompt.input_tokens + (prompt.max_tokens or behaviour.default_max_tokens)
        if lacking := quota.lacks(reserved, time.monotonic()):
            raise ServiceError("ThrottlingException", _TOO_MANY[lacking])
        used = 0
        try:
            if wish.fault in STATUSES:
                raise ServiceError.injected(wish.fault)
            reply = self._reply(wish)
            used = reply.input_tokens + reply.cache.write
            await self._answered(wish, reply)
        finally:
            quota.settle(reserved, used, self.entry.output_tokens)

    def _fault(self, behaviour: Behaviour, *, in_background: bool = False) -> str:
        since = time.monotonic() - self.service.configured_at
        drawn = faults.pick(behaviour.faults, self.rng.random())
        fault = faults.scheduled(behaviour.fault_schedule, self.entry.index, since) or drawn
        if in_background and fault not in faults.IN_BACKGROUND:
            return ""
        operation = self.operation
        native = operation.native or bool(operation.surface)
        fits = faults.can_strike(
            fault, native=native, stream=operation.stream or in_background, counts=operation.counts
        )
        return fault if fits and not (operation.surface and fault in faults.ONLY_IN_FRAMES) else ""

    def _reply(self, wish: _Wish) -> replies.Reply:
        entry, prompt, plan, behaviour = self.entry, wish.prompt, wish.plan, wish.model.behaviour
        least = behaviour.cache_min_tokens
        least = families.cache_min_tokens(entry.model_id) if least < 0 else least
        implicit = behaviour.implicit_cache
        cache = self.service.cache.use(entry.model_id, prompt, least, time.monotonic(), implicit=implicit)
        entry.cache_read_tokens, entry.cache_write_tokens = cache.read, cache.write
        start = replies.place(prompt, entry.index, behaviour.seed)
        prompt = toolcalls.called(prompt, behaviour.tool_share, behaviour.second_tool_share, start)
        if self.operation.surface:
            prompt = formats.reasons_at_will(prompt, entry.model_id, behaviour.reasoning_share, start)
        prompt = guardrails.drawn(prompt, behaviour.guardrail_share, behaviour.guardrail_ms, start)
        content = replies.compose(prompt, start, plan.text_tokens, plan.reasoning_tokens)
        return guardrails.masked(replies.Reply(entry.request_id, entry.model_id, prompt, cache, content))

    async def _answered(self, wish: _Wish, reply: replies.Reply) -> None:
        """Answer a call; one in the background goes on when its client has left."""
        record = Record.of(reply, self.entry) if reply.prompt.is_stored else None
        if record is None or not reply.prompt.in_background:
            await self._in_its_place(wish, reply, record, self.exchange)
            return
        record.events = [] if self.operation.stream else None
        self.service.kept.add(record, wish.format.taken(reply, "queued"))
        background = Background(self.exchange, record)
        await background.start(wish.format, answers.headers(self._call(wish, reply, record)))
        try:
            await self._in_its_place(wish, reply, record, background)
        finally:
            await background.finish()

    async def _in_its_place(self, wish: _Wish, reply: replies.Reply, record: Record | None, exchange: Exchange) -> None:
        """Wait for a place in the model, and answer."""
        load, clock, arrived_s = wish.model.load, self.clock, self.clock.elapsed_s
        await load.enter()
        try:
            waited_s = clock.elapsed_s - arrived_s if load.queues else 0.0
            clock.shift(waited_s + reply.prompt.guarded_s + load.loading_s(time.monotonic()))
            call = self._call(wish, reply, record)  # its pace begins with the calls that are there now
            if reply.prompt.in_background:
                call.keep(wish.format.taken(reply, "in_progress"))
            await answers.answer(call, exchange)
        finally:
            load.leave(time.monotonic())

    def _call(self, wish: _Wish, reply: replies.Reply, record: Record | None) -> Call:
        load, behaviour = wish.model.load, wish.model.behaviour
        self.entry.events_ns = [] if behaviour.event_times and self.operation.stream else None
        return Call(
            operation=self.operation,
            format=wish.format,
            behaviour=behaviour,
            entry=self.entry,
            clock=self.clock,
            pace=timing.Pace(wish.plan, self.rng, load.slowness),
            varies=load.varies,
            reply=reply,
            fault=wish.fault,
            rng=self.rng,
            grant=lambda count: wish.model.quota.grant(count, time.monotonic()),
            keep=partial(self.service.kept.add, record) if record else lambda _: None,
        )


def _completed(prompt: Prompt, model_id: str, headers: Mapping[str, str]) -> Prompt:
    """A prompt with what its body does not have: what the model does by default, and the choices in headers."""
    if sum(part.cache_ttl_s > 0 for part in prompt.parts) > MOST_CACHE_POINTS:
        raise ServiceError("ValidationException", f"A maximum of {MOST_CACHE_POINTS} cache points may be provided.")
    more = families.of(model_id).tool_tokens if prompt.tool or prompt.offered else 0
    return replace(
        prompt,
        parts=(Part(more_tokens=more), *prompt.parts) if more else prompt.parts,
        reasoning=prompt.reasoning or formats.always_reasons(model_id),
        guardrail=prompt.guardrail or guardrails.in_headers(headers),
        latency=prompt.latency or headers.get("x-amzn-bedrock-performanceconfig-latency", ""),
        tier=prompt.tier or headers.get("x-amzn-bedrock-service-tier", ""),
    )


def _enter(prompt: Prompt, entry: Entry) -> None:
    entry.input_tokens = prompt.input_tokens
    entry.service_tier = prompt.tier
    entry.prompt_chars = len(prompt.text)
    entry.prompt_head = prompt.text[:PROMPT_HEAD_CHARS]
