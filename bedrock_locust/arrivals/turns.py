"""Calls of one conversation: none begins before the one before it has ended."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bedrock_locust.arrivals.schedule import Arrival


class Turns:
    """The conversations of a process that have a call in flight, and their calls that are due and wait for it."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Arrival]] = {}
        """Owner -> what waits; a conversation without a call in flight is not in it."""

    def may_begin(self, arrival: Arrival) -> bool:
        """Whether no call of the conversation is in flight; if one is, this waits for it."""
        if arrival.owner is None:
            return True
        if arrival.owner in self._waiting:
            self._waiting[arrival.owner].append(arrival)
            return False
        self._waiting[arrival.owner] = deque()
        return True

    def ended(self, arrival: Arrival) -> Arrival | None:
        """A call has ended, or was not made: the one that waits for it, which begins now; None where none does."""
        if arrival.owner is None:
            return None
        if waiting := self._waiting[arrival.owner]:
            return waiting.popleft()._replace(follows=True)
        del self._waiting[arrival.owner]
        return None
