"""A lease: which arrivals a process may make, and until when.

Arrivals are divided by their number, so none is made twice, whatever the clocks say. When workers come or go, the
division changes from a number on that is due after every lease that was given before has run out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Part(NamedTuple):
    """From a number on, these make the arrivals in turn."""

    from_number: int
    makers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lease:
    """What may be made of the arrivals of a schedule."""

    parts: tuple[Part, ...]
    until_s: float = math.inf
    """Arrivals that are due from this moment on need another lease; seconds from the start of the schedule."""
    max_in_flight: int = 1
    """The most calls that this maker may have in flight."""

    def maker(self, number: int, owner: int | None = None) -> str | None:
        """Who makes an arrival; None where nobody does. It is divided by its owner where it has one, not its number."""
        part = next((part for part in reversed(self.parts) if part.from_number <= number), None)
        chosen = number if owner is None else owner
        return part.makers[chosen % len(part.makers)] if part and part.makers else None

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        parts = [[part.from_number, list(part.makers)] for part in self.parts]
        return {"parts": parts, "until_s": self.until_s, "max_in_flight": self.max_in_flight}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Lease:
        """The lease that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        parts = tuple(Part(from_number, tuple(makers)) for from_number, makers in plain["parts"])
        return cls(parts, plain["until_s"], plain["max_in_flight"])


NOTHING = Lease(())
"""No arrival may be made."""


def alone(name: str, max_in_flight: int) -> Lease:
    """The lease of a process that makes all arrivals."""
    return Lease((Part(0, (name,)),), max_in_flight=max_in_flight)
