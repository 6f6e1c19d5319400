"""A schedule: levels that follow each other without a pause, and the arrivals in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from bedrock_locust.arrivals.sequence import LEAST_BURSTINESS, Piece, moments
from bedrock_locust.level import Level, LevelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.level import Phase
    from bedrock_locust.workload.replay import Replay

REQUIRED = ("start_at", "user_class", "levels", "burstiness", "seed", "max_in_flight")
OPTIONAL = {"is_replay": False, "first_position": 0, "restarts": False}
"""Fields that a shape may leave out, with what counts then."""


class Arrival(NamedTuple):
    """A call that is to be made at its moment."""

    number: int
    """Its number in the sequence, from 0."""
    due_s: float
    """Seconds from the start of the schedule."""
    level: str
    phase: Phase
    position: int = 0
    """Which request it makes: its place in the sequence of records, or in a replay the line of the trace."""
    owner: int | None = None
    """In a replay, the number of the first call of its conversation, or its own: whoever makes that makes this."""
    mode: str = ""
    """In a replay, the mode of the users of which it is one."""
    follows: bool = False
    """Whether it had to wait for the end of the call before it in its conversation."""


class Stretch(NamedTuple):
    """A level in its schedule; seconds from the start of that."""

    level: Level
    from_s: float
    measured_s: float
    to_s: float


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Levels of arrivals, and how their arrivals are drawn. All processes draw the same ones."""

    start_at: float
    """Unix time of the start, seconds, by the clock of the process that leads the run."""
    user_class: str
    """The class of users of which each arrival is one, for one task."""
    levels: tuple[Level, ...]
    burstiness: float | None
    """1 is Poisson, above it is smoother; None is constant."""
    seed: int
    max_in_flight: int
    """The most calls in flight in the whole run: an arrival beyond them is dropped."""
    is_replay: bool = False
    """Whether the arrivals are those of the trace of the settings; else they are drawn."""
    first_position: int = 0
    """Arrivals of earlier schedules of the run."""
    restarts: bool = False
    """Whether positions begin at 0 in each level."""
    replay: Replay | None = field(default=None, compare=False, repr=False)
    """The trace, as this process has read it."""

    @classmethod
    def from_plain(cls, plain: Any) -> Schedule:
        """Read what a shape announces, or what `to_plain` made. Raises LevelError."""
        missing = [name for name in REQUIRED if not isinstance(plain, Mapping) or name not in plain]
        if missing:
            raise LevelError(f"the load shape announced {plain!r:.200} as a schedule, without {missing[0]!r}")
        schedule = cls(
            **{**{name: plain[name] for name in REQUIRED}, "levels": tuple(map(Level.from_plain, plain["levels"]))},
            **{name: plain.get(name, usual) for name, usual in OPTIONAL.items()},
        )
        if schedule.burstiness is not None and not schedule.burstiness >= LEAST_BURSTINESS:
            raise LevelError(f"the burstiness of a schedule is {schedule.burstiness}: give {LEAST_BURSTINESS} or more")
        for level in schedule.levels:
            if level.rate_per_s is None or level.duration_s is None:
                raise LevelError(f"the level {level.key!r} of a schedule needs rate_per_s and duration_s")
        return schedule

    def to_plain(self) -> dict[str, Any]:
        """The schedule as a mapping that `from_plain` reads."""
        values = {name: getattr(self, name) for name in (*REQUIRED, *OPTIONAL)}
        return {**values, "levels": [level.to_plain() for level in self.levels]}

    @property
    def key(self) -> str:
        """What tells it from the other schedules of a run: its first level."""
        return self.levels[0].key if self.levels else ""

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The levels with their places in time."""
        begun_s, found = 0.0, list[Stretch]()
        for level in self.levels:
            length_s = level.length_s or 0.0
            found.append(Stretch(level, begun_s, begun_s + level.warmup_s, begun_s + length_s))
            begun_s += length_s
        return tuple(found)

    @property
    def length_s(self) -> float:
        """From the start to the last moment at which a call can arrive, in seconds."""
        return self.stretches[-1].to_s if self.stretches else 0.0

    def may_follow(self, elapsed_s: float) -> bool:
        """Whether a call that waited for the one before it in its conversation may still begin."""
        return elapsed_s < self.length_s or (self.replay is not None and self.replay.open_ended)

    def arrivals(self) -> Iterator[Arrival]:
        """All arrivals in order, drawn or read as they are asked for: a million of them need no memory."""
        return self._replayed() if self.is_replay else self._drawn()

    def _drawn(self) -> Iterator[Arrival]:
        pieces = (Piece(level.length_s or 0.0, *level.rates_per_s) for level in self.levels)
        places = iter(self.stretches)
        place, first = next(places, None), -self.first_position
        for number, due_s in enumerate(moments(pieces, self.burstiness, self.seed)):
            while place and due_s >= place.to_s:
                later = next(places, None)
                if later is None:
                    break  # a moment at the very end, by the rounding of floats
                place, first = later, number if self.restarts else first
            if place:
                phase: Phase = "warmup" if due_s < place.measured_s else "measure"
                yield Arrival(number, due_s, place.level.key, phase, number - first)

    def _replayed(self) -> Iterator[Arrival]:
        """The calls of the trace. Raises LevelError where this process has none."""
        if self.replay is None or not self.stretches:
            raise LevelError("a schedule of a trace was announced, and the settings have no arrivals.trace")
        [place, *_] = self.stretches
        for number, call in enumerate(self.replay.calls()):
            phase: Phase = "warmup" if call.due_s < place.measured_s else "measure"
            yield Arrival(number, call.due_s, place.level.key, phase, call.record, call.owner, call.mode)

    def at(self, elapsed_s: float) -> Level | None:
        """The level at a moment, in its phase; None before the start and after the end."""
        for place in self.stretches:
            if place.from_s <= elapsed_s < place.to_s:
                return replace(place.level, phase="warmup" if elapsed_s < place.measured_s else "measure")
        return None
