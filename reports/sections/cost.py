"""What it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import code, escape, money, numbers, section, table
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.edition import Edition
    from reports.numbers.cost import Cost


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
    note = say("cost.note", cost=f"{money(found.total)} {currency}")
    return section(say("cost"), say.paragraph([note, *_about_models(analysis, found)]), shown)


def _about_models(analysis: Edition, found: Cost) -> Iterator[str]:
    """Whose prices they are, where several models were called."""
    say, run = analysis.say, analysis.run
    if found.elsewhere:
        model = code(run.text("settings", "model", "id"))
        yield say("cost.elsewhere", calls=say.noun(found.elsewhere, "call"), model=model)
    elif len(run.model_ids) > 1:
        yield say("cost.models")
