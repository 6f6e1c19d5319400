"""Load: the calls of a model slow each other down, as in a server that decodes them in one batch.

A step of the batch takes longer the more calls are in it: with n calls, each is slower by the factor
1 + (n - 1) / half_speed_at. So the tokens per second of all calls together rise with n towards
half_speed_at / tpot, and the knee is where n is about half_speed_at. Calls beyond `max_batch` wait for
a place, first come first served: from there on only the time to the first token grows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.simulator.behaviour import Behaviour


class Model:
    """The calls of one model that are worked on, and those that wait."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._half_speed_at, self._places = behaviour.half_speed_at, behaviour.max_batch
        self._cold_s, self._cold_after_s = behaviour.cold_start_ms / 1000, behaviour.cold_after_seconds
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._warm_at: float | None = None
        self._used_at = 0.0

    @property
    def varies(self) -> bool:
        """Whether its speed depends on the number of calls."""
        return bool(self._half_speed_at)

    @property
    def queues(self) -> bool:
        """Whether calls may have to wait for a place."""
        return bool(self._places)

    def slowness(self) -> float:
        """The factor by which all times are longer than in an idle model."""
        if not self._half_speed_at:
            return 1.0
        return 1 + max(0, self._running - 1) / self._half_speed_at

    def loading_s(self, now: float) -> float:
        """How long a call that has just got its place has to wait until the model is loaded, in seconds."""
        idle = self._cold_after_s and self._running <= 1 and now - self._used_at > self._cold_after_s
        if self._warm_at is None or idle:
            self._warm_at = now + self._cold_s
        self._used_at = now
        return max(0.0, self._warm_at - now)

    async def enter(self) -> None:
        """Wait for a place. A call that got one has to `leave`."""
        if not self._places or self._running < self._places:
            self._running += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._hand_on()
            raise

    def leave(self, now: float) -> None:
        """Give the place to the next call."""
        self._used_at = now
        self._hand_on()

    def _hand_on(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._running -= 1
