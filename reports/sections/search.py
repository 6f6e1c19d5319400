"""What a search found, in sentences and probe by probe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import UNKNOWN, Column, amount, bracketed, escape, percent, section, span, table, texts
from reports.numbers.search import judged_nothing
from reports.numbers.slo import DEFAULT_PERCENTILE
from reports.sections.words import chart, load_column, slo_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.edition import Edition
    from reports.numbers.search import Probe, Search


def search(analysis: Edition, charts: Mapping[str, str]) -> str:
    """The probes of each mode, in their order, with the chart; empty without a search."""
    if not analysis.searches:
        return ""
    say = analysis.say
    parts = [_table(analysis, found) for found in analysis.searches]
    return section(say("search"), say("search.note"), *parts, chart(analysis, charts, "search"))


def sentences(analysis: Edition, found: Search, name: str, mode: str) -> Iterator[str]:
    """The result, what stands behind it, and why the search ended there; `name` is that of the group, of this mode."""
    say, slo = analysis.say, analysis.gate.slo if analysis.gate else None
    loads = {name: _load(analysis, found, end) for name, end in (("low", found.low), ("high", found.high))}
    asked = slo_words(say, slo, mode) if slo else ""
    yield say(f"search.{found.outcome}", mode=name, slo=asked, **loads)
    known = [end for end in (found.low, found.high) if end is not None and math.isfinite(end.calls)]
    if ends := [_end(analysis, found, end) for end in known]:
        target = f"{slo.percentile if slo else DEFAULT_PERCENTILE:g}"
        yield say("search.ends", ends=say("list.semicolon").join(ends), target=target)
    if found.is_close:
        yield from _shown(analysis, found)
    yield from _ended(analysis, found)
    for low, high in found.crossed:
        yield say("search.crossed", low=say.load(low, found.unit), high=say.load(high, found.unit))


def search_gate(analysis: Edition) -> str:
    """The name of the text that says whether a search passed the gate."""
    if judged_nothing(analysis.searches):
        return "gate.search_partly" if any(found.met for found in analysis.searches) else "gate.search_nothing"
    return "gate.search_passed" if analysis.gate_passed else "gate.search_failed"


def _shown(analysis: Edition, found: Search) -> Iterator[str]:
    """Which loads are clear, where an end of the result is not."""
    say = analysis.say
    for name, end in (("met", found.met), ("missed", found.missed)):
        if end is not None:
            yield say(f"search.shown_{name}", load=_load(analysis, found, end))
    yield say("search.longer")


def _ended(analysis: Edition, found: Search) -> Iterator[str]:
    say = analysis.say
    if not found.ended_by:
        yield say("search.ended_at_once" if found.outcome == "nothing" else "search.ended_early")
    elif found.ended_by == "client":
        yield say("search.ended_client", load=_load(analysis, found, found.probes[-1] if found.probes else None))
    elif found.ended_by == "probes":
        yield say("search.ended_probes", count=amount(len(found.probes)))
    elif found.ended_by == "most":
        yield say("search.ended_most")


def _load(analysis: Edition, found: Search, end: Probe | None) -> str:
    return analysis.say.load(end.load, found.unit) if end else UNKNOWN


def _end(analysis: Edition, found: Search, end: Probe) -> str:
    say = analysis.say
    at, calls = say("at.users", level=_load(analysis, found, end)), say.noun(end.calls, "call")
    shares = _shares(end)
    return say("search.end", at=at, calls=calls, share=shares["share"], ends=say.span(shares["low"], shares["high"]))


def _shares(probe: Probe) -> dict[str, str]:
    return {name: percent(value) for name, value in (("share", probe.share), ("low", probe.low), ("high", probe.high))}


def _table(analysis: Edition, found: Search) -> str:
    say, shares = analysis.say, [_shares(probe) for probe in found.probes]
    intervals = ["" if UNKNOWN in one.values() else span(one["low"], one["high"]) for one in shares]
    shown = table(
        [
            load_column(say, [probe.load for probe in found.probes], found.unit),
            Column(say("col.calls"), [amount(probe.calls) for probe in found.probes]),
            Column(
                say("col.share"),
                [bracketed(one["share"], interval) for one, interval in zip(shares, intervals, strict=True)],
            ),
            texts(say("col.verdict"), [say(f"search.{probe.verdict}") for probe in found.probes]),
        ]
    )
    title = say.sentence(escape(say.group(found.group)))
    return section(title, shown, level=3) if len(analysis.searches) > 1 else shown
