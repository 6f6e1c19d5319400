"""The runs that a comparison is about, for its sections."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reports.sections.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.edition import Edition
    from reports.numbers.comparison import Comparison
    from reports.numbers.regression import Gate
    from reports.numbers.sides import Level, Side
    from reports.texts import Language


@dataclass(frozen=True)
class Compared:
    """The sides by their letters, the first the base, and what each of the others is against it."""

    runs: Mapping[str, Edition]
    """Every run by its name: the letter of its side, and its number where the side has several."""
    sides: Mapping[str, Side]
    folders: Mapping[str, Path]
    """By the name of the run."""
    comparisons: Mapping[str, Comparison]
    """By the letter of the side that is held against the base."""
    gate: Gate | None
    """None if no limit is set."""

    @property
    def base(self) -> str:
        """The letter of the base."""
        return next(iter(self.sides))

    @property
    def say(self) -> Language:
        """The language of the base."""
        return next(iter(self.runs.values())).say

    @cached_property
    def common(self) -> list[Level]:
        """The levels that all sides have, in the order of the base."""
        first, *others = self.sides.values()
        return [level for level in first.keys if all(level in other.keys for other in others)]

    def level(self, level: Level) -> str:
        """A level of the base in words."""
        if level not in self._labels:
            self._labels[level] = label(self.say, self.sides[self.base].row(level), mode=True)
        return self._labels[level]

    @cached_property
    def _labels(self) -> dict[Level, str]:
        return {}
