"""What was sent: the lengths that were asked for, beside those that came out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import Column, amount, code, number, percent, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition
    from reports.numbers.sent import Length, Source
    from reports.texts import Language


def sent(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Lengths of prompts and answers; nothing of a run without a workload."""
    say, found = analysis.say, analysis.sent
    if found is None or not found.calls:
        return ""
    lengths = {"row.input_tokens": found.input_tokens, "row.output_tokens": found.output_tokens}
    notes = [say("sent.cut", share=percent(found.cut_share))] if math.isfinite(found.cut_share) else []
    return section(
        say("sent"), _source(say, found.source), _lengths(say, lengths), say.paragraph([say("sent.lengths"), *notes])
    )


def _source(say: Language, source: Source | None) -> str:
    """Which file the requests came from, and how much of it was sent."""
    if source is None:
        return ""
    counts = {"records": amount(source.records), "sent": amount(source.sent), "passes": number(source.passes)}
    about = {"format": code(source.format), "hash": code(source.sha256[:12])}
    return say.paragraph(
        [
            say("sent.file", **counts, **about),
            say("sent.bad", bad=amount(source.bad)) if source.bad else "",
            say("sent.unsent", unsent=amount(source.unsent)) if source.unsent else "",
            say("sent.again") if source.passes > 1 else "",
        ]
    )


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
