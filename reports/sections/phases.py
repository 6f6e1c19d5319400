"""Warm-up and drain apart: what is in no figure of a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, numbers, seconds, section, table
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.analysis import Analysis

PHASES = {"warmup": "col.warmup", "measure": "col.measured", "drain": "col.drain"}


def phases(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Calls of each level by phase, and how long the median one took."""
    if not analysis.levels.shaped:
        return ""
    calls, say = analysis.levels.calls, analysis.say
    if not calls["phase"].isin(["warmup", "drain"]).any():
        return ""
    counts, medians = _by_phase(calls, "size"), _by_phase(calls[calls["outcome"] == "ok"], "median")
    index = [key for key in analysis.figures.index if key in counts.index]
    counts, medians = counts.reindex(index).fillna(0), medians.reindex(index)
    columns = level_columns(say, analysis.figures.loc[index])
    for phase, title in PHASES.items():
        if phase in counts and counts[phase].any():
            columns.append(numbers(f"{say(title)}: {say('col.calls').lower()}", counts[phase], amount))
            if phase in medians:
                columns.append(numbers(f"{say(title)}: P50 (s)", medians[phase], seconds))
    return section(say("phases"), say("phases.note"), table(columns))


def _by_phase(calls: pd.DataFrame, how: str) -> pd.DataFrame:
    grouped = calls.groupby(["key", "phase"], observed=True)["latency_ms"]
    return grouped.agg(how).unstack("phase")  # noqa: PD010 - a level a row
