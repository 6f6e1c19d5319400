"""Counts in buckets that grow by 2 %: any figure of them is within 1 % of the truth, and counts of many can be added.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019), by the library's own mapping.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from ddsketch.mapping import LogarithmicMapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCURACY = 0.01
FLOOR = 0.01
"""What is smaller, in ms, is counted as this much."""

_MAPPING = LogarithmicMapping(ACCURACY)
_key = _MAPPING.key
_FLOOR_KEY: int = _key(FLOOR)


def bucket(value: float) -> int:
    """The bucket of a value in ms."""
    key: int = _key(value) if value > FLOOR else _FLOOR_KEY
    return key


class Histogram:
    """Counts of values in ms."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bucket(value)] += 1
        self._sum += value

    @property
    def count(self) -> int:
        """How many have been counted."""
        return self.counts.total()

    @property
    def mean(self) -> float | None:
        """The mean of those counted one by one, exact; None where there is none."""
        return self._sum / self.count if self.counts else None

    def merge(self, counts: Mapping[int, int]) -> None:
        """Add the counts of another."""
        self.counts.update(counts)

    def quantile(self, q: float) -> float | None:
        """The quantile `q`, between the two values next to its rank as in the report; None where there is none."""
        if not self.counts:
            return None
        rank = q * (self.count - 1)
        lower, upper = self._at(math.floor(rank)), self._at(math.ceil(rank))
        return lower + (upper - lower) * (rank - math.floor(rank))

    def _at(self, rank: int) -> float:
        """The value of a rank, from 0."""
        seen = 0
        for key in sorted(self.counts):
            seen += self.counts[key]
            if seen > rank:
                break
        value: float = _MAPPING.value(key)
        return value

    def buckets(self) -> Iterator[tuple[float, float, int]]:
        """Lower bound, upper bound and count of each bucket, in order."""
        growth = (1 + ACCURACY) / (1 - ACCURACY)
        for key in sorted(self.counts):
            middle = _MAPPING.value(key)
            lower = middle / (1 + ACCURACY)
            yield lower, lower * growth, self.counts[key]
