"""The tables of a comparison: what each level was in each run, and how far it changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import UNKNOWN, Column, number, numbers, percent, seconds, section, signed, table
from reports.numbers.comparison import PERCENTS
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.numbers.comparison import Level, Share, Test
    from reports.sections.compared import Compared
    from reports.texts import Language


def changes(compared: Compared, metric: str) -> str:
    """The percentiles of a metric, level by level, with their changes; empty if the base has none."""
    base = compared.sides[compared.base]
    levels = [level for level in compared.common if base.figure(level, f"{metric}_count") > 0]
    columns = _levels(compared, levels)
    for point in PERCENTS:
        columns += _values(compared, levels, metric, point)
        columns += _changes(compared, levels, metric, point)
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


def _levels(compared: Compared, levels: Sequence[Level]) -> list[Column]:
    base = compared.sides[compared.base]
    return level_columns(compared.say, base.analysis.figures.loc[[base.keys[level] for level in levels]])


def _values(compared: Compared, levels: Sequence[Level], metric: str, point: float) -> list[Column]:
    form = seconds if metric == "latency_ms" else number
    return [
        numbers(
            compared.say("compare.value", percentile=f"P{point:g}", run=run),
            [side.figure(level, f"{metric}_p{point:g}") for level in levels],
            form,
        )
        for run, side in compared.sides.items()
    ]


def _changes(compared: Compared, levels: Sequence[Level], metric: str, point: float) -> list[Column]:
    columns = []
    for run, found in compared.comparisons.items():
        tests = {test.level: test for test in found.tests if (test.metric, test.percent) == (metric, point)}
        title = compared.say("compare.change", percentile=f"P{point:g}", run=run, base=compared.base)
        columns.append(Column(title, [_change(compared.say, tests.get(level)) for level in levels]))
    return columns


def _change(say: Language, test: Test | None) -> str:
    if test is None:
        return UNKNOWN
    words = [signed(test.percent_change)]
    if test.change is not None:
        words.append(f"({signed(100 * test.change.low)} … {signed(100 * test.change.high)})")
    if test.clear:
        words.append(f"**{say('compare.is_slower' if test.after > test.before else 'compare.is_faster')}**")
    return " ".join(words)


def _rates(compared: Compared, levels: Sequence[Level]) -> list[Column]:
    say, base = compared.say, compared.base
    rates = {
        run: [side.figure(level, "output_tokens_per_s") for level in levels] for run, side in compared.sides.items()
    }
    columns = [numbers(say("compare.rate", run=run), values) for run, values in rates.items()]
    for run in compared.comparisons:
        pairs = zip(rates[base], rates[run], strict=True)
        cells = [signed(100 * (after / before - 1) if before > 0 else math.nan) for before, after in pairs]
        columns.append(Column(say("compare.rate_change", run=run, base=base), cells))
    return columns


def _points(share: Share) -> str:
    return f"{signed(100 * (share.after - share.before))} ({signed(100 * share.low)} … {signed(100 * share.high)})"
