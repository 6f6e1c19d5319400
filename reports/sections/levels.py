"""Per level: results, latency, first token, speed, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import Column, amount, numbers, percent, seconds, section, table
from reports.sections.words import footnote, level_columns, percentile, statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.analysis import Analysis

SHORT = "‡"


def results(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """What each level came to, in one table."""
    figures = analysis.figures
    windows = Column("Window (s)", [_window(row) for _, row in figures.iterrows()])
    shown = table(
        [
            *level_columns(figures),
            windows,
            numbers("Successful", figures["ok"], amount),
            *_if_any(figures, ("Failed", "failed", amount), ("Cancelled", "cancelled", amount)),
            numbers("Success (%)", figures["success_rate"], percent),
            numbers("Requests/s", figures["requests_per_s"]),
            *_if_any(figures, ("Failed/s", "failed_per_s", None)),
            numbers("Output tokens/s", figures["output_tokens_per_s"]),
            *[_named("TTFT", column) for column in statistics(figures, "ttft_ms", percents=(95,))],
            *[_named("Latency", column, "s") for column in statistics(figures, "latency_ms", seconds, (95,))],
        ]
    )
    short = (
        f"{SHORT} Cut short: calls cut off with the level are missing in its throughput."
        if any(SHORT in cell for cell in windows.cells)
        else ""
    )
    return (
        section("Results per level", shown, footnote(shown), short)
        if analysis.levels.shaped
        else section("Results by name", shown, footnote(shown))
    )


def _window(row: pd.Series[Any]) -> str:
    text = numbers("", [row["window_s"]]).cells[0]
    return f"{text} {SHORT}" if row["completed"] == "false" and row.notna()["window_s"] else text


def _if_any(figures: pd.DataFrame, *columns: tuple[str, str, Any]) -> list[Column]:
    shown = [(title, figures[name], form) for title, name, form in columns if (figures[name] > 0).any()]
    return [numbers(title, values, form) if form else numbers(title, values) for title, values, form in shown]


def _named(metric: str, column: Column, unit: str = "ms") -> Column:
    return Column(f"{metric} {column.title} ({unit})", column.cells)


def latency(analysis: Analysis, charts: Mapping[str, str]) -> str:
    """Time to the complete answer."""
    figures = _with(analysis, "latency_ms")
    shown = _statistics_table(figures, "latency_ms", seconds)
    return section("Latency (s)", shown, footnote(shown), _chart(charts, "latency", "Latency percentiles by level"))


def first_token(analysis: Analysis, charts: Mapping[str, str]) -> str:
    """Time to the first token, and to the first text where that is another."""
    figures = _with(analysis, "ttft_ms")
    shown = _statistics_table(figures, "ttft_ms", mode=False)
    chart = _chart(charts, "ttft", "TTFT percentiles by level")
    return section("Time to first token, streaming (ms)", shown, footnote(shown), chart, _first_text(analysis))


def _first_text(analysis: Analysis) -> str:
    calls = analysis.levels.measured
    if not (calls["first_text_ms"] > calls["ttft_ms"])[calls["error"] == ""].any():
        return ""
    shown = _statistics_table(_with(analysis, "first_text_ms"), "first_text_ms", mode=False)
    why = "The model reasons before it answers; this is the time to the first text of the answer."
    return section("Time to first text (ms)", why, shown, footnote(shown), level=3)


def speed(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """How fast the tokens come once they come."""
    figures = _with(analysis, "tpot_ms")
    shown = table(
        [
            *level_columns(figures, mode=False),
            *[_named("Per token", column) for column in statistics(figures, "tpot_ms")],
            numbers("Tokens/s for each user", figures["speed_per_s"]),
            Column("Longest gap P50 (ms)", [percentile(row, "max_gap_ms", 50) for _, row in figures.iterrows()]),
            numbers("Longest gap max (ms)", figures["max_gap_ms_max"]),
        ]
    )
    return section("Speed after the first token, streaming", shown, footnote(shown))


def tokens(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """What went in and out, per call and per second."""
    figures = _with(analysis, "latency_ms")
    figures = figures[figures[["input_tokens_mean", "output_tokens_mean"]].notna().any(axis=1)]
    if figures.empty:
        return ""
    return section(
        "Tokens",
        table(
            [
                *level_columns(figures),
                numbers("Input per call", figures["input_tokens_mean"]),
                numbers("Output per call", figures["output_tokens_mean"]),
                *_if_any(
                    figures,
                    ("Cache read per call", "cache_read_tokens_mean", None),
                    ("Cache written per call", "cache_write_tokens_mean", None),
                ),
                numbers("Input/s", figures["input_tokens_per_s"]),
                numbers("Output/s", figures["output_tokens_per_s"]),
                numbers("Input and output/s", figures["total_tokens_per_s"]),
            ]
        ),
    )


def _with(analysis: Analysis, metric: str) -> pd.DataFrame:
    """The levels that have any value of a metric."""
    return analysis.figures[analysis.figures[f"{metric}_count"] > 0]


def _statistics_table(figures: pd.DataFrame, metric: str, form: Any = None, *, mode: bool = True) -> str:
    """Calls, min, mean, percentiles and max of a metric for each level."""
    form = {"form": form} if form else {}
    return table(
        [
            *level_columns(figures, mode=mode),
            numbers("Calls", figures[f"{metric}_count"], amount),
            numbers("Min", figures[f"{metric}_min"], **form),
            numbers("Mean", figures[f"{metric}_mean"], **form),
            *statistics(figures, metric, **form),
            numbers("Max", figures[f"{metric}_max"], **form),
        ]
    )


def _chart(charts: Mapping[str, str], name: str, words: str) -> str:
    return f"![{words}]({charts[name]})" if name in charts else ""
