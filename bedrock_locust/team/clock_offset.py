"""How far the clock of a worker is from that of the master."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

KEPT = 8
"""How many round trips are kept; the fastest of them counts."""
LEAST_S = 0.01
"""A smaller offset is not corrected, in seconds: a level's window is not known more exactly than that."""


class _Trip(NamedTuple):
    """A round trip: how long it took, and the offset that follows from it. Seconds."""

    took_s: float
    offset_s: float


class ClockOffset:
    """The offset of this process's clock from the master's, measured by round trips.

    As in NTP (RFC 5905, section 8, with one stamp for arrival and answer): the master read its clock halfway through
    the trip, give or take half of it. The fastest of the last trips counts (the clock filter, section 10).
    """

    def __init__(self) -> None:
        self._trips: deque[_Trip] = deque(maxlen=KEPT)

    def add(self, *, asked_at: float, took_s: float, answered_at: float) -> None:
        """Count a round trip: the Unix time here when it began, its length in seconds, the Unix time that came back."""
        trip = _Trip(took_s, answered_at - (asked_at + took_s / 2))
        best = self._best
        if best and abs(trip.offset_s - best.offset_s) > (trip.took_s + best.took_s) / 2 + LEAST_S:
            self._trips.clear()  # one of the clocks has been set
        self._trips.append(trip)

    @property
    def _best(self) -> _Trip | None:
        return min(self._trips, default=None)

    @property
    def offset_s(self) -> float | None:
        """What to add to this clock to get the master's, in seconds; None if not known yet."""
        return self._best.offset_s if self._best else None

    @property
    def trip_s(self) -> float:
        """How long the last round trip took; 0 before the first."""
        return self._trips[-1].took_s if self._trips else 0.0

    @property
    def correction_s(self) -> float:
        """The offset, in seconds, where it is certain: larger than half a round trip and LEAST_S. Otherwise 0."""
        best = self._best
        return best.offset_s if best and abs(best.offset_s) > max(best.took_s / 2, LEAST_S) else 0.0
