"""The whole run in one table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import Column, amount, number, percent, section, table, texts
from reports.numbers.figures import TOKENS
from reports.numbers.summary import ALL
from reports.numbers.summary import summary as totals

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
    best = math.nan if name == ALL else analysis.best_output(name)
    title = analysis.say("summary.all") if name == ALL else analysis.say.sentence(analysis.say.mode(name))
    return Column(title, [_cell(row, best if row == "best" else values[row]) for row in ROWS])


def _cell(row: str, value: float) -> str:
    if row not in ALWAYS and not value > 0:
        return ""
    if row == "success":
        return percent(value)
    return number(value) if row == "best" else amount(value)
