"""Calls: a call that will be answered, and everything that was decided about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator import formats
from bedrock_locust.simulator.faults import STREAM_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

    from bedrock_locust.simulator import replies, timing
    from bedrock_locust.simulator.behaviour import Behaviour
    from bedrock_locust.simulator.formats.base import Event
    from bedrock_locust.simulator.ledger import Entry


_CODES = {"throttlingException": "rate_limit_exceeded", "serviceUnavailableException": "overloaded_error"}
"""Exception event -> what the APIs of OpenAI and Anthropic would call it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the operations."""

    name: str
    """The last segment of its path."""
    native: bool
    """Whether the body is in the model's own format."""
    stream: bool
    counts: bool = False
    """Whether it only counts tokens."""
    surface: str = ""
    """The API that boto3 does not have, if it is one: `responses`, `chat` or `messages`."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that will be answered, and what was decided about it."""

    operation: Operation
    format: formats.Format
    behaviour: Behaviour
    entry: Entry
    clock: timing.Clock
    pace: timing.Pace
    varies: bool
    """Whether the pace depends on other calls."""
    reply: replies.Reply
    fault: str
    rng: Random
    grant: Callable[[int], int]
    """How many of these output tokens the quota lets the model generate now; they are counted."""
    keep: Callable[[Mapping[str, Any]], None]
    """Keeps a response of Responses, complete or failed, if it is to be kept."""

    def strikes(self, *names: str) -> bool:
        """Whether the call has one of these faults; if it has, note in the ledger that the fault happens now."""
        if self.fault not in names:
            return False
        self.entry.outcome = self.fault
        return True

    async def answer_is_there(self) -> None:
        """Wait for the last token, and until the guardrail, if there is one, has looked at the answer."""
        self.clock.shift(self.reply.prompt.guarded_s)
        await self.clock.until(self.pace.due_s)

    def failure(self) -> Event:
        """The event that says, in server-sent events, that the fault of the call has struck."""
        code = _CODES.get(self.fault, "server_error")
        return self.format.failure(self.reply, code, STREAM_ERRORS[self.fault])

    def metrics(self, first_byte_s: float) -> formats.Metrics:
        """The service's own times, as they are now."""
        return formats.Metrics(round(first_byte_s * 1000), round(self.clock.elapsed_s * 1000))


def request_id_header(entry: Entry) -> dict[str, str]:
    """The header that every answer has."""
    return {"x-amzn-requestid": entry.request_id}
