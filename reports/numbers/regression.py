"""The regression gate of a comparison: what is worse than the base, and by more than is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.numbers.comparison import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.numbers.comparison import Answers, Comparison, Difference, Share
    from reports.numbers.sides import Level

SUCCESS_DROP_POINTS = 1.0
"""How far a success rate may fall if nothing else is said."""


@dataclass(frozen=True)
class Limits:
    """How much worse than the base a run may be."""

    regression_percent: float
    """A percentile, and output tokens/s, in percent of the base."""
    success_drop_points: float = SUCCESS_DROP_POINTS


@dataclass(frozen=True)
class Failures:
    """What fails the gate in one run."""

    worse: list[Difference]
    """Clearly worse, and as measured by more than the limit."""
    unshown: list[Difference]
    """As measured worse by more than the limit, with too few calls to tell whether that is chance."""
    fallen: list[Share]
    """As measured the success rate fell by more than the limit."""
    untold: list[Share]
    """The success rate may have fallen by more than the limit, with too few calls to tell."""
    lacking: list[tuple[Level, str]]
    """Metrics that the base has and the run has not."""
    answers: list[Answers]
    """Levels in which the answers are of another length, so that latency and throughput say nothing."""
    missing: list[Level]
    """Levels of the base in which no call of the run ended."""
    is_empty: bool
    """Whether nothing could be compared."""

    @property
    def measured(self) -> bool:
        """Whether something that was measured fails the gate."""
        return any((self.worse, self.unshown, self.fallen))

    @property
    def any(self) -> bool:
        """Whether anything fails the gate."""
        return self.measured or any((self.untold, self.lacking, self.answers, self.missing, self.is_empty))


@dataclass(frozen=True)
class Gate:
    """The verdict on all runs of a comparison."""

    limits: Limits
    failures: Mapping[str, Failures]
    """By the letter of the run."""

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against any run."""
        return not any(found.any for found in self.failures.values())


def gate(comparisons: Mapping[str, Comparison], limits: Limits) -> Gate:
    """Hold every comparison against the limits."""
    return Gate(limits, {run: _failures(found, limits) for run, found in comparisons.items()})


def _failures(found: Comparison, limits: Limits) -> Failures:
    percent, drop = limits.regression_percent, limits.success_drop_points
    over = [test for test in (*found.tests, *found.throughput) if test.counts and test.percent_worse > percent]
    fallen = [share for share in found.success if _points(share.before, share.after) > drop]
    return Failures(
        worse=[test for test in over if test.clear],
        unshown=[test for test in over if test.change is None and test.percent in ALWAYS],
        fallen=fallen,
        untold=[
            share
            for share in found.success
            if share not in fallen and not share.is_known and -round(100 * share.low, 9) > drop
        ],
        lacking=found.lacking,
        answers=found.answers,
        missing=found.missing,
        is_empty=found.is_empty,
    )


def _points(before: float, after: float) -> float:
    """How far a rate fell, in points; rounded so that 99 % to 98 % is one point."""
    return round(100 * (before - after), 9)
