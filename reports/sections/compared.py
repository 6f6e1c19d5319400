"""The runs that a comparison is about, for its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.numbers.comparison import keys
from reports.sections.words import label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.numbers.analysis import Analysis
    from reports.numbers.comparison import Comparison, Level
    from reports.texts import Language


class Compared:
    """Runs by their letters, the first the base, and what each of the others is against it."""

    def __init__(
        self, runs: Mapping[str, Analysis], folders: Mapping[str, Path], comparisons: Mapping[str, Comparison]
    ) -> None:
        self.runs, self.folders, self.comparisons = runs, folders, comparisons
        self.base = next(iter(runs))
        self.say: Language = runs[self.base].say

    def level(self, level: Level) -> str:
        """A level of the base in words."""
        base = self.runs[self.base]
        return label(self.say, base.level(keys(base)[level]), mode=True)
