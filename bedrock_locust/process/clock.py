"""The wall clock of a run: read once, at its start, and continued from there by a clock that nobody sets.

NTP and people set wall clocks, and machines sleep. Were each moment of a run read from the wall clock, a step
of it would put calls outside of the levels in which they were made.
"""

from __future__ import annotations

import logging
import time

logger = logging.getLogger(__name__)

STEP_LIMIT_MS = 100.0
"""How far the clocks may differ before a warning. ntpd sets a clock at once where it is off by more than 128 ms;
less is slewed, and on Linux the clock behind time.perf_counter is slewed with it, so the two do not differ."""


class Clock:
    """The wall clock of this process, as it was when the run began."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> float:
        """Begin a run: read the machine's wall clock, and return the Unix time."""
        self._offset_s = _offset_s()
        self.step_ms = 0.0
        """How far the machine's wall clock has been set since the start, in ms, as of the last check."""
        return self.wall_at()

    def wall_at(self, moment: float | None = None) -> float:
        """The Unix time of a moment on time.perf_counter's clock, or of now."""
        return self._offset_s + (time.perf_counter() if moment is None else moment)

    def check(self) -> None:
        """Look at the machine's wall clock, and say so once if it has been set."""
        step_ms = (_offset_s() - self._offset_s) * 1000
        if abs(step_ms - self.step_ms) > STEP_LIMIT_MS:
            logger.warning(
                "bedrock-locust: the clock of this machine was set by %+.1f s in mid-run (or the machine slept);"
                " the run keeps the time that it began with",
                (step_ms - self.step_ms) / 1000,
            )
            self.step_ms = step_ms


def _offset_s() -> float:
    """The wall clock less time.perf_counter, read with the least interruption of three times."""
    readings = []
    for _ in range(3):
        before = time.perf_counter()
        wall = time.time()
        after = time.perf_counter()
        readings.append((after - before, wall - (before + after) / 2))
    return min(readings)[1]


clock = Clock()
"""The clock of this process."""
