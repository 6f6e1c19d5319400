"""A level: a stretch of a run with one load, as the load shape announces it (docs/extending.md, "A load shape")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    from locust.env import Environment

Phase = Literal["warmup", "measure", "drain"]
Unit = Literal["users", "requests/s"]
Kind = Literal["", "ramp", "search"]
REQUIRED = ("level", "mode", "phase")
"""Fields that a shape cannot leave out, beside one of LOADS."""
LOADS = ("users", "rate_per_s")
"""Fields with the load of a level: it has one of them."""


class Shape(Protocol):
    """What a load shape must offer beside Locust's own `tick`; see docs/extending.md."""

    def levels(self) -> Sequence[object]:
        """The levels of a whole run, in order: mappings or dataclasses with the fields of a Level."""


class LevelError(ValueError):
    """A load shape announced a level that cannot be used. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True, order=True)
class Load:
    """How much a level asks of the service: users that call one after the other, or arrivals per second."""

    amount: float
    unit: Unit = "users"

    def __str__(self) -> str:
        """In words: `1 user`, `2.5 requests/s`."""
        return in_words([self])

    @property
    def number(self) -> str:
        """The amount without its unit."""
        return f"{self.amount:,.6g}" if self.amount < 1e6 else f"{self.amount:,.0f}"

    @property
    def users(self) -> int | None:
        """The users, if these are the load."""
        return int(self.amount) if self.unit == "users" else None


def in_words(loads: Sequence[Load], most: int | None = None) -> str:
    """Loads of one unit, with their unit: `1, 2, 4 users`; of more than `most` the first three and the last."""
    return _listed([load.number for load in loads], loads[0].unit if loads else "users", most)


def loads_in_words(levels: Sequence[Level], most: int) -> str:
    """The loads of levels, or the parts of a profile: `2 parts: 1 to 20, 20 requests/s`; of many only some.

    Which loads a ramp will have is not known: `up to 20 requests/s`.
    """
    if levels and all(level.kind == "ramp" for level in levels):
        return f"up to {max(level.peak for level in levels)}"
    parts = {level.part: level.short_load for level in levels if level.part is not None}
    if not parts:
        return in_words(list(dict.fromkeys(level.load for level in levels)), most)
    listed = _listed(list(parts.values()), "requests/s", most)
    return f"{len(parts)} part{'s' if len(parts) != 1 else ''}: {listed}"


def _listed(numbers: Sequence[str], unit: Unit, most: int | None) -> str:
    shown = numbers if most is None or len(numbers) <= most else [*numbers[:3], "...", numbers[-1]]
    return f"{', '.join(shown)} {_one(unit) if list(numbers) == ['1'] else unit}"


def _one(unit: Unit) -> str:
    return "user" if unit == "users" else "request/s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level, and how far it has come. Moments are Unix seconds; `None` means not yet, or not known."""

    key: str
    """The name of the level, which the rows of its calls have in the column `level`."""
    mode: str
    """The group of calls: `streaming`, `non_streaming`, or what an own user class is called."""
    users: int | None = None
    """Concurrent users, in a closed loop."""
    rate_per_s: float | None = None
    """Arrivals per second, in an open loop; where the rate changes within the level, their mean."""
    rate_from_per_s: float | None = None
    """The rate at the start of the level, where that is another."""
    rate_to_per_s: float | None = None
    """The rate at its end, where that is another."""
    part: int | None = None
    """Which part of a profile of rates it is, or which step of a ramp, from 1 on; None where it is none."""
    kind: Kind = ""
    """What its load follows from, where that is no plan: a `ramp` or a `search`, whose levels are planned at most."""
    max_in_flight: int | None = None
    """The most calls in flight, in an open loop: an arrival beyond them is dropped."""
    phase: Phase = "warmup"
    started_at: float | None = None
    measured_from: float | None = None
    measured_to: float | None = None
    users_reached: int = 0
    completed: bool = False
    """Whether the level was measured for as long as planned."""
    warmup_s: float = 0.0
    duration_s: float | None = None
    """How long the level is to be measured; None where the shape does not say."""
    arrivals_due: int | None = None
    """Arrivals that the window of an open loop had; None in a closed one, and where it is not known."""
    arrivals_dropped: int | None = None
    """Those that were dropped, because `max_in_flight` calls were in flight."""
    arrivals_missed: int | None = None
    """Those that nobody made: their worker was lost, or came too late for them."""
    ended_by: str = ""
    """Why the level ended before its time; empty where it did not."""

    @classmethod
    def from_plain(cls, plain: Any) -> Level:
        """Read what a shape announces: a mapping or a dataclass, whose field `level` is the key. Raises LevelError.

        Fields that a Level does not have are left out.
        """
        values: Any = asdict(plain) if is_dataclass(plain) and not isinstance(plain, type) else plain
        if not isinstance(values, Mapping):
            raise LevelError(f"the load shape announced {values!r} as a level, but must announce a mapping")
        if missing := [name for name in REQUIRED if name not in values]:
            raise LevelError(f"the load shape announced a level without {missing[0]!r}: {dict(values)}")
        if len([name for name in LOADS if values.get(name) is not None]) != 1:
            raise LevelError(f"the load shape must announce a level with either users or rate_per_s: {dict(values)}")
        if values["phase"] not in get_args(Phase):
            raise LevelError(f"the phase of a level is {values['phase']!r}, but must be one of {get_args(Phase)}")
        if values.get("kind", "") not in get_args(Kind):
            raise LevelError(f"the kind of a level is {values['kind']!r}, but must be one of {get_args(Kind)}")
        known = {name: value for name, value in values.items() if name in cls.__slots__}
        return cls(key=values["level"], **known)

    def to_plain(self) -> dict[str, Any]:
        """The level as a mapping that `from_plain` reads."""
        return {{"key": "level"}.get(name, name): getattr(self, name) for name in self.__slots__}

    @property
    def title(self) -> str:
        """Group and load in words: `non-streaming, 4 users`."""
        return f"{self.mode_in_words}, {self.load_in_words}"

    @property
    def load(self) -> Load:
        """What the level asks of the service."""
        return Load(self.users or 0) if self.rate_per_s is None else Load(self.rate_per_s, "requests/s")

    @property
    def load_in_words(self) -> str:
        """The load; of a part of a profile or a step of a ramp its number, too: `part 2 (1 to 20 requests/s)`."""
        rates = str(self.load) if self.short_load == self.load.number else f"{self.short_load} requests/s"
        return rates if self.part is None else f"{'step' if self.kind == 'ramp' else 'part'} {self.part} ({rates})"

    @property
    def short_load(self) -> str:
        """The load without its unit: `4`, or `1 to 20` where the rate changes."""
        ends = self._ends or (self.load,)
        return " to ".join(dict.fromkeys(load.number for load in ends))

    @property
    def peak(self) -> Load:
        """The highest load that the level comes to."""
        return max((self.load, *self._ends))

    @property
    def _ends(self) -> tuple[Load, ...]:
        """The loads at the start and at the end of a level of arrivals."""
        return () if self.rate_per_s is None else tuple(Load(rate, "requests/s") for rate in self.rates_per_s)

    @property
    def most_in_flight(self) -> int:
        """The most calls that are in flight at a time."""
        return self.users or self.max_in_flight or 0

    @property
    def rates_per_s(self) -> tuple[float, float]:
        """The rates of arrivals at the start and at the end of the level; 0 in a closed loop."""
        flat = self.rate_per_s or 0.0
        first = flat if self.rate_from_per_s is None else self.rate_from_per_s
        return first, flat if self.rate_to_per_s is None else self.rate_to_per_s

    @property
    def mode_in_words(self) -> str:
        """The group of calls as people read it."""
        return self.mode.replace("_", "-")

    @property
    def length_s(self) -> float | None:
        """Warm-up and measuring, as planned; None where the shape does not say."""
        return None if self.duration_s is None else self.warmup_s + self.duration_s


def planned_levels(environment: Environment) -> tuple[Level, ...] | None:
    """The levels that the shape of an environment plans with its options; None where there is no shape with levels.

    A shape that has `planned(environment)` is asked by that: it can answer for other options than those in force.
    Raises LevelError.
    """
    shape: Any = environment.shape_class
    if planned := getattr(shape, "planned", None):
        return tuple(map(Level.from_plain, planned(environment)))
    if levels := getattr(shape, "levels", None):
        return tuple(map(Level.from_plain, levels()))
    return None


def within(levels: Sequence[Level], time_s: float | None) -> tuple[Level, ...]:
    """What of these levels there is time for, without the time between them; all of them without a bound."""
    return tuple(levels) if time_s is None else tuple(_within(levels, time_s))


def _within(levels: Sequence[Level], left_s: float) -> Iterator[Level]:
    for level in levels:
        if level.duration_s is None:
            yield level
        elif left_s > 0:
            warmup_s = min(level.warmup_s, left_s)
            yield _shortened(replace(level, warmup_s=warmup_s), min(level.duration_s, left_s - warmup_s))
            left_s -= level.warmup_s + level.duration_s


def _shortened(level: Level, duration_s: float) -> Level:
    """A level that is measured for so long; where its rate changes it comes to another one."""
    if duration_s == level.duration_s or not level.duration_s:
        return level
    first, last = level.rates_per_s
    if first == last:
        return replace(level, duration_s=duration_s)
    end = first + (last - first) * duration_s / level.duration_s
    return replace(level, duration_s=duration_s, rate_per_s=(first + end) / 2, rate_to_per_s=end)
