"""When the figures of a level are whole: its calls have ended and their rows are here, also those of workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bedrock_locust.live.output import ROWS_WITHIN_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.level import Level
    from bedrock_locust.live.output import State
    from bedrock_locust.live.tally import Tally


class WholeLevels:
    """Says once for each level of a run that its figures are whole.

    A level that is over still has calls in flight, and rows of workers on their way: those that belong to it are here
    after its longest call so far and `ROWS_WITHIN_S`. At the end of a run they are here with the stage `recorded`,
    also those of a level that was cut off, whose window nobody closed.
    """

    def __init__(self, tally: Tally) -> None:
        """`tally` is that of the run."""
        self._tally = tally
        self._due: dict[str, float] = {}
        self._open = ""

    def level(self, level: Level | None) -> None:
        """A level begins, changes its phase, or is over."""
        self._open = level.key if level and not level.measured_to else ""
        if level and level.measured_to:
            longest_s = self._tally.levels[level.key].longest_ms / 1000
            at = time.monotonic() + longest_s + ROWS_WITHIN_S
            # Parts of a profile follow without a pause: one whose calls are short waits for the one before it.
            self._due[level.key] = max([at, *self._due.values()])

    def whole(self, state: State) -> Iterator[str]:
        """The keys of the levels that have become whole, in their order."""
        if state.stage == "recorded" and self._open:
            self._due[self._open] = 0.0
        return self.all() if state.stage == "recorded" else self._until(time.monotonic())

    def all(self) -> Iterator[str]:
        """The keys of all levels that are over and not told yet: for whoever knows that their rows are here."""
        return self._until(float("inf"))

    def _until(self, now: float) -> Iterator[str]:
        for key in [key for key, at in self._due.items() if at <= now]:
            del self._due[key]
            yield key
