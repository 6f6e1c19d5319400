"""Turns: when the work for a call may begin, so that it does not delay calls that are just arriving.

Measurements of clients are compared with the ledger. So the requests of a burst must not seem to arrive later
because the simulator is busy with the first of them.
"""

from __future__ import annotations

import asyncio
from collections import deque

QUIET_SECONDS = 0.002
"""Quiet time after the last arrival of a burst."""


class Turns:
    """The calls whose work waits. It begins when no other call arrives, one call in each round of the event loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._quiet_at = 0.0
        self._next: asyncio.Handle | None = None

    async def take(self, patience_seconds: float) -> None:
        """Wait for a turn, but no longer than that for quiet. The work is what follows, up to the next wait."""
        loop = asyncio.get_running_loop()
        now, turn = loop.time(), loop.create_future()
        self._quiet_at = now + QUIET_SECONDS
        self._waiting.append((now + patience_seconds, turn))
        if self._next is None:
            self._next = loop.call_soon(self._give)
        await turn

    def _give(self) -> None:
        """Give the next one its turn, if it is time."""
        self._next = None
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        patient_until, turn = self._waiting[0]
        due = min(patient_until, self._quiet_at)
        if loop.time() < due:
            self._next = loop.call_at(due, self._give)
            return
        self._waiting.popleft()
        turn.set_result(None)
        self._next = loop.call_soon(self._give)
