"""A run, or several, against a base, level by level: which differences are more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reports.numbers import changes, intervals, sides

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from reports.numbers.sides import Level, Side

METRICS = ("ttft_ms", "tpot_ms", "latency_ms", "max_gap_ms")
PERCENTS = (50, 95, 99)
TESTED_PERCENTS = {"max_gap_ms": (95, 99)}
"""Where not all of `PERCENTS` are of interest."""
ALWAYS = (50, 95)
"""Percentiles that are named if there are too few calls to compare them; of a higher one that goes without saying."""
FIRST_TEXT = "first_text_ms"
"""Compared where TTFT is not the same moment on both sides."""
THROUGHPUT = "output_tokens_per_s"
FEW_CALLS = 20
"""With fewer calls that ended, a success rate cannot be told."""
UNLIKE_ANSWERS = 0.1
"""Answers that differ by more than this share in length make their latencies another thing."""
UNLIKE_CHANCE = 0.001
UNLIKE_BEGINS = 0.1
"""Where the shares of calls that begin with something else than text differ by more, TTFT is another moment."""


@dataclass(frozen=True)
class Difference:
    """One percentile of one metric, or the throughput, in one level of both sides."""

    level: Level
    metric: str
    percent: int | None
    """None: the metric is no percentile."""
    before: float
    after: float
    change: intervals.Change | None
    """None: too few calls to tell."""
    clear: bool = False
    """Whether the difference is more than chance, all tests of the two sides together."""
    counts: bool = True
    """Whether it says something of the service: the latency of answers of another length does not, nor does TTFT where
    it is another moment."""
    before_longer: bool = False
    """Whether `before` is only a lower bound, as too many calls failed before their end; `after_longer` alike."""
    after_longer: bool = False

    @property
    def percent_change(self) -> float:
        """From the base to the run, in percent; NaN if the base is 0."""
        return 100 * (self.after / self.before - 1) if self.before > 0 else math.nan

    @property
    def percent_worse(self) -> float:
        """By how many percent of the base the run is worse; negative if it is better."""
        return -self.percent_change if self.metric == THROUGHPUT else self.percent_change


@dataclass(frozen=True)
class Share:
    """The success rates of a level on both sides, 0 to 1, and their difference with its interval."""

    level: Level
    before: float
    after: float
    low: float
    high: float
    chance: float = 1.0
    clear: bool = False
    """Whether the difference is more than chance, all tests of the two sides together."""
    calls: float = math.inf
    """Calls that ended, on the side with fewer."""

    @property
    def is_known(self) -> bool:
        """Whether there are calls enough to tell a rate."""
        return self.calls >= FEW_CALLS


@dataclass(frozen=True)
class Answers:
    """A level in which the answers of both sides are not alike."""

    level: Level
    before: float
    """Mean output tokens of a call; NaN where they are not counted, and the sides allow different `max_tokens`."""
    after: float


@dataclass(frozen=True)
class Begins:
    """A level in which TTFT is not the same moment on both sides: shares of calls whose first text came later, 0 to 1.

    Responses tells when hidden reasoning begins, and Chat Completions shows nothing of it; or only one model reasons.
    """

    level: Level
    before: float
    after: float


@dataclass(frozen=True)
class Comparison:
    """A run, or several, against the base."""

    tests: list[Difference]
    success: list[Share]
    missing: list[Level]
    """Levels of the base in which no call of the run ended."""
    throughput: list[Difference]
    lacking: list[tuple[Level, str]]
    """Metrics that the base has in a level, and the run has not although calls succeeded."""
    answers: list[Answers]
    begins: list[Begins] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """`faster`, `slower`, `mixed`, `none` (no difference shown) or `nothing` (could be compared).

        `mixed` also if what succeeds is faster, but more calls fail.
        """
        if self.is_empty:
            return "nothing"
        worse = {test.after > test.before for test in self.tests if test.clear and test.counts}
        if worse and self.failing:
            worse.add(True)
        return "mixed" if len(worse) > 1 else {True: "slower", False: "faster"}[worse.pop()] if worse else "none"

    @property
    def is_empty(self) -> bool:
        """Whether neither a time nor a success rate could be compared."""
        return not any(test.change for test in self.tests) and not any(share.is_known for share in self.success)

    @property
    def untested(self) -> list[Difference]:
        """What has too few calls to tell a difference from chance."""
        return [test for test in self.tests if test.change is None]

    @property
    def tested(self) -> list[Difference]:
        """Times of which a difference could be told from chance."""
        return [test for test in self.tests if test.change is not None]

    @property
    def failing(self) -> list[Share]:
        """Where the success rate is clearly lower, the largest fall first."""
        clear = [share for share in self.success if share.clear and share.after < share.before]
        return sorted(clear, key=lambda share: share.after - share.before)

    @property
    def recovering(self) -> list[Share]:
        """Where the success rate is clearly higher, the largest rise first."""
        clear = [share for share in self.success if share.clear and share.after > share.before]
        return sorted(clear, key=lambda share: share.before - share.after)


def compare(base: Side, run: Side) -> Comparison:
    """A run against the base, in the levels that both have."""
    levels = [level for level in base.keys if level in run.keys]
    answers = list(filter(None, (_answers(base, run, level) for level in levels)))
    begins = list(filter(None, (_begins(base, run, level) for level in levels)))
    unlike, apart = {found.level for found in answers}, {found.level for found in begins}
    doubtful = {"latency_ms": unlike, "ttft_ms": apart}
    tests = [test for level in levels for test in _tests(base, run, level, doubtful)]
    throughput = [test for level in levels for test in _throughput(base, run, level, comparable=level not in unlike)]
    shares = [_share(base, run, level) for level in levels]
    tests, throughput, shares = _judged(tests, throughput, shares)
    missing = [level for level in base.keys if level not in run.keys]
    lacking = [(level, metric) for level in levels for metric in _lacking(base, run, level)]
    return Comparison(tests, shares, missing, throughput, lacking, answers, begins)


def _judged(
    tests: list[Difference], throughput: list[Difference], shares: list[Share]
) -> tuple[list[Difference], list[Difference], list[Share]]:
    """What is clear, all tests together (Holm)."""
    differences = [*tests, *throughput]
    chances = [test.change.chance for test in differences if test.change is not None]
    clear = iter(intervals.holm([*chances, *(share.chance for share in shares)]))
    judged = [replace(test, clear=test.change is not None and next(clear)) for test in differences]
    return judged[: len(tests)], judged[len(tests) :], [replace(share, clear=next(clear)) for share in shares]


def _tests(base: Side, run: Side, level: Level, doubtful: Mapping[str, set[Level]]) -> Iterator[Difference]:
    """The differences of a level; `doubtful` has the levels in which those of a metric do not count."""
    for metric in (*METRICS, FIRST_TEXT) if level in doubtful["ttft_ms"] else METRICS:
        before, after = base.samples(level, metric), run.samples(level, metric)
        if all(map(len, before)) and all(map(len, after)):
            for percent in TESTED_PERCENTS.get(metric, PERCENTS):
                change = changes.percentile(before, after, percent)
                if change is not None or (percent in ALWAYS and metric not in TESTED_PERCENTS):
                    old, new = (side.percentile(level, metric, percent) for side in (base, run))
                    yield Difference(
                        *(level, metric, percent, old.value, new.value, change),
                        counts=level not in doubtful.get(metric, ()),
                        before_longer=old.is_least,
                        after_longer=new.is_least,
                    )


def _throughput(base: Side, run: Side, level: Level, *, comparable: bool) -> Iterator[Difference]:
    before, after = base.rates(level), run.rates(level)
    change = changes.throughput(before, after)
    if change is not None:
        means = [sides.mean([one.per_s for one in side]) for side in (before, after)]
        yield Difference(level, THROUGHPUT, None, means[0], means[1], change, counts=comparable)


def _share(base: Side, run: Side, level: Level) -> Share:
    before, after = base.trials(level), run.trials(level)
    hits, counts = ([sum(one[place] for one in side) for side in (before, after)] for place in (0, 1))
    shift = changes.success(before, after)
    return Share(
        level, hits[0] / counts[0], hits[1] / counts[1], shift.low, shift.high, shift.chance, calls=min(counts)
    )


def _lacking(base: Side, run: Side, level: Level) -> Iterator[str]:
    """What the base has in a level, and the run lacks although calls succeeded in it."""
    if all(run.each(level, "ok")):
        for metric in METRICS:
            if all(base.each(level, f"{metric}_count")) and not all(run.each(level, f"{metric}_count")):
                yield metric
        if all(value > 0 for value in base.each(level, THROUGHPUT)) and not all(
            value > 0 for value in run.each(level, THROUGHPUT)
        ):
            yield THROUGHPUT


def _answers(base: Side, run: Side, level: Level) -> Answers | None:
    """None where no difference between the answers shows."""
    before, after = base.answers(level), run.answers(level)
    if len(before) and len(after):
        means = [float(values.mean(dtype="float64")) for values in (before, after)]
        return Answers(level, *means) if _unlike(before, after) else None
    return Answers(level, math.nan, math.nan) if base.most_tokens != run.most_tokens else None


def _begins(base: Side, run: Side, level: Level) -> Begins | None:
    """None where TTFT is the same moment on both sides, or one has none."""
    before, after = base.later_text(level), run.later_text(level)
    return Begins(level, before, after) if abs(after - before) > UNLIKE_BEGINS else None


def _unlike(before: NDArray[np.floating], after: NDArray[np.floating]) -> bool:
    """Whether mean lengths differ by more than `UNLIKE_ANSWERS`, and by more than chance."""
    first, second = (float(values.mean(dtype="float64")) for values in (before, after))
    error = math.sqrt(sum(float(values.var(dtype="float64")) / len(values) for values in (before, after)))
    z = -intervals.NORMAL.inv_cdf(UNLIKE_CHANCE / 2)
    return abs(second - first) > max(UNLIKE_ANSWERS * first, z * error)
