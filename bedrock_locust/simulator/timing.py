"""Timing: how long a call takes and how much it says, decided when it arrives.

A call's events are planned as offsets from its arrival, so that a late event does not move the ones
after it.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from bedrock_locust.simulator.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class Plan:
    """When the tokens of one call are there, in seconds from its arrival."""

    ttft_s: float
    tpot_s: float
    tokens: int
    cut_short: bool
    """Whether `max_tokens` ended the answer."""

    def ready_s(self, token: int) -> float:
        """When this token is there; the first is 0."""
        return self.ttft_s + token * self.tpot_s

    @property
    def end_s(self) -> float:
        """When the last token is there: the end of a stream, and the time of an answer without one."""
        return self.ready_s(self.tokens - 1)


def plan(behaviour: Behaviour, rng: Random, max_tokens: int | None) -> Plan:
    """Draw a call's times and length. It takes the same draws from `rng` whatever the settings."""
    ttft, tpot, length = (_around_one(rng, behaviour.spread) for _ in range(3))
    wanted = max(1, round(behaviour.output_tokens * length))
    tokens = wanted if max_tokens is None else min(wanted, max_tokens)
    return Plan(
        ttft_s=behaviour.ttft_ms / 1000 * ttft,
        tpot_s=behaviour.tpot_ms / 1000 * tpot,
        tokens=tokens,
        cut_short=tokens < wanted,
    )


def _around_one(rng: Random, sigma: float) -> float:
    """A lognormal factor whose mean, not only its median, is 1."""
    return math.exp(sigma * rng.gauss(0, 1) - sigma * sigma / 2)


class Clock:
    """The clock of one call: zero when it arrived."""

    __slots__ = ("_held_s", "_loop", "_zero")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()
        self._held_s = 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the call arrived."""
        return self._loop.time() - self._zero

    async def until(self, planned_s: float) -> None:
        """Wait for a planned time; return at once if it has passed."""
        left = planned_s + self._held_s - self.elapsed_s
        if left > 0:
            await asyncio.sleep(left)

    async def hold(self, seconds: float) -> None:
        """Be silent, and move all planned times by as much."""
        self._held_s += seconds
        await asyncio.sleep(seconds)
