"""Counts in buckets that grow by 2 %: any figure of them is within 1 % of the truth, and counts of many can be added.

The buckets are those of DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019), by the library's own mapping.
"""

from __future__ import annotations

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

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bucket(value)] += 1

    def merge(self, counts: Mapping[int, int]) -> None:
        """Add the counts of another."""
        self.counts.update(counts)

    def quantile(self, q: float) -> float | None:
        """The value that the share `q` of all does not exceed; None where there is none."""
        rank = q * (self.counts.total() - 1)
        seen = 0
        for key in sorted(self.counts):
            seen += self.counts[key]
            if seen > rank:
                value: float = _MAPPING.value(key)
                return value
        return None

    def buckets(self) -> Iterator[tuple[float, float, int]]:
        """Lower bound, upper bound and count of each bucket, in order."""
        growth = (1 + ACCURACY) / (1 - ACCURACY)
        for key in sorted(self.counts):
            middle = _MAPPING.value(key)
            lower = middle / (1 + ACCURACY)
            yield lower, lower * growth, self.counts[key]
