"""Runs against a base, level by level: which differences are more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.numbers import intervals, percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.numbers.analysis import Analysis

METRICS = ("ttft_ms", "tpot_ms", "latency_ms")
PERCENTS = (50, 95)
Level = tuple[str, Any]
"""A mode, and users or, in a run without levels, a name."""


@dataclass(frozen=True)
class Test:
    """One percentile of one metric in one level, in two runs."""

    level: Level
    metric: str
    percent: int
    before: float
    after: float
    change: intervals.Change | None
    """None: too few calls to tell."""
    clear: bool = False
    """Whether the difference is more than chance, all tests of the two runs together."""

    @property
    def percent_change(self) -> float:
        """From the base to the run, in percent; NaN if the base is 0."""
        return 100 * (self.after / self.before - 1) if self.before > 0 else math.nan


@dataclass(frozen=True)
class Share:
    """The success rates of a level in two runs, 0 to 1, and their difference with its interval."""

    level: Level
    before: float
    after: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A run against the base."""

    tests: list[Test]
    success: list[Share]
    missing: list[Level]
    """Levels of the base in which no call of the run ended."""

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, `mixed`, `none` (no difference shown) or `nothing` (could be compared)."""
        if len(self.untested) == len(self.tests):
            return "nothing"
        worse = {test.after > test.before for test in self.tests if test.clear}
        return "mixed" if len(worse) > 1 else {True: "slower", False: "faster"}[worse.pop()] if worse else "none"

    @property
    def untested(self) -> list[Test]:
        """What has too few calls to tell a difference from chance."""
        return [test for test in self.tests if test.change is None]

    @property
    def failing(self) -> list[Share]:
        """Where the success rate is clearly lower, the largest fall first."""
        return sorted((share for share in self.success if share.high < 0), key=lambda share: share.after - share.before)

    @property
    def mending(self) -> list[Share]:
        """Where the success rate is clearly higher, the largest rise first."""
        return sorted((share for share in self.success if share.low > 0), key=lambda share: share.before - share.after)

    def unshown(self, most_percent: float) -> list[Test]:
        """What is worse by more than so many percent, with too few calls to tell whether by chance."""
        return [test for test in self.untested if test.percent_change > most_percent]

    def worse(self, most_percent: float) -> list[Test | Share]:
        """What is clearly worse by more than so many percent; for the success rate, so many points."""
        slower = [test for test in self.tests if test.clear and test.percent_change > most_percent]
        failing = [share for share in self.failing if 100 * (share.before - share.after) > most_percent]
        return [*slower, *failing]

    def fails(self, most_percent: float) -> list[Test | Share]:
        """What fails a gate that lets so many percent pass, besides levels that are missing."""
        return [*self.worse(most_percent), *self.unshown(most_percent)]


def keys(analysis: Analysis) -> dict[Level, str]:
    """The levels of a run in which calls ended, also if all of them failed: mode and users (or name) -> key."""
    figures = analysis.figures[analysis.figures["ok"] + analysis.figures["failed"] > 0]
    return {
        (row["mode"], row["users"] if row.notna()["users"] else row["name"]): str(key)
        for key, row in figures.iterrows()
    }


def common(runs: Sequence[Analysis]) -> list[Level]:
    """The levels that all runs have, in the order of the first."""
    first, *others = (keys(run) for run in runs)
    return [level for level in first if all(level in other for other in others)]


def compare(base: Analysis, run: Analysis) -> Comparison:
    """A run against the base, in the levels that both have."""
    tests = list(_tests(base, run))
    testable = [test for test in tests if test.change is not None]
    clear = intervals.holm([test.change.chance for test in testable if test.change])
    found = {id(test): is_clear for test, is_clear in zip(testable, clear, strict=True)}
    tests = [Test(**{**vars(test), "clear": found.get(id(test), False)}) for test in tests]
    shares = [_share(base, run, level) for level in common([base, run])]
    return Comparison(tests, shares, [level for level in keys(base) if level not in keys(run)])


def _tests(base: Analysis, run: Analysis) -> Iterator[Test]:
    before_keys, after_keys = keys(base), keys(run)
    for level in common([base, run]):
        for metric in METRICS:
            before = base.levels.sample(before_keys[level], metric)
            after = run.levels.sample(after_keys[level], metric)
            if len(before) and len(after):
                for percent in PERCENTS:
                    values = percentiles.at(before, percent), percentiles.at(after, percent)
                    change = intervals.quantile_change(before, after, percent)
                    yield Test(level, metric, percent, *values, change)


def _share(base: Analysis, run: Analysis, level: Level) -> Share:
    before, after = (
        [analysis.number(keys(analysis)[level], column) for column in ("ok", "failed")] for analysis in (base, run)
    )
    pairs = [(ok, ok + failed) for ok, failed in (before, after)]
    low, high = intervals.share_difference(pairs[0], pairs[1])
    before_rate, after_rate = (hits / count if count else math.nan for hits, count in pairs)
    return Share(level, before_rate, after_rate, low, high)
