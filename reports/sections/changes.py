"""The tables of a comparison: what each level was on each side, and how far it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import UNKNOWN, Column, number, numbers, percent, seconds, section, signed, table
from reports.numbers.comparison import THROUGHPUT
from reports.sections.verdict import change_words, points_words
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.numbers.comparison import Difference, Share
    from reports.numbers.sides import Bound, Level
    from reports.sections.compared import Compared
    from reports.texts import Language


def changes(compared: Compared, metric: str) -> str:
    """The percentiles of a metric, level by level, with their changes; empty if nothing was compared."""
    tests = {run: _by_percent(found.tests, metric) for run, found in compared.comparisons.items()}
    percents = sorted({point for found in tests.values() for point in found})
    levels = [
        level for level in compared.common if any(level in one for found in tests.values() for one in found.values())
    ]
    columns = _levels(compared, levels)
    for point in percents:
        columns += _values(compared, levels, metric, point)
        for run, found in tests.items():
            title = compared.say("compare.change", percentile=f"P{point}", run=run, base=compared.base)
            cells = [_change(compared.say, found.get(point, {}).get(level)) for level in levels]
            columns.append(Column(title, cells))
    return section(compared.say(f"compare.{metric}"), table(columns)) if levels else ""


def throughput(compared: Compared) -> str:
    """Output tokens per second and success rates, level by level."""
    say, levels = compared.say, compared.common
    columns = [*_levels(compared, levels), *_rates(compared, levels)]
    for run, side in compared.sides.items():
        rates = [side.figure(level, "success_rate") for level in levels]
        columns.append(numbers(say("compare.success", run=run), rates, percent))
    for run, found in compared.comparisons.items():
        shares = {share.level: share for share in found.success}
        title = say("compare.success_change", run=run, base=compared.base)
        columns.append(Column(title, [_points(shares[level]) for level in levels]))
    return section(say("compare.throughput"), table(columns)) if levels else ""


def _by_percent(tests: Sequence[Difference], metric: str) -> dict[int, dict[Level, Difference]]:
    found: dict[int, dict[Level, Difference]] = {}
    for test in tests:
        if test.metric == metric and test.percent is not None:
            found.setdefault(test.percent, {})[test.level] = test
    return found


def _levels(compared: Compared, levels: Sequence[Level]) -> list[Column]:
    return level_columns(compared.say, compared.sides[compared.base].rows(levels))


def _values(compared: Compared, levels: Sequence[Level], metric: str, point: float) -> list[Column]:
    say, form = compared.say, seconds if metric == "latency_ms" else number
    return [
        Column(
            say("compare.value", percentile=f"P{point:g}", run=run),
            [_bound(side.percentile(level, metric, point), form) for level in levels],
        )
        for run, side in compared.sides.items()
    ]


def _bound(found: Bound, form: Callable[[float], str]) -> str:
    return f"> {form(found.value)}" if found.is_least else form(found.value)


def _change(say: Language, test: Difference | None) -> str:
    """The change in percent with its interval, and what is clear about it; empty brackets of too few calls."""
    if test is None:
        return UNKNOWN
    sign = "> " if test.after_longer else "< " if test.before_longer else ""
    measured = UNKNOWN if test.after_longer and test.before_longer else f"{sign}{signed(test.percent_change)}"
    if test.change is None:
        return f"{measured} {say('compare.is_untested')}"
    words = [measured, f"({change_words(test.change)})"]
    if not test.counts:
        words.append(say("compare.is_another_moment" if test.metric == "ttft_ms" else "compare.is_unlike"))
    elif test.clear:
        better = "lower" if test.metric == THROUGHPUT else "faster"
        worse = "higher" if test.metric == THROUGHPUT else "slower"
        words.append(f"**{say(f'compare.is_{worse if test.after > test.before else better}')}**")
    return " ".join(words)


def _rates(compared: Compared, levels: Sequence[Level]) -> list[Column]:
    say, base = compared.say, compared.base
    columns = [
        numbers(say("compare.rate", run=run), [side.figure(level, THROUGHPUT) for level in levels])
        for run, side in compared.sides.items()
    ]
    for run, found in compared.comparisons.items():
        tests = {test.level: test for test in found.throughput}
        title = say("compare.rate_change", run=run, base=base)
        columns.append(Column(title, [_change(say, tests.get(level)) for level in levels]))
    return columns


def _points(share: Share) -> str:
    return f"{signed(100 * (share.after - share.before))} ({points_words(share)})"
