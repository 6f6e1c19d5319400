"""The verdict on a run against its base, in a few sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import number, percent, signed, span
from reports.sections.untested import untested_words
from reports.sections.words import api_words, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.numbers.comparison import Answers, Comparison, Difference, Share
    from reports.numbers.intervals import Change
    from reports.numbers.sides import Side
    from reports.sections.compared import Compared

RANGED = (50, 95)
"""The percentiles whose intervals a sentence gives where no difference is shown."""


def verdict(compared: Compared, run: str) -> str:
    """One paragraph: faster or slower, the largest change, answers, success, throughput, what is missing."""
    found = compared.comparisons[run]
    sentences = [headline(compared, run), *_times(compared, found), *_begins(compared, run, found)]
    sentences += [
        *_answers(compared, run, found),
        *_success(compared, found),
        *_best(compared, run),
        *_missing(compared, run, found),
    ]
    return " ".join(sentences)


def headline(compared: Compared, run: str) -> str:
    """The verdict itself."""
    say, found = compared.say, compared.comparisons[run]
    untested, key = say.listing(untested_words(say, found, compared.level)), found.verdict
    tested = [test for test in found.tested if test.counts and test.percent in RANGED]
    if key == "mixed" and found.failing and not any(_is_slower(test) for test in found.tests):
        key = "mixed_failing"
    elif key == "none" and not tested:
        key = "none_untested_at_all" if untested else "nothing_succeeded"
    elif key in {"none", "nothing"} and untested:
        key = f"{key}_untested"
    names = {"run": _named(compared, run), "base": _named(compared, compared.base)}
    return say(f"compare.{key}", untested=untested, range=_range(tested), **names)


def _named(compared: Compared, side: str) -> str:
    """The letter of a side, with its APIs and endpoint where those of the sides differ."""
    apis = {letter: _apis(compared, letter) for letter in compared.sides}
    return compared.say("compare.by", side=side, api=apis[side]) if len(set(apis.values())) > 1 and apis[side] else side


def _apis(compared: Compared, side: str) -> str:
    """The APIs that the runs of a side called, and their endpoint."""
    runs = [one.run for one in compared.sides[side].runs]
    apis = sorted({api for run in runs for api in run.apis})
    endpoints = {run.text("settings", "model", "endpoint") for run in runs}
    return api_words(compared.say, apis, endpoints.pop() if len(endpoints) == 1 else "")


def _is_slower(test: Difference) -> bool:
    return test.clear and test.counts and test.after > test.before


def _range(tested: list[Difference]) -> str:
    """From the lowest end of an interval to the highest."""
    known = [test.change for test in tested if test.change]
    if not known:
        return ""
    return change_words(known[0], min(one.low for one in known), max(one.high for one in known))


def change_words(change: Change | None, low: float | None = None, high: float | None = None) -> str:
    """An interval in percent; an open end is `∞`, an unknown one empty."""
    if change is None:
        return ""
    ends = (change.low if low is None else low, change.high if high is None else high)
    return span(*("∞" if math.isinf(end) else signed(100 * end) for end in ends))


def points_words(share: Share) -> str:
    """The interval of the change of a success rate, in points."""
    return span(signed(100 * share.low), signed(100 * share.high))


def _times(compared: Compared, found: Comparison) -> Iterator[str]:
    say = compared.say
    untested = say.listing(untested_words(say, found, compared.level))
    if untested and found.verdict not in {"none", "nothing"}:
        yield say("compare.untested", untested=untested)
    clear = [test for test in found.tested if test.clear and test.counts]
    if clear:
        yield _most(compared, max(clear, key=lambda test: abs(test.percent_change)))
    if tested := [test for test in found.tested if test.counts]:
        yield say("compare.tests", clear=len(clear), tests=len(tested))


def _most(compared: Compared, test: Difference) -> str:
    """The largest clear change."""
    return compared.say(
        "compare.most",
        metric=compared.say(f"metric.{test.metric}"),
        percentile=f"P{test.percent}",
        change=f"{'> ' if test.after_longer else ''}{signed(test.percent_change)}",
        interval=change_words(test.change),
        level=compared.level(test.level),
    )


def _begins(compared: Compared, run: str, found: Comparison) -> Iterator[str]:
    """Where TTFT is another moment, so that the time to the first text is compared."""
    say = compared.say
    shares = [(one, {"before": percent(one.before), "after": percent(one.after)}) for one in found.begins]
    levels = [
        say("compare.begins_one", level=compared.level(one.level), base=compared.base, run=run, **values)
        for one, values in shares
    ]
    if levels:
        yield say("compare.begins", levels=say.listing(levels))


def _answers(compared: Compared, run: str, found: Comparison) -> Iterator[str]:
    """Where answers are of another length, so that latency and throughput say nothing of the service."""
    if found.answers:
        named = compared.say.listing([answers_words(compared, run, one) for one in found.answers])
        yield compared.say("compare.answers", answers=named)


def answers_words(compared: Compared, run: str, one: Answers) -> str:
    """How long the answers of a level are on both sides."""
    values = {"level": compared.level(one.level), "base": compared.base, "run": run}
    if math.isnan(one.before):
        return compared.say("compare.answers_unknown", **values)
    return compared.say("compare.answers_one", before=number(one.before), after=number(one.after), **values)


def _success(compared: Compared, found: Comparison) -> Iterator[str]:
    """The levels in which the success rate clearly fell, or rose, the largest change first."""
    say = compared.say
    for key, shares in (("fell", found.failing), ("rose", found.recovering)):
        rates = [{"before": percent(share.before), "after": percent(share.after)} for share in shares]
        changed = [
            say("compare.success_one", level=compared.level(share.level), **values)
            for share, values in zip(shares, rates, strict=True)
        ]
        if changed:
            yield say(f"compare.success_{key}", changes=say.listing(changed))


def _best(compared: Compared, run: str) -> Iterator[str]:
    """The most throughput, mode by mode and with its level; a change only where both levels are the same."""
    say, sides = compared.say, (compared.sides[compared.base], compared.sides[run])
    if len({one.levels.shaped for side in sides for one in side.runs}) > 1 or any(len(side.runs) > 1 for side in sides):
        return
    for mode in dict.fromkeys(found.mode for found in sides[0].runs[0].conclusions):
        found = [_best_of(compared, side, mode) for side in sides]
        (before, old), (after, new) = found
        if before > 0 and after > 0:
            names = {"mode": say.mode(mode), "base": compared.base, "run": run}
            values = {"before": number(before), "after": number(after), "old": old, "new": new}
            same = old == new
            change = signed(100 * (after / before - 1))
            yield say("compare.best_same" if same else "compare.best_apart", change=change, **values, **names)


def _best_of(compared: Compared, side: Side, mode: str) -> tuple[float, str]:
    """The most output tokens/s of a mode, and where."""
    run = side.runs[0]
    keys = [found.best for found in run.conclusions if found.mode == mode and found.best is not None]
    if not keys:
        return math.nan, ""
    return run.number(keys[0], "output_tokens_per_s"), at(compared.say, run.level(keys[0]))


def _missing(compared: Compared, run: str, found: Comparison) -> Iterator[str]:
    say = compared.say
    if found.missing:
        levels = say.listing([compared.level(level) for level in found.missing])
        yield say("compare.missing", run=run, levels=levels)
    for metric in dict.fromkeys(metric for _, metric in found.lacking):
        levels = say.listing([compared.level(level) for level, lacked in found.lacking if lacked == metric])
        yield say("compare.lacking", run=run, base=compared.base, metric=say(f"metric.{metric}"), levels=levels)
