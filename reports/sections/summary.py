"""The whole run in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reports.failures import total_counts, total_success_rate
from reports.figures import TOKENS
from reports.markdown import Column, amount, number, percent, section, table, texts
from reports.requests import MODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.analysis import Analysis

ROWS = ("calls", "ok", "failed", "cancelled", "success", *TOKENS, "best")


def summary(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Counts and totals by mode, over every call, warm-up and drain included."""
    requests, say = analysis.run.requests[["mode", "error", *TOKENS]], analysis.say
    if requests.empty:
        return ""
    parts = [(say.sentence(say.mode(mode)), requests[requests["mode"] == mode], mode) for mode in MODES]
    parts = [part for part in parts if len(part[1])]
    columns = [Column(title, _cells(calls, _best(analysis, [mode]))) for title, calls, mode in parts]
    if len(parts) > 1:
        columns.append(Column(say("summary.all"), _cells(requests, None)))
    used = [row for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True)) if any(cells)]
    columns = [Column(column.title, [column.cells[row] for row in used]) for column in columns]
    note = say("summary.note") if analysis.levels.shaped else ""
    return section(say("summary"), note, table([texts("", [say(f"row.{ROWS[row]}") for row in used]), *columns]))


def _cells(calls: pd.DataFrame, best: Any) -> list[str]:
    """The cells of `ROWS`; empty where there is nothing."""
    counts = total_counts(calls)
    ok = (calls["error"] == "").to_numpy()
    sums = [float(np.nansum(calls[column].to_numpy()[ok], dtype="float64")) for column in TOKENS]
    return [
        *(amount(count) for count in (len(calls), counts["ok"])),
        *(amount(count) if count else "" for count in (counts["failed"], counts["cancelled"])),
        percent(total_success_rate(counts)),
        *(amount(total) if total else "" for total in sums),
        number(best) if best else "",
    ]


def _best(analysis: Analysis, modes: list[str]) -> float | None:
    rates = analysis.figures.loc[analysis.figures["mode"].isin(modes), "output_tokens_per_s"].dropna()
    return float(rates.max()) if len(rates) else None
