"""What was sent: the lengths that were asked for, beside those that came out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import Column, amount, code, join, number, numbers, percent, section, span, table
from reports.sections.words import chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition
    from reports.numbers.sent import Length, Source
    from reports.texts import Language


def sent(analysis: Edition, charts: Mapping[str, str]) -> str:
    """Lengths of prompts and answers; nothing of a run without a workload."""
    say, found = analysis.say, analysis.sent
    if found is None or not found.calls:
        return ""
    lengths = {"row.input_tokens": found.input_tokens, "row.output_tokens": found.output_tokens}
    notes = [say("sent.cut", share=percent(found.cut_share))] if math.isfinite(found.cut_share) else []
    return section(
        say("sent"),
        _source(say, found.source),
        _lengths(say, lengths),
        say.paragraph([say("sent.lengths"), *notes]),
        _waiting(analysis),
        chart(analysis, charts, "lengths"),
    )


def _waiting(analysis: Edition) -> str:
    """TTFT and latency by the length of the prompt, where that varies."""
    say, found = analysis.say, analysis.lengths
    if found is None:
        return ""
    rows = found.by_input
    ends = zip(rows["low"], rows["high"], strict=True)
    ranges = [span(amount(low), amount(high), "\N{EN DASH}") for low, high in ends]
    shown = table(
        [
            Column(say("col.prompt_tokens"), ranges),
            numbers(say("col.calls"), rows["calls"], amount),
            *([numbers(say("col.turn_ttft"), rows["ttft_ms"], number)] if rows["ttft_ms"].notna().any() else []),
            numbers(say("col.turn_latency"), rows["latency_ms"], number),
        ]
    )
    return join(shown, say("sent.by_length"))


def _source(say: Language, source: Source | None) -> str:
    """Which file the requests came from, and how much of it was sent."""
    if source is None:
        return ""
    counts = {"records": amount(source.records), "sent": amount(source.sent), "passes": number(source.passes)}
    about = {"format": code(source.format), "hash": code(source.sha256[:12])}
    return say.paragraph(
        [
            say("sent.file", **counts, **about),
            _contents(say, source),
            say("sent.bad", bad=amount(source.bad)) if source.bad else "",
            say("sent.unsent", unsent=amount(source.unsent)) if source.unsent else "",
            say("sent.again") if source.passes > 1 else "",
        ]
    )


def _contents(say: Language, source: Source) -> str:
    """What kinds of content the records have, and the bytes of media."""
    kinds = [say(f"sent.kind.{kind}", records=amount(count)) for kind, count in source.kinds.items() if count]
    if not kinds:
        return ""
    media = say("sent.media", size=number(source.media_bytes / 1e6)) if source.media_bytes else ""
    return say.paragraph([say("sent.kinds", kinds=say("list.comma").join(kinds)), media])


def _lengths(say: Language, lengths: Mapping[str, Length]) -> str:
    rows = list(lengths.values())
    return table(
        [
            Column(say("col.length"), [say(name) for name in lengths], left=True),
            Column(say("col.asked_p50"), [amount(row.asked[0]) for row in rows]),
            Column(say("col.actual_p50"), [amount(row.actual[0]) for row in rows]),
            Column(say("col.asked_p95"), [amount(row.asked[1]) for row in rows]),
            Column(say("col.actual_p95"), [amount(row.actual[1]) for row in rows]),
        ]
    )
