"""What became of arrivals, by level and phase."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bedrock_locust.arrivals.schedule import Arrival, Schedule

LOST_SHARE = 0.01
"""If more arrivals than this share were dropped or missed, the load was another one; as in the report."""

Place = tuple[str, str]
"""The key of a level, and a phase of it."""
Plain = dict[str, dict[str, list[int]]]
"""Level -> phase -> how many were made and dropped: as it travels."""


def merged(one: Plain, other: Plain) -> Plain:
    """Two counts of one process, which only grow, as the later of them."""
    both: Plain = {}
    for level, phases in (*one.items(), *other.items()):
        kept = both.setdefault(level, {})
        for phase, counts in phases.items():
            kept[phase] = [max(pair) for pair in zip(kept.get(phase, (0, 0)), counts, strict=True)]
    return both


@dataclass
class Made:
    """How many arrivals a process has made, and dropped."""

    made: Counter[Place] = field(default_factory=Counter)
    dropped: Counter[Place] = field(default_factory=Counter)

    def to_plain(self) -> Plain:
        """A dict of types that msgpack can carry."""
        plain: Plain = {}
        for level, phase in {**self.made, **self.dropped}:
            counts = [self.made[level, phase], self.dropped[level, phase]]
            plain.setdefault(level, {})[phase] = counts
        return plain


class Fate(NamedTuple):
    """What became of the arrivals that were due: made + dropped + missed is due once all processes have told."""

    due: int
    made: int
    dropped: int
    missed: int
    """Nobody made them, or nobody knows: a worker was lost, or came too late for them."""

    @property
    def is_other_load(self) -> bool:
        """Whether so many were dropped or missed that the load was another one than asked for."""
        return self.dropped + self.missed > LOST_SHARE * self.due


class Due:
    """How many arrivals were due up to a moment that moves on, by a copy of the sequence of its own."""

    def __init__(self) -> None:
        self.counts: Counter[Place] = Counter()
        self._next: Arrival | None = None
        self._coming: Iterable[Arrival] = iter(())
        self._start_at = 0.0

    def begin(self, schedule: Schedule, now: float) -> None:
        """Count the arrivals of a schedule, after those of the one before it until now. Moments are Unix seconds."""
        self.advance(now)
        self._start_at, self._coming = schedule.start_at, schedule.arrivals()
        self._next = next(iter(self._coming), None)

    def advance(self, now: float) -> None:
        """Count what was due until now."""
        while self._next and self._start_at + self._next.due_s <= now:
            self.counts[self._next.level, self._next.phase] += 1
            self._next = next(iter(self._coming), None)

    def stop(self, now: float) -> None:
        """The load ends: what would be due after this is no arrival any more."""
        self.advance(now)
        self._next = None


class Account:
    """The arrivals of a run on the process that leads it: how many were due, and which of them were missed."""

    def __init__(self) -> None:
        self._due, self._heard = Due(), Due()

    def begin(self, schedule: Schedule, now: float) -> None:
        """Count the arrivals of a schedule, after those of the one before it until now. Moments are Unix seconds."""
        self._due.begin(schedule, now)
        self._heard.begin(schedule, now)

    def advance(self, now: float, lag_s: float = 0.0) -> None:
        """Count what was due until now; processes have told of what was due `lag_s` before."""
        self._due.advance(now)
        self._heard.advance(now - lag_s)

    def due(self, now: float) -> int:
        """How many were due until now, in all."""
        self._due.advance(now)
        return self._due.counts.total()

    def stop(self, now: float) -> None:
        """The load ends: what would be due after this is no arrival any more."""
        self._due.stop(now)
        self._heard.stop(now)

    def fate(
        self,
        reports: Sequence[Mapping[str, Mapping[str, Sequence[int]]]],
        place: Place | None = None,
        *,
        heard: bool = False,
    ) -> Fate:
        """What became of the arrivals of a level in a phase, or of all, by what the processes report.

        With `heard`, arrivals of which no process can have told yet are due, and neither made nor missed.
        """
        places = set(self._due.counts) if place is None else {place}
        if place is None:
            places |= {(level, phase) for report in reports for level, phases in report.items() for phase in phases}
        fates = [self._fate(reports, one, heard=heard) for one in places]
        return Fate(*(sum(counts) for counts in zip(*fates, strict=True))) if fates else Fate(0, 0, 0, 0)

    def _fate(self, reports: Sequence[Mapping[str, Mapping[str, Sequence[int]]]], place: Place, *, heard: bool) -> Fate:
        level, phase = place
        counts = [report.get(level, {}).get(phase, (0, 0)) for report in reports]
        made, dropped = sum(made for made, _ in counts), sum(dropped for _, dropped in counts)
        known = self._heard if heard else self._due
        missed = max(0, known.counts[place] - made - dropped)
        # A worker may make one more before it hears of the end: that one was due, too.
        return Fate(max(self._due.counts[place], made + dropped + missed), made, dropped, missed)
