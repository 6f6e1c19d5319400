"""The regression gate of a comparison: what is worse than the base, and by more than is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.numbers.comparison import Comparison, Level, Share, Test


@dataclass(frozen=True)
class Gate:
    """The verdict on all runs of a comparison; every mapping is by the letter of the run."""

    max_regression_percent: float
    worse: Mapping[str, list[Test | Share]]
    """What is clearly worse, and by more than the limit: percent of a time, points of a success rate."""
    unshown: Mapping[str, list[Test]]
    """What is worse by more than the limit, with too few calls to tell whether that is chance."""
    missing: Mapping[str, list[Level]]
    """Levels of the base in which no call of the run ended."""
    empty: list[str]
    """The runs of which nothing could be compared."""

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against any run."""
        return not self.empty and not any(
            found for reason in (self.worse, self.unshown, self.missing) for found in reason.values()
        )


def gate(comparisons: Mapping[str, Comparison], max_regression_percent: float) -> Gate:
    """Hold every comparison against the limit."""
    limit, found = max_regression_percent, comparisons.items()
    return Gate(
        max_regression_percent=limit,
        worse={run: one.worse(limit) for run, one in found},
        unshown={run: one.unshown(limit) for run, one in found},
        missing={run: one.missing for run, one in found},
        empty=[run for run, one in found if all(test.change is None for test in one.tests)],
    )
