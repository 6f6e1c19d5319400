"""Timing: the times and the length of an answer, decided when the call arrives.

A call's events are planned as offsets from its arrival, so that a late event does not move the ones
after it. Only other calls do, where the model is set to slow down under load.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from bedrock_locust.simulator.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class Plan:
    """The times of a call on an idle model, in seconds, and the tokens that its answer has if it is not cut short."""

    ttft_s: float
    tpot_s: float
    text_tokens: int
    reasoning_tokens: int
    gaps_s: tuple[float, ...] = ()
    """Measured times between tokens, used in turn instead of `tpot_s`."""
    jitter: float = 0.0


def plan(behaviour: Behaviour, rng: Random, index: int) -> Plan:
    """Draw a call's times and lengths. It takes the same draws from `rng` whatever the settings."""
    ttft, tpot, length = (_around_one(rng, behaviour.spread) for _ in range(3))
    start = rng.random()
    ttft_ms, gaps_ms = behaviour.ttft_ms * ttft, behaviour.gap_values_ms
    if behaviour.ttft_values_ms:
        ttft_ms = behaviour.ttft_values_ms[index % len(behaviour.ttft_values_ms)]
    begin = int(start * len(gaps_ms))
    return Plan(
        ttft_s=ttft_ms / 1000,
        tpot_s=behaviour.tpot_ms / 1000 * tpot,
        text_tokens=max(1, round(behaviour.output_tokens * length)),
        reasoning_tokens=round(behaviour.reasoning_tokens * length),
        gaps_s=tuple(gap / 1000 for gap in (*gaps_ms[begin:], *gaps_ms[:begin])),
        jitter=behaviour.jitter,
    )


def _around_one(rng: Random, sigma: float) -> float:
    """A lognormal factor whose mean, not only its median, is 1."""
    return math.exp(sigma * rng.gauss(0, 1) - sigma * sigma / 2)


class Pace:
    """When the next token of a call is due, in seconds from its start."""

    __slots__ = ("_plan", "_rng", "_simple", "_slowness", "_token", "due_s")

    def __init__(self, plan: Plan, rng: Random, slowness: Callable[[], float]) -> None:
        self._plan, self._rng, self._slowness = plan, rng, slowness
        self._simple = not plan.gaps_s and not plan.jitter
        self._token = 0
        self.due_s = plan.ttft_s * slowness()

    def advance(self, tokens: int) -> None:
        """Advance by this many tokens, at the present speed of the model."""
        self.due_s += self._gap_s(tokens) * self._slowness()

    def _gap_s(self, tokens: int) -> float:
        if self._simple:
            return tokens * self._plan.tpot_s
        return math.fsum(self._one_gap_s() for _ in range(tokens))

    def _one_gap_s(self) -> float:
        plan = self._plan
        gap = plan.gaps_s[self._token % len(plan.gaps_s)] if plan.gaps_s else plan.tpot_s
        self._token += 1
        return gap * _around_one(self._rng, plan.jitter) if plan.jitter else gap


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
        left = planned_s + self._held_s - (self._loop.time() - self._zero)
        if left > 0:
            await asyncio.sleep(left)

    def shift(self, seconds: float) -> None:
        """Move all planned times."""
        self._held_s += seconds

    async def hold(self, seconds: float) -> None:
        """Wait, and move all planned times by this many seconds."""
        self._held_s += seconds
        await asyncio.sleep(seconds)
