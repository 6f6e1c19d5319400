"""The whole run in one table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reports.markdown import Column, amount, number, percent, section, table, texts
from reports.numbers.failures import total_counts, total_success_rate
from reports.numbers.figures import TOKENS
from reports.reading.calls import MODES
from reports.reading.levels import is_ok
from reports.sections.conclusion import best_output

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from reports.numbers.analysis import Analysis

ROWS = ("calls", "ok", "failed", "cancelled", "success", *TOKENS, "best")


def summary(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Counts and totals by mode, over every call, warm-up and drain included."""
    calls, say = analysis.run.requests, analysis.say
    if calls.empty:
        return ""
    of_mode = {mode: (calls["mode"] == mode).to_numpy() for mode in MODES}
    present = [mode for mode in MODES if of_mode[mode].any()]
    columns = [
        Column(say.sentence(say.mode(mode)), _cells(calls, of_mode[mode], best_output(analysis, mode)))
        for mode in present
    ]
    if len(present) > 1:
        columns.append(Column(say("summary.all"), _cells(calls, np.ones(len(calls), dtype=bool), math.nan)))
    used = [row for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True)) if any(cells)]
    columns = [Column(column.title, [column.cells[row] for row in used]) for column in columns]
    note = say("summary.note") if analysis.levels.shaped else ""
    return section(say("summary"), note, table([texts("", [say(f"row.{ROWS[row]}") for row in used]), *columns]))


def _cells(calls: pd.DataFrame, own: NDArray[np.bool_], best: float) -> list[str]:
    """The cells of `ROWS` for some of the calls; empty where there is nothing."""
    counts = total_counts(calls, own)
    ok = own & is_ok(calls)
    values = (calls[column].to_numpy() for column in TOKENS)
    sums = [float(np.sum(column, where=ok & ~np.isnan(column), dtype="float64")) for column in values]
    return [
        *(amount(count) for count in (counts.sum(), counts["ok"])),
        *(amount(count) if count else "" for count in (counts["failed"], counts["cancelled"])),
        percent(total_success_rate(counts)),
        *(amount(total) if total else "" for total in sums),
        number(best) if best > 0 else "",
    ]
