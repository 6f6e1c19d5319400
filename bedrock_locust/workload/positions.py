"""Positions of the sequence of records: the process that leads hands them out in ranges, each once."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from gevent.event import Event

if TYPE_CHECKING:
    from collections.abc import Callable

AGAIN_S = 1.0
"""A request for more that has no answer is repeated after this time, in seconds."""
AHEAD_S = 0.5
"""For how long what a process has is to last, in seconds, before it asks for more."""
LEAST, MOST = 2, 5000
"""Positions in one range."""


class NoneLeftError(Exception):
    """The run has as many positions as it was to have, and all of them are taken."""


class HandedOut:
    """What has been handed out, on the process that leads: one sequence for the run, or one for each level."""

    def __init__(self, most: int | None = None) -> None:
        """`most` is how many positions there are; None is without end."""
        self._most = most
        self._next: dict[str, int] = {}
        self.holders: set[str] = set()
        """Workers that may have positions which they have not taken yet."""
        self.is_used_up = False
        """Whether a process has taken all of its positions, and wants more: the load falls from then on."""

    def deal(self, level: str, wanted: int) -> range:
        """The next positions of the sequence of a level, or of the run for an empty text; none after the last."""
        begin = self._next.get(level, 0)
        end = begin + max(1, min(wanted, MOST))
        self._next[level] = end if self._most is None else max(begin, min(end, self._most))
        return range(begin, self._next[level])

    def use_up(self, holder: str = "") -> None:
        """A process has taken the last of its positions, and there are no more."""
        self.holders.discard(holder)
        self.is_used_up = True

    @property
    def is_over(self) -> bool:
        """Whether all positions have been handed out."""
        return self._most is not None and self.dealt >= self._most

    @property
    def dealt(self) -> int:
        """Positions of all sequences together."""
        return sum(self._next.values())


class Positions:
    """The positions that this process may use."""

    def __init__(self, ask: Callable[[str, int], None]) -> None:
        """`ask` asks for a number of positions of a sequence; `give` brings them, at once or later.

        It asks for none where the last one is taken, so that the process that leads knows.
        """
        self._ask = ask
        self._ranges: deque[range] = deque()
        self._left = 0
        self._sequence = ""
        self._is_over = False
        self._came = Event()
        self._asked_at = float("-inf")
        self._taken: deque[float] = deque(maxlen=200)

    def take(self, sequence: str = "") -> int:
        """The next position; waits for it where there is none yet. Raises NoneLeftError after the last."""
        if sequence != self._sequence:
            # What is left belongs to a level that is over.
            self._sequence, self._left, self._asked_at = sequence, 0, float("-inf")
            self._ranges.clear()
        self._taken.append(time.monotonic())
        while not self._left:
            if self._is_over:
                self._ask(sequence, 0)
                raise NoneLeftError
            self._came.clear()
            self._ask_for_more()
            if not self._left:
                self._came.wait(AGAIN_S)
            if sequence != self._sequence:
                return self.take(self._sequence)
        position = self._ranges[0][0]
        rest = self._ranges[0][1:]
        self._ranges[0] = rest
        if not rest:
            self._ranges.popleft()
        self._left -= 1
        if self._left < self._ahead // 2 and not self._is_over:
            self._ask_for_more()
        return position

    @property
    def _ahead(self) -> int:
        """How many positions last for a while, at the present rate."""
        span_s = self._taken[-1] - self._taken[0] if self._taken else 0.0
        return max(LEAST, min(round(AHEAD_S * len(self._taken) / max(span_s, 1.0)), MOST))

    def _ask_for_more(self) -> None:
        if time.monotonic() - self._asked_at >= AGAIN_S:
            self._asked_at = time.monotonic()
            self._ask(self._sequence, self._ahead)

    def give(self, sequence: str, positions: range) -> None:
        """Positions have come; none after the last."""
        if sequence != self._sequence:
            return
        if positions:
            self._ranges.append(positions)
            self._left += len(positions)
            self._asked_at = float("-inf")
        else:
            self._is_over = True
        self._came.set()


def local_positions(sequence: HandedOut) -> Positions:
    """The positions of the process that leads and makes the calls itself: one at a time, nothing ahead."""

    def ask(level: str, number: int) -> None:
        if number:
            positions.give(level, sequence.deal(level, 1))
        else:
            sequence.use_up()

    positions = Positions(ask)
    return positions
