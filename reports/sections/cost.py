"""What it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import escape, money, numbers, section, table
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def cost(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Cost of each level, and of 1,000 of its calls."""
    found, say = analysis.cost, analysis.say
    if found is None or not found.total:
        return ""
    rows, currency = found.table[found.table["total"] > 0], escape(found.currency, 10)
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows.index]),
            numbers(say("col.cost_run", currency=currency), rows["total"], money),
            numbers(say("col.cost_1000", currency=currency), rows["per_1000"], money),
        ]
    )
    return section(say("cost"), say("cost.note", cost=f"{money(found.total)} {currency}"), shown)
