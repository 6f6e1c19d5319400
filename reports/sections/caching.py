"""What the prompt cache did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.markdown import Column, amount, bounds, bracketed, escape, money, number, numbers, percent, section, table
from reports.sections.words import footnotes, level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.caching import Caching


def caching(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Hits, what they were like beside misses, and what they saved; nothing of a run without a cache."""
    say, found = analysis.say, analysis.caching
    if found is None or found.table.empty:
        return ""
    rows = found.table
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows.index]),
            numbers(say("col.calls"), rows["calls"], amount),
            numbers(say("col.hit_calls"), rows["hits"] / rows["calls"], percent),
            numbers(say("col.hit_tokens"), rows["read_share"], percent),
            *[
                Column(say(f"col.{side}_{metric}"), [_median(row, f"{side}_{metric}") for _, row in rows.iterrows()])
                for metric in ("ttft_ms", "latency_ms")
                for side in ("hit", "miss")
            ],
        ]
    )
    return section(say("caching"), shown, footnotes(say, shown), _savings(analysis, found))


def _median(row: pd.Series[Any], name: str) -> str:
    return bracketed(number(row[name]), bounds(row[f"{name}_low"], row[f"{name}_high"]))


def _savings(analysis: Edition, found: Caching) -> str:
    """What was read and written, what that saved, and when it pays."""
    say = analysis.say
    parts = [say("caching.tokens", read=amount(found.read_tokens), written=amount(found.written_tokens))]
    if found.read_tokens:
        parts.append(say("caching.quota", read=amount(found.read_tokens)))
    if math.isfinite(found.saved):
        amount_of_money = f"{money(abs(found.saved))} {escape(found.currency, 10)}"
        parts.append(say("caching.saved" if found.saved >= 0 else "caching.lost", cost=amount_of_money))
    by_hour = found.written_1h_tokens > found.written_tokens / 2
    reads = found.reads_to_pay_1h if by_hour else found.reads_to_pay
    if math.isfinite(reads) and analysis.settings.get("workload.cache") != "implicit":
        parts.append(say("caching.pays", reads=say.noun(max(1, math.ceil(reads)), "time")))
    return say.paragraph(parts)
