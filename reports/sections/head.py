"""The first screen: what was tested, what came out, and whether to believe it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import (
    Column,
    code,
    duration,
    escape,
    join,
    listing,
    mode_name,
    moment,
    noun,
    number,
    seconds,
    table,
    texts,
)
from reports.percentiles import PERCENTS
from reports.sections.conclusion import conclusion
from reports.sections.trust import doubts
from reports.sections.words import footnote, label, percentile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis

TIMES = (
    ("first token (ms)", "ttft_ms", number),
    ("per token (ms)", "tpot_ms", number),
    ("whole answer (s)", "latency_ms", seconds),
)


def head(analysis: Analysis, charts: Mapping[str, str]) -> str:
    """Title, conclusion, the best level in figures, trust, the chart that shows the limit."""
    best = _best_level(analysis)
    knee = "![Output tokens per second, time to first token and latency by users]({})"
    return join(
        f"# Bedrock load test: {title(analysis)}",
        facts(analysis),
        *conclusion(analysis),
        best,
        footnote(best),
        _trust(analysis),
        knee.format(charts["knee"]) if "knee" in charts else "",
    )


def title(analysis: Analysis) -> str:
    """The models and the region."""
    models = listing([code(model) for model in analysis.run.model_ids if model], longest=3) or "unknown model"
    region = analysis.run.text("settings", "aws", "region")
    return f"{models} in {escape(region)}" if region else models


def facts(analysis: Analysis) -> str:
    """Date, length, calls, workers and levels in one line."""
    run = analysis.run
    parts = [moment(run.started_at)] if run.started_at is not None else []
    if run.started_at is not None and run.ended_at is not None:
        parts.append(duration(max(run.ended_at - run.started_at, 0)))
    parts.append(noun(len(run.requests), "call") + _from_workers(analysis))
    return ", ".join([*parts, *_levels(analysis)])


def _from_workers(analysis: Analysis) -> str:
    workers = list(analysis.workers.index)
    return "" if workers in ([], ["local"]) else f" from {noun(len(workers), 'worker')}"


def _levels(analysis: Analysis) -> list[str]:
    """How many levels, how long each was held, and the modes."""
    figures = analysis.figures
    if figures.empty:
        return []
    modes = listing([mode_name(mode) for mode in figures["mode"].unique()])
    held_s = analysis.run.number("settings", "concurrency", "duration_seconds")
    if not analysis.levels.shaped:
        return [modes]
    return [noun(len(figures), "level") + (f" of {duration(held_s)}" if held_s else ""), modes]


def _best_level(analysis: Analysis) -> str:
    """P50, P95 and P99 of the best level; of the first mode that has one."""
    keys = [found.best for found in analysis.conclusions if found.best is not None]
    if not keys:
        return ""
    row = analysis.level(keys[0])
    times = [time for time in TIMES if row[f"{time[1]}_count"] > 0]
    shown = [
        Column(f"P{point}", [percentile(row, metric, point, form) for _, metric, form in times]) for point in PERCENTS
    ]
    return table([texts(label(row, mode=True), [name for name, _, _ in times]), *shown])


def _trust(analysis: Analysis) -> str:
    question = "**Can these numbers be trusted?**"
    found = doubts(analysis)
    if found:
        return join(f"{question} Only with this in mind:", "\n".join(f"- {doubt}" for doubt in found))
    if not (analysis.figures["ok"] > 0).any():
        return ""
    most = analysis.workers["cpu_percent"].max()
    busiest = f" The busiest worker used {number(most)} % of a core." if most >= 0 else ""
    return f"{question} Yes: the run is complete and no call is missing.{busiest}"
