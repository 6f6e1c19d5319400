"""A level: a stretch of a run with one load, as the load shape announces it (docs/extending.md, "A load shape")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

if TYPE_CHECKING:
    from locust.env import Environment

Phase = Literal["warmup", "measure", "drain"]
REQUIRED = ("level", "mode", "users", "phase")
"""Fields that a shape cannot leave out."""


class Shape(Protocol):
    """What a load shape must offer beside Locust's own `tick`; see docs/extending.md."""

    def levels(self) -> Sequence[object]:
        """The levels of a whole run, in order: mappings or dataclasses with the fields of a Level."""


class LevelError(ValueError):
    """A load shape announced a level that cannot be used. The message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A level, and how far it has come. Moments are Unix seconds; `None` means not yet, or not known."""

    key: str
    """The name of the level, which the rows of its calls have in the column `level`."""
    mode: str
    """The group of calls: `streaming`, `non_streaming`, or what an own user class is called."""
    users: int
    """Concurrent users."""
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
        if values["phase"] not in get_args(Phase):
            raise LevelError(f"the phase of a level is {values['phase']!r}, but must be one of {get_args(Phase)}")
        known = {name: value for name, value in values.items() if name in cls.__slots__}
        return cls(key=values["level"], **known)

    def to_plain(self) -> dict[str, Any]:
        """The level as a mapping that `from_plain` reads."""
        return {{"key": "level"}.get(name, name): getattr(self, name) for name in self.__slots__}

    @property
    def title(self) -> str:
        """Group and load in words: `non-streaming, 4 users`."""
        return f"{self.mode_in_words}, {self.users:,} user{'s' if self.users != 1 else ''}"

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
