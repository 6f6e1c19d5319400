"""The whole run in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import Column, amount, number, percent, section, table, texts
from reports.numbers.figures import TOKENS
from reports.numbers.summary import ALL
from reports.numbers.summary import summary as totals
from reports.sections.words import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.edition import Edition

ALWAYS = ("calls", "ok", "success")
"""Rows that are told also where they are zero."""
ROWS = ("calls", "ok", "failed", "cancelled", "success", *TOKENS, "best")


def summary(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Counts and totals by mode, over every call, warm-up and drain included."""
    say, calls = analysis.say, analysis.run.calls
    if calls.empty:
        return ""
    columns = [_column(analysis, str(name), values) for name, values in totals(calls).items()]
    used = [row for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True)) if any(cells)]
    columns = [Column(column.title, [column.cells[row] for row in used]) for column in columns]
    note = say("summary.note") if analysis.levels.shaped else ""
    return section(say("summary"), note, table([texts("", [say(f"row.{ROWS[row]}") for row in used]), *columns]))


def _column(analysis: Edition, name: str, values: pd.Series[float]) -> Column:
    """The cells of `ROWS`; empty where there is nothing."""
    title = analysis.say("summary.all") if name == ALL else analysis.say.sentence(analysis.say.mode(name))
    return Column(title, [_best(analysis, name) if row == "best" else _cell(row, values[row]) for row in ROWS])


def _best(analysis: Edition, mode: str) -> str:
    """The most output tokens/s of a mode, with its level."""
    key = analysis.best_level(mode)
    if key is None:
        return ""
    row = analysis.level(key)
    return analysis.say("summary.best", rate=number(row["output_tokens_per_s"]), at=at(analysis.say, row))


def _cell(row: str, value: float) -> str:
    if row not in ALWAYS and not value > 0:
        return ""
    return percent(value) if row == "success" else amount(value)
