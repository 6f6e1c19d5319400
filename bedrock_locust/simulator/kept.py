"""Responses that are kept: asked for, deleted and cancelled by their ids, continued, and made in the background.

That they are kept unless `store` is false, and that only bedrock-mantle makes them in the background, is in AWS's
guide. What is not there (events of a queued response, streaming one again, what is said of a mistake) is OpenAI's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from bedrock_locust.simulator import sse
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.exchange import Exchange
from bedrock_locust.simulator.prompts import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.formats import Format
    from bedrock_locust.simulator.ledger import Entry
    from bedrock_locust.simulator.prompts import Prompt
    from bedrock_locust.simulator.replies import Reply

MOST_KEPT = 1000
MOST_CHARS = 100_000_000
"""Characters of all prompts that are kept."""
CANCELLED = "cancelled"
_RUNNING = frozenset({"queued", "in_progress"})
_ONE = re.compile(r"^(/openai)?/v1/responses/([^/]+)(/cancel)?$")
_OPERATIONS = {("GET", False): "Get", ("DELETE", False): "Delete", ("POST", True): "Cancel"}
"""Method, and whether the path ends with `/cancel` -> what is done with a response."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants of a response that is kept."""

    operation: str
    id: str


def asked(method: str, path: str, *, bare: bool) -> Asked | None:
    """What a request wants; None for another path. `bare` is whether the prefix `/openai` may be missing."""
    found = _ONE.match(path)
    operation = _OPERATIONS.get((method, bool(found and found[3])))
    return Asked(operation, found[2]) if found and operation and (found[1] or bare) else None


@dataclass(eq=False, slots=True)
class Record:
    """A response that is kept, or will be once it is complete."""

    reply: Reply
    entry: Entry
    body: Mapping[str, Any] = field(default_factory=dict)
    """The response as it now is."""
    chars: int = 0
    """Characters of its prompt."""
    conversation: tuple[Part, ...] = ()
    """What the next response of the conversation reads before its own input."""
    events: list[bytes] | None = None
    """The events of a stream in the background so far, by their numbers; None without one."""
    task: asyncio.Task[Any] | None = None
    """What makes a response in the background."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, with each event, and at the end."""

    @classmethod
    def of(cls, reply: Reply, entry: Entry) -> Record:
        """That of a reply that is going to be sent."""
        chars = sum(len(part.text) for part in reply.prompt.parts)
        said = reply.text + "".join(tool.tool_name + tool.text for tool in reply.tools)
        return cls(reply, entry, chars=chars, conversation=(*reply.prompt.turns, Part(said)))

    @property
    def runs(self) -> bool:
        """Whether it is not complete yet."""
        return self.body.get("status") in _RUNNING

    def tell(self) -> None:
        """Wake those who wait for the next event."""
        self.changed.set()
        self.changed = asyncio.Event()

    def cancel(self) -> None:
        """End a response that is being made; nothing happens to one that is complete."""
        if self.runs and self.task:
            self.body = {**self.body, "status": CANCELLED}
            self.entry.outcome = self.entry.outcome or CANCELLED
            self.task.cancel()


class Kept:
    """The responses that are kept, the newest of them."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._chars = 0

    def add(self, record: Record, body: Mapping[str, Any]) -> None:
        """Keep a response as it now is."""
        record.body = body
        if (before := self._records.get(body["id"])) is not record:
            self._chars += record.chars - (before.chars if before else 0)
        self._records[body["id"]] = record
        while len(self._records) > MOST_KEPT or (self._chars > MOST_CHARS and len(self._records) > 1):
            self._forget(next(iter(self._records)))

    def clear(self) -> None:
        """Forget all responses."""
        self._records.clear()
        self._chars = 0

    def _forget(self, name: str) -> None:
        self._chars -= self._records.pop(name).chars

    def find(self, name: str) -> Record:
        """The response of this id; raises `ServiceError` if there is none."""
        if name not in self._records:
            raise ServiceError("ResourceNotFoundException", "Response not found.")
        return self._records[name]

    def remove(self, name: str) -> bytes:
        """Forget a response; what is said then. Raises `ServiceError` if there is none."""
        self.find(name).cancel()
        self._forget(name)
        return json.dumps({"id": name, "object": "response", "deleted": True}).encode()

    def continued(self, prompt: Prompt) -> Prompt:
        """A prompt with the conversation that it continues; raises `ServiceError` if that is not kept."""
        if not prompt.previous:
            return prompt
        if prompt.previous not in self._records:
            said = f"Previous response with id '{prompt.previous}' not found."
            raise ServiceError("ValidationException", said, "previous_response_id", "previous_response_not_found")
        before = self._records[prompt.previous].conversation
        first = len(prompt.parts) - len(prompt.turns)
        return replace(prompt, parts=(*prompt.parts[:first], *before, *prompt.turns), turns=(*before, *prompt.turns))


class Background(Exchange):
    """Takes the answer of a call in the background: for those who ask for it later, and for a client that listens."""

    def __init__(self, exchange: Exchange, record: Record) -> None:
        self._exchange, self._record = exchange, record

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Nothing: a client that listens has had its headers."""

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Nothing: the client was told that its call was taken, and asks for the answer."""

    async def chunk(self, data: bytes) -> None:
        """The next event; none where reasoning is hidden."""
        if data and self._record.events is not None:
            self._record.events.append(data)
            self._record.tell()
            await self._relay(self._exchange.chunk(data))

    async def end(self) -> None:
        """Nothing: `finish` ends it, whatever happened."""

    async def start(self, request_format: Format, headers: Mapping[str, str]) -> None:
        """Tell the client that its call was taken, and go on without it."""
        reply = self._record.reply
        self._record.task = asyncio.current_task()
        self._exchange.detach()
        if self._record.events is None:
            await self._relay(self._exchange.respond(200, headers, json.dumps(self._record.body).encode()))
            return
        await self._relay(self._exchange.begin(200, headers))
        for number, (name, payload) in enumerate(request_format.queued(reply)):
            await self.chunk(sse.event(request_format.style, name, {**payload, "sequence_number": number}))

    async def finish(self) -> None:
        """End the stream, however the response ended."""
        if self._record.runs:
            failed = {"code": "server_error", "message": "The simulator has a fault of its own."}
            self._record.body = {**self._record.body, "status": "failed", "error": failed}
        self._record.tell()
        if self._record.events is not None:
            await self._relay(self._exchange.end())

    @staticmethod
    async def _relay(sending: Any) -> None:
        """Send to a client that may have gone."""
        with contextlib.suppress(OSError):
            await sending


async def serve(kept: Kept, exchange: Exchange, wanted: Asked) -> None:
    """Answer a request for a response that is kept. Raises `ServiceError`."""
    headers = {"content-type": "application/json"}
    if wanted.operation == "Delete":
        await exchange.respond(200, headers, kept.remove(wanted.id))
        return
    record, query = kept.find(wanted.id), dict(parse_qsl(exchange.query))
    if wanted.operation == "Cancel":
        if record.task is None:
            raise ServiceError("ValidationException", "Cannot cancel a synchronous response.")
        record.cancel()
    elif query.get("stream") == "true":
        await _stream(exchange, record, query.get("starting_after", "-1"))
        return
    await exchange.respond(200, headers, json.dumps(record.body).encode())


async def _stream(exchange: Exchange, record: Record, after: str) -> None:
    """The events of a response in the background, from the one after this number on, as they come."""
    if record.events is None:
        raise ServiceError("ValidationException", "Only a response of background=true and stream=true can be streamed.")
    if not re.fullmatch(r"-1|\d{1,9}", after):
        raise ServiceError("ValidationException", "starting_after: Input should be a whole number")
    await exchange.begin(200, {"content-type": "text/event-stream"})
    number = int(after) + 1
    while True:
        changed = record.changed
        for data in record.events[number:]:
            await exchange.chunk(data)
            number += 1
        if record.changed is changed:
            if not record.runs:
                break
            await changed.wait()
    await exchange.end()
