"""Counts in the buckets of an exponential histogram: https://opentelemetry.io/docs/specs/otel/metrics/data-model/."""

from __future__ import annotations

import math
from collections import Counter

SCALE = 5
"""Each bucket is 2^(1/32) as wide as the one before: a percentile is within 2.2 % of the truth."""
MOST_BUCKETS = 320
"""Ten octaves, as from 60 ms to a minute. Where values lie further apart, buckets are joined in pairs."""


class Exponential:
    """Values above 0, and how many are 0 or less."""

    __slots__ = ("_counts", "_per_octave", "largest", "scale", "smallest", "sum", "zeros")

    def __init__(self) -> None:
        self.scale = SCALE
        self._per_octave = float(2**SCALE)
        self._counts: Counter[int] = Counter()
        self.zeros = 0
        self.sum = 0.0
        self.smallest, self.largest = math.inf, -math.inf

    def add(self, value: float) -> None:
        """Count a value."""
        self.sum += value
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)
        if value > 0:
            self._counts[math.ceil(math.log2(value) * self._per_octave) - 1] += 1
        else:
            self.zeros += 1

    @property
    def count(self) -> int:
        """How many values there are."""
        return self._counts.total() + self.zeros

    def buckets(self) -> tuple[int, list[int]]:
        """The index of the first bucket and the counts from there on, in buckets of `scale`."""
        if not self._counts:
            return 0, []
        while (last := max(self._counts)) - (first := min(self._counts)) >= MOST_BUCKETS:
            self._join()
        return first, [self._counts.get(index, 0) for index in range(first, last + 1)]

    def _join(self) -> None:
        """Make one bucket of each two."""
        joined: Counter[int] = Counter()
        for index, count in self._counts.items():
            joined[index >> 1] += count
        self._counts, self.scale, self._per_octave = joined, self.scale - 1, self._per_octave / 2
