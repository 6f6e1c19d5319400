"""What came out of a run without levels: a paragraph for each kind of call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import amount, escape, percent
from reports.numbers.failures import by_frequency
from reports.numbers.forecast import FULL_PERCENT
from reports.numbers.quota import THROTTLED
from reports.sections.limits import said, unsure
from reports.sections.quota import together
from reports.sections.words import failing_words, figures_there, label, rate_words, slo_words, unmeasured_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.edition import Edition

MOST_KINDS = 6
"""More of them than these are in the table of results alone."""


def kinds(analysis: Edition) -> list[str]:
    """One paragraph for each kind that measured anything, the most frequent ones if they are many."""
    ended = _ended(analysis)
    shown = ended.head(MOST_KINDS).index
    paragraphs = [
        analysis.say.paragraph(_sentences(analysis, str(key))) for key in analysis.figures.index if key in shown
    ]
    more = len(ended) - len(shown)
    if more > 0:
        paragraphs.append(analysis.say("kind.more", count=amount(more)))
    above = any(used > FULL_PERCENT for used in analysis.quota.together.values())
    return [*paragraphs, together(analysis) if above else ""]


def failing(analysis: Edition) -> list[str]:
    """The most frequent failure of each kind with more than tolerable ones."""
    return [by_frequency(analysis.failures_by_level, key)[0] for key in analysis.failing]


def _ended(analysis: Edition) -> pd.Series[float]:
    """How many calls of each kind ended, the most first."""
    ended: pd.Series[float] = analysis.figures["ok"] + analysis.figures["failed"]
    return ended[ended > 0].sort_values(ascending=False, kind="stable")


def _sentences(analysis: Edition, key: str) -> Iterator[str]:
    say, row = analysis.say, analysis.level(key)
    kind = say.sentence(label(say, row, mode=True))
    if row["ok"]:
        rate = "output_tokens_per_s" if row["output_tokens_per_s"] > 0 else "requests_per_s"
        yield say("kind.rate", kind=kind, rate=rate_words(say, rate, row))
        yield say("kind.figures", figures=figures_there(analysis, row, ""))
    else:
        yield say("end.mode", mode=kind)
    yield from _slo(analysis, key)
    yield from _failures(analysis, row)


def _slo(analysis: Edition, key: str) -> Iterator[str]:
    say, gate, mode = analysis.say, analysis.gate, str(analysis.level(key)["mode"])
    if gate is None or not gate.slo.asks(mode) or key not in gate.checks:
        return
    slo = slo_words(say, gate.slo, mode)
    if gate.met(key):
        yield say("kind.met", slo=slo)
    elif gate.met(key) is None:
        yield say("kind.unmeasured", slo=slo, unmeasured=unmeasured_words(say, gate.slo, gate.checks[key]))
    else:
        yield say("kind.missed", slo=slo, failing=failing_words(say, gate.slo, gate.checks[key]))
    yield from unsure(analysis, key)


def _failures(analysis: Edition, row: pd.Series[Any]) -> Iterator[str]:
    """How many failed and most of them why, if they are more than tolerable."""
    say, key = analysis.say, str(row.name)
    if key not in analysis.failing:
        return
    [category, *_] = by_frequency(analysis.failures_by_level, key)
    ended = row["ok"] + row["failed"]
    yield say(
        "kind.failed",
        failed=amount(row["failed"]),
        calls=say.noun(ended, "call"),
        share=percent(row["failed"] / ended),
        category=escape(category),
    )
    if category == THROTTLED:
        yield from said(analysis)
