"""Runs against a base, level by level: which differences are more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from reports.numbers import intervals, percentiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from reports.numbers.analysis import Analysis

METRICS = ("ttft_ms", "tpot_ms", "latency_ms")
PERCENTS = (50, 95)
Level = tuple[str, Any]
"""A mode, and users or, in a run without levels, a name."""


@dataclass(frozen=True)
class Side:
    """A run in a comparison."""

    analysis: Analysis

    @cached_property
    def keys(self) -> dict[Level, str]:
        """The levels in which calls ended, even if all of them failed -> their keys in the run."""
        figures = self.analysis.figures
        ended = figures[figures["ok"] + figures["failed"] > 0]
        columns = (ended["mode"], ended["users"], ended["name"], ended.index)
        return {
            (mode, name if math.isnan(users) else users): str(key)
            for mode, users, name, key in zip(*columns, strict=True)
        }

    def row(self, level: Level) -> pd.Series[Any]:
        """The figures of a level."""
        return self.analysis.level(self.keys[level])

    def figure(self, level: Level, column: str) -> float:
        """One figure of a level."""
        return self.analysis.number(self.keys[level], column)

    def sample(self, level: Level, metric: str) -> NDArray[np.floating]:
        """The known values of a metric over the successful calls of a level, sorted."""
        return self.analysis.levels.sample(self.keys[level], metric)

    def successes(self, level: Level) -> tuple[float, float]:
        """How many calls of a level succeeded, and how many ended."""
        row = self.row(level)
        return float(row["ok"]), float(row["ok"] + row["failed"])


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


def compare(base: Side, run: Side) -> Comparison:
    """A run against the base, in the levels that both have."""
    levels = [level for level in base.keys if level in run.keys]
    tests = [test for level in levels for test in _tests(base, run, level)]
    chances = [test.change.chance for test in tests if test.change is not None]
    clear = iter(intervals.holm(chances))
    tests = [replace(test, clear=test.change is not None and next(clear)) for test in tests]
    missing = [level for level in base.keys if level not in run.keys]
    return Comparison(tests, [_share(base, run, level) for level in levels], missing)


def _tests(base: Side, run: Side, level: Level) -> Iterator[Test]:
    for metric in METRICS:
        before, after = base.sample(level, metric), run.sample(level, metric)
        if len(before) and len(after):
            for percent in PERCENTS:
                values = percentiles.at(before, percent), percentiles.at(after, percent)
                change = intervals.quantile_change(before, after, percent)
                yield Test(level, metric, percent, *values, change)


def _share(base: Side, run: Side, level: Level) -> Share:
    before, after = base.successes(level), run.successes(level)
    low, high = intervals.share_difference(before, after)
    before_rate, after_rate = (hits / count if count else math.nan for hits, count in (before, after))
    return Share(level, before_rate, after_rate, low, high)
