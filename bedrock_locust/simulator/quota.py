"""Quota: requests and tokens per minute, for each model, as token buckets.

As AWS documents it: when a call starts, its prompt and its `max_tokens` are reserved; when it ends,
what it did not use is given back, tokens read from a cache are free, and an output token may count
several times. That quotas are per model is documented; that the service refills them evenly is an
assumption, and so is that a reservation counts `max_tokens` once.

bedrock-mantle has two quotas of tokens. That of input is reserved like the one above, and output counts once; a call
that finds too little is refused. That of output has what is generated; a call that finds it empty is not refused: its
answer ends there, as if by its length.

The quota of tokens per day of bedrock-runtime counts as that per minute. That it comes back evenly is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.simulator.behaviour import Behaviour

REQUESTS = "requests"
TOKENS = "tokens"
DAY = "tokens per day"
MINUTES_A_DAY = 24 * 60


@dataclass(slots=True)
class Bucket:
    """Holds up to `capacity` permits and gains `per_second` of them; full at the start."""

    capacity: float
    per_second: float
    now: float
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.capacity

    def has(self, amount: float, now: float) -> bool:
        """Whether there are this many permits. `now` is in seconds and never goes back."""
        self.level = min(self.capacity, self.level + (now - self.now) * self.per_second)
        self.now = now
        return self.level >= amount

    def take(self, amount: float) -> None:
        """Take this many permits, even if there are fewer; a negative number gives them back."""
        self.level = min(self.capacity, self.level - amount)


class Quota:
    """The quotas of one model; 0 is none. `burst` requests, or a minute's, are admitted at once.

    An output token takes `burndown` tokens from those per minute and per day.
    """

    def __init__(self, behaviour: Behaviour, now: float, burndown: float = 1.0) -> None:
        requests, tokens = behaviour.requests_per_minute, behaviour.tokens_per_minute
        self._burndown = burndown
        self._requests = Bucket(float(behaviour.burst or max(1.0, requests)), requests / 60, now) if requests else None
        if self._requests:
            _share(self._requests, behaviour.others_requests_per_minute)
        self._tokens = _bucket(tokens, now)
        if self._tokens:
            _share(self._tokens, behaviour.others_tokens_per_minute)
        self._day = _bucket(behaviour.tokens_per_day, now, MINUTES_A_DAY)
        self._input = _bucket(behaviour.input_tokens_per_minute, now)
        self._output = _bucket(behaviour.output_tokens_per_minute, now)

    def lacks(self, reserved: float, now: float) -> str:
        """The quota that a call with this reservation exceeds; if empty, it exceeds none and has been counted."""
        if self._requests and not self._requests.has(1, now):
            return REQUESTS
        if self._day and not self._day.has(reserved, now):
            return DAY
        if any(not bucket.has(reserved, now) for bucket in self._reserving):
            return TOKENS
        if self._requests:
            self._requests.take(1)
        for bucket in self._reserving:
            bucket.take(reserved)
        return ""

    def settle(self, reserved: float, input_tokens: int, output_tokens: int) -> None:
        """Replace the reservation of a call that has ended by what it used; `input_tokens` has no cache reads."""
        for bucket in filter(None, (self._tokens, self._day)):
            bucket.take(input_tokens + output_tokens * self._burndown - reserved)
        if self._input:
            self._input.take(input_tokens + output_tokens - reserved)

    @property
    def _reserving(self) -> list[Bucket]:
        return [bucket for bucket in (self._tokens, self._day, self._input) if bucket]

    def grant(self, tokens: int, now: float) -> int:
        """How many of these output tokens may be generated now; they are counted."""
        if not self._output:
            return tokens
        granted = tokens if self._output.has(tokens, now) else max(0, int(self._output.level))
        self._output.take(granted)
        return granted


def _bucket(amount: float, now: float, minutes: int = 1) -> Bucket | None:
    """The bucket of a quota of tokens in so many minutes; 0 is none."""
    return Bucket(amount, amount / (60 * minutes), now) if amount else None


def _share(bucket: Bucket, others_per_minute: float) -> None:
    """Leave to this client what others do not use of a quota: they use it evenly, and all the time."""
    bucket.per_second = max(0.0, bucket.per_second - others_per_minute / 60)
    bucket.level = max(0.0, bucket.level - others_per_minute)
    bucket.capacity = bucket.level
