"""Per level: results, latency, first token, speed, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import Column, amount, bounds, number, numbers, percent, seconds, section, table
from reports.numbers.figures import SLO_METRICS
from reports.numbers.percentiles import PERCENTS
from reports.sections.words import SHORT, chart, footnotes, is_cut, level_columns, percentile, statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.edition import Edition
    from reports.texts import Language


def results(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """What each level came to, in one table."""
    figures, say, run = analysis.figures, analysis.say, analysis.run
    if run.calls.empty and run.number("rows_written"):
        return ""  # they are lost: a zero would be wrong
    shown = table(
        [
            *level_columns(say, figures),
            Column(say("col.window"), [_window(row) for _, row in figures.iterrows()]),
            numbers(say("col.ok"), figures["ok"], amount),
            *_if_any(say, figures, ("col.failed", "failed", amount), ("col.cancelled", "cancelled", amount)),
            numbers(say("col.success"), figures["success_rate"], percent),
            Column(say("col.success_interval"), [_success(row) for _, row in figures.iterrows()]),
            numbers(say("col.requests_per_s"), figures["requests_per_s"]),
            *_if_any(say, figures, ("col.failed_per_s", "failed_per_s", number)),
            numbers(say("col.output_per_s"), figures["output_tokens_per_s"]),
            *[_named(say, "col.ttft", column) for column in statistics(figures, "ttft_ms", percents=(95,))],
            *[_named(say, "col.latency", column) for column in statistics(figures, "latency_ms", seconds, (95,))],
        ]
    )
    return section(say("results" if analysis.levels.shaped else "results.names"), shown, footnotes(say, shown))


def _success(row: pd.Series[Any]) -> str:
    return bounds(row["success_rate_low"], row["success_rate_high"], percent)


def _window(row: pd.Series[Any]) -> str:
    text = number(row["window_s"])
    return f"{text} {SHORT}" if is_cut(row) else text


def _if_any(say: Language, figures: pd.DataFrame, *columns: tuple[str, str, Any]) -> list[Column]:
    shown = [(title, figures[name], form) for title, name, form in columns if (figures[name] > 0).any()]
    return [numbers(say(title), values, form) for title, values, form in shown]


def _named(say: Language, title: str, column: Column) -> Column:
    return Column(say(title, percentile=column.title), column.cells)


def latency(analysis: Edition, charts: Mapping[str, str]) -> str:
    """Time to the complete answer."""
    figures, say = _with(analysis, "latency_ms"), analysis.say
    shown = _statistics_table(analysis, figures, "latency_ms", seconds)
    images = chart(analysis, charts, "latency"), chart(analysis, charts, "distribution")
    return section(say("latency"), shown, footnotes(say, shown), *images)


def first_token(analysis: Edition, charts: Mapping[str, str]) -> str:
    """Time to the first token, and to the first text where that is another."""
    figures, say = _with(analysis, "ttft_ms"), analysis.say
    shown = _statistics_table(analysis, figures, "ttft_ms", mode=False)
    image = chart(analysis, charts, "ttft")
    return section(say("ttft"), shown, footnotes(say, shown), image, _first_text(analysis))


def _first_text(analysis: Edition) -> str:
    say = analysis.say
    if not analysis.levels.reasons_first:
        return ""
    shown = _statistics_table(analysis, _with(analysis, "first_text_ms"), "first_text_ms", mode=False)
    return section(say("ttft.text"), say("ttft.reasons"), shown, footnotes(say, shown), level=3)


def speed(analysis: Edition, charts: Mapping[str, str]) -> str:
    """How fast the tokens come once they come."""
    figures, say = _with(analysis, "tpot_ms"), analysis.say
    shown = table(
        [
            *level_columns(say, figures, mode=False),
            *[
                _named(say, "col.tpot", column)
                for column in statistics(figures, "tpot_ms", percents=analysis.percents, interval=True)
            ],
            numbers(say("col.speed"), figures["speed_per_s"]),
        ]
    )
    return section(say("speed"), shown, footnotes(say, shown), chart(analysis, charts, "pareto"))


def gaps(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The gaps of all calls of a level together, and the longest of each call."""
    figures, say = _with(analysis, "max_gap_ms"), analysis.say
    shown = table(
        [
            *level_columns(say, figures, mode=False),
            numbers(say("col.gaps"), figures["gap_ms_count"], amount),
            *statistics(figures, "gap_ms"),
            Column(say("col.gap_p50"), [percentile(row, "max_gap_ms", 50) for _, row in figures.iterrows()]),
            numbers(say("col.gap_max"), figures["max_gap_ms_max"]),
        ]
    )
    note = "gaps.note" if figures["gap_ms_count"].any() else "gaps.none"
    return section(say("gaps"), shown, say(note), footnotes(say, shown), level=3) if shown else ""


def server(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The service's own times beside those of the client."""
    figures, say = analysis.figures, analysis.say
    figures = figures[(figures["server_ttft_ms_count"] > 0) | (figures["server_latency_ms_count"] > 0)]
    if figures.empty:
        return ""
    has_ttft = (figures["server_ttft_ms_count"] > 0).any()
    first = ("server_ttft", "ttft") if has_ttft else ()
    shown = table(
        [
            *level_columns(say, figures),
            *[
                _named(say, f"col.{metric}", column)
                for metric in first
                for column in statistics(figures, f"{metric}_ms", percents=(50, 95))
            ],
            *[
                _named(say, "col.server_latency", column)
                for column in statistics(figures, "server_latency_ms", seconds, (50, 95))
            ],
            *[_named(say, "col.latency", column) for column in statistics(figures, "latency_ms", seconds, (50, 95))],
        ]
    )
    return section(say("server"), say("server.note"), shown, footnotes(say, shown))


def tokens(analysis: Edition, charts: Mapping[str, str]) -> str:
    """What went in and out, per call and per second."""
    figures, say = _with(analysis, "latency_ms"), analysis.say
    figures = figures[figures[["input_tokens_mean", "output_tokens_mean"]].notna().any(axis=1)]
    if figures.empty:
        return ""
    cached = (
        ("col.cache_read_call", "cache_read_tokens_mean", number),
        ("col.cache_write_call", "cache_write_tokens_mean", number),
    )
    shown = table(
        [
            *level_columns(say, figures),
            numbers(say("col.input_call"), figures["input_tokens_mean"]),
            numbers(say("col.output_call"), figures["output_tokens_mean"]),
            *_if_any(say, figures, *cached),
            numbers(say("col.input_s"), figures["input_tokens_per_s"]),
            numbers(say("col.output_s"), figures["output_tokens_per_s"]),
            numbers(say("col.total_s"), figures["total_tokens_per_s"]),
        ]
    )
    return section(say("tokens"), shown, chart(analysis, charts, "tokens"))


def _with(analysis: Edition, metric: str) -> pd.DataFrame:
    """The levels that have any value of a metric."""
    return analysis.figures[analysis.figures[f"{metric}_count"] > 0]


def _statistics_table(
    analysis: Edition, figures: pd.DataFrame, metric: str, form: Any = number, *, mode: bool = True
) -> str:
    """Calls, min, mean, percentiles with their intervals and max of a metric for each level."""
    say = analysis.say
    percents = analysis.percents if metric in SLO_METRICS else PERCENTS
    return table(
        [
            *level_columns(say, figures, mode=mode),
            numbers(say("col.calls"), figures[f"{metric}_count"], amount),
            numbers(say("col.min"), figures[f"{metric}_min"], form),
            numbers(say("col.mean"), figures[f"{metric}_mean"], form),
            *statistics(figures, metric, form, percents, interval=True),
            numbers(say("col.max"), figures[f"{metric}_max"], form),
        ]
    )
