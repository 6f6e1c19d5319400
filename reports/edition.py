"""The numbers of a run together with the language to tell them in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from reports.numbers.analysis import Analysis, analyse
from reports.numbers.doubts import doubts
from reports.texts import Language, language

if TYPE_CHECKING:
    from reports.numbers.doubts import Doubt
    from reports.reading.run import Run


@dataclass(frozen=True)
class Edition(Analysis):
    """An analysis and the language of its report."""

    say: Language

    @cached_property
    def doubts(self) -> list[Doubt]:
        """The reasons to doubt these numbers, gravest first."""
        return doubts(self)

    def remedy(self, category: str) -> str:
        """What to do about a category of failures, by the reason that the service gave where known; may be empty."""
        reason = self.run.text("failure_reasons", category)
        return self.say.remedies.get(reason or category) or self.run.text("remedies", category)


def edition(run: Run, code: str | None = None) -> Edition:
    """Compute everything about a run. `code` is the language; without it the settings of the run decide."""
    return Edition(**vars(analyse(run)), say=language(code or run.text("settings", "output", "language")))
