"""The verdict on a run against its base, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import number, percent, signed
from reports.sections.untested import untested_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.numbers.comparison import Comparison, Test
    from reports.numbers.intervals import Change
    from reports.sections.compared import Compared


def verdict(compared: Compared, run: str) -> str:
    """One paragraph: faster or slower, the largest change, throughput, success, what is missing."""
    found = compared.comparisons[run]
    sentences = [*_times(compared, run, found), *_best(compared, run, found), *_success(compared, found)]
    if found.missing:
        levels = compared.say.listing([compared.level(level) for level in found.missing])
        sentences.append(compared.say("compare.missing", run=run, levels=levels))
    return " ".join(sentences)


def _times(compared: Compared, run: str, found: Comparison) -> Iterator[str]:
    say = compared.say
    untested, key = say.listing(untested_words(say, found, compared.level)), found.verdict
    if untested and key in {"none", "nothing"}:
        key = f"{key}_untested"
    elif key == "nothing" and found.success:
        key = "nothing_succeeded"
    yield say(f"compare.{key}", run=run, base=compared.base, untested=untested)
    if untested and key == found.verdict:
        yield say("compare.untested", untested=untested)
    clear = [(test, test.change) for test in found.tests if test.clear and test.change is not None]
    if clear:
        yield _most(compared, *max(clear, key=lambda one: abs(one[0].percent_change)))
    if tested := len(found.tests) - len(found.untested):
        yield say("compare.tests", clear=len(clear), tests=tested)


def _most(compared: Compared, test: Test, change: Change) -> str:
    """The largest clear change."""
    return compared.say(
        "compare.most",
        metric=compared.say(f"metric.{test.metric}"),
        percentile=f"P{test.percent}",
        change=signed(test.percent_change),
        interval=f"{signed(100 * change.low)} … {signed(100 * change.high)}",
        level=compared.level(test.level),
    )


def _success(compared: Compared, found: Comparison) -> Iterator[str]:
    """The levels in which the success rate clearly fell, or rose, the largest change first."""
    say = compared.say
    for key, shares in (("fell", found.failing), ("rose", found.mending)):
        changed = [
            say(
                "compare.success_one",
                level=compared.level(share.level),
                before=percent(share.before),
                after=percent(share.after),
            )
            for share in shares
        ]
        if changed:
            yield say(f"compare.success_{key}", changes=say.listing(changed))


def _best(compared: Compared, run: str, found: Comparison) -> Iterator[str]:
    """The most throughput, mode by mode; levels with users are not compared with calls by name."""
    base, other, say = compared.runs[compared.base], compared.runs[run], compared.say
    if base.levels.shaped != other.levels.shaped or not found.tests:
        return
    for mode in base.modes:
        before, after = base.best_output(mode), other.best_output(mode)
        if before > 0 and after > 0:
            values = {"change": signed(100 * (after / before - 1)), "before": number(before), "after": number(after)}
            names = {"mode": say.mode(mode), "base": compared.base, "run": run}
            yield say("compare.throughput_most", **values, **names)
