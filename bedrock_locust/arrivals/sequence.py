"""The moments at which calls arrive: one seeded sequence, drawn as it is needed.

Gaps with a mean of 1 are drawn, and an arrival is where the integral of the rate has reached their sum: with a rate
that does not change, the gaps divided by the rate. So levels of one seed have one pattern, faster or slower.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

POISSON = 1.0
"""Gaps of an exponential distribution: arrivals that know nothing of each other."""


LEAST_BURSTINESS = 0.01
"""With less, gaps are so near to 0 that a sequence may have no end. The settings have the same limit."""


class Piece(NamedTuple):
    """A stretch of time in which the rate changes evenly, or not at all."""

    seconds: float
    from_per_s: float
    to_per_s: float

    @property
    def arrivals(self) -> float:
        """How many arrivals there are on average: the integral of the rate."""
        return self.seconds * (self.from_per_s + self.to_per_s) / 2

    def reached_s(self, arrivals: float) -> float:
        """After how many seconds the integral of the rate is this large."""
        if not arrivals:
            return 0.0
        slope = (self.to_per_s - self.from_per_s) / self.seconds
        root = math.sqrt(max(0.0, self.from_per_s**2 + 2 * slope * arrivals))
        return min(self.seconds, 2 * arrivals / (self.from_per_s + root))


def gaps(burstiness: float | None, seed: int) -> Iterator[float]:
    """Gaps with a mean of 1, without an end.

    Their coefficient of variation is 1 / sqrt(burstiness), as in vLLM's benchmark: 1 is Poisson, above it is smoother,
    below it comes in bursts. None is constant: each gap is 1, and the first half of that.
    """
    if burstiness is None:
        yield 0.5
        while True:
            yield 1.0
    draw = random.Random(seed)
    while True:
        yield draw.expovariate(1.0) if burstiness == POISSON else draw.gammavariate(burstiness, 1 / burstiness)


def moments(pieces: Iterable[Piece], burstiness: float | None = POISSON, seed: int = 0) -> Iterator[float]:
    """The moments of all arrivals, in seconds from the start of the first piece, in order."""
    drawn = gaps(burstiness, seed)
    begun_s, before, target = 0.0, 0.0, next(drawn)
    for piece in pieces:
        while target < before + piece.arrivals:
            yield begun_s + piece.reached_s(target - before)
            target += next(drawn)
        begun_s, before = begun_s + piece.seconds, before + piece.arrivals
