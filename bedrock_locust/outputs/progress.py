"""How far a run is: which level of how many, and how long it will still take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bedrock_locust.settings.plan import length_in_words, length_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.level import Level

PHASES = {"warmup": "warming up", "measure": "measuring", "drain": "last calls"}


@dataclass(frozen=True)
class Progress:
    """Where a run with levels is. Times in seconds; None where the shape does not say."""

    number: int
    """The number of the level that is running, from 1."""
    levels: int
    phase: str
    done_s: float
    """How far the level is."""
    whole_s: float | None
    """How long it is to take."""
    since_s: float
    """How long ago it began."""
    left_s: float | None
    """Until the end of the last level."""
    at_most: bool = False
    """Whether the plan is the most that there can be: levels of a search or a ramp are not named before they begin."""
    noun: str = "Level"
    """What the levels are called."""

    @classmethod
    def of(cls, level: Level, number: int, planned: Sequence[Level], now: float) -> Progress:
        """Progress at the Unix time `now`, in the level of this number."""
        whole, rest = level.length_s, length_of(planned[number:])
        done = 0.0 if whole is None else _done_s(level, whole, now)
        left = None if whole is None or rest is None else rest + whole - done
        since = now - (level.started_at or now)
        at_most = level.key not in {one.key for one in planned}
        noun = "Probe" if level.kind == "search" else "Level"
        return cls(number, len(planned), PHASES[level.phase], done, whole, since, left, at_most, noun)

    @property
    def place(self) -> str:
        """Which level of how many: `Level 3 of 6`, `Probe 3 of at most 20`."""
        return f"{self.noun} {self.number} of {'at most ' if self.at_most else ''}{self.levels}"

    def __str__(self) -> str:
        if self.whole_s is None:
            return f"{self.phase}, {length_in_words(self.since_s)} since it began"
        about = "at most" if self.at_most else "about"
        of_the_run = "" if self.left_s is None else f"; of the run {about} {length_in_words(self.left_s)}"
        at_most = "at most " if self.at_most else ""
        return f"{self.phase}, {at_most}{length_in_words(self.whole_s - self.done_s)} left{of_the_run}"


def _done_s(level: Level, whole: float, now: float) -> float:
    if level.measured_to:
        return whole
    if level.measured_from:
        return min(whole, level.warmup_s + now - level.measured_from)
    return min(level.warmup_s, now - (level.started_at or now))
