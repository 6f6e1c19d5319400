"""Conversations, turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import Column, amount, bounds, bracketed, escape, money, number, numbers, section, table
from reports.numbers.turns import MOST_TURNS
from reports.sections.words import footnotes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.edition import Edition


def turns(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Context, TTFT, latency and cost of each turn; nothing of a run without conversations."""
    say, found = analysis.say, analysis.turns
    if found is None:
        return ""
    rows = found.table
    last = say("turns.from", turn=MOST_TURNS) if found.longest > MOST_TURNS else str(MOST_TURNS)
    shown = table(
        [
            Column(say("col.turn"), [last if turn == MOST_TURNS else str(turn) for turn in rows.index]),
            numbers(say("col.calls"), rows["calls"], amount),
            numbers(say("col.context"), rows["context_tokens"], amount),
            Column(say("col.turn_ttft"), [_median(row, "ttft_ms") for _, row in rows.iterrows()]),
            Column(say("col.turn_latency"), [_median(row, "latency_ms") for _, row in rows.iterrows()]),
            numbers(say("col.turn_cost", currency=escape(found.currency, 10)), rows["cost"], money),
        ]
    )
    return section(say("turns"), shown, footnotes(say, shown), say("turns.note"))


def _median(row: pd.Series[Any], name: str) -> str:
    return bracketed(number(row[name]), bounds(row[f"{name}_low"], row[f"{name}_high"]))
