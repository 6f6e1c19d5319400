"""The silences between content events, level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from bedrock_locust.call import Call


class Gaps:
    """The silences between content events of the successes in each measured level: a Histogram each."""

    def __init__(self) -> None:
        self.levels: dict[str, Histogram] = {}

    def add(self, call: Call) -> None:
        """Count the silences of a call."""
        if call.gaps and call.ok and call.phase in ("", "measure"):
            self.merge({call.level or call.name: call.gaps})

    def merge(self, levels: Mapping[str, Mapping[int, int]]) -> None:
        """Add counts of other calls: level -> bucket -> count."""
        for level, counts in levels.items():
            self.levels.setdefault(level, Histogram()).merge(counts)

    def take(self) -> dict[str, dict[int, int]]:
        """The counts since the last call of `take`: level -> bucket -> count."""
        levels, self.levels = self.levels, {}
        return {level: dict(histogram.counts) for level, histogram in levels.items()}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of `gaps.csv`, header first."""
        yield "level", "lower_ms", "upper_ms", "count"
        for level, histogram in self.levels.items():
            for lower, upper, count in histogram.buckets():
                yield level, f"{lower:.4f}", f"{upper:.4f}", count
