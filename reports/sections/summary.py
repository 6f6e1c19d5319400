"""The whole run in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.failures import total_counts, total_success_rate
from reports.figures import TOKENS
from reports.markdown import Column, amount, mode_name, number, percent, section, table, texts
from reports.run import MODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.analysis import Analysis

ROWS = (
    *("Calls", "Successful", "Failed", "Cancelled", "Success (%)"),
    *("Input tokens", "Output tokens", "Cache read tokens", "Cache written tokens"),
    "Best output tokens/s",
)


def summary(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Counts and totals by mode, over every call, warm-up and drain included."""
    requests = analysis.run.requests
    if requests.empty:
        return ""
    parts = [(mode_name(mode).capitalize(), requests[requests["mode"] == mode], mode) for mode in MODES]
    parts = [part for part in parts if len(part[1])]
    columns = [Column(title, _cells(calls, _best(analysis, [mode]))) for title, calls, mode in parts]
    if len(parts) > 1:
        columns.append(Column("All", _cells(requests, None)))
    used = [row for row, cells in enumerate(zip(*(column.cells for column in columns), strict=True)) if any(cells)]
    columns = [Column(column.title, [column.cells[row] for row in used]) for column in columns]
    note = "Every call of the run, warm-up and drain included." if analysis.levels.shaped else ""
    return section("Summary", note, table([texts("", [ROWS[row] for row in used]), *columns]))


def _cells(calls: pd.DataFrame, best: Any) -> list[str]:
    """The cells of `ROWS`; empty where there is nothing."""
    counts = total_counts(calls)
    sums = calls.loc[calls["error"] == "", list(TOKENS)].sum()
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
