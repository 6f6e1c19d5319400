"""Warm-up and drain apart: what is in no figure of a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import phases as numbers_of
from reports.markdown import amount, numbers, seconds, section, table
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis

TITLES = {"warmup": "col.warmup", "measure": "col.measured", "drain": "col.drain"}


def phases(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Calls of each level by phase, and how long the median one took."""
    if not analysis.levels.shaped:
        return ""
    found, say = numbers_of.phases(analysis.levels), analysis.say
    if not found["phase"].isin(["warmup", "drain"]).any():
        return ""
    index = list(dict.fromkeys(found["level"]))
    columns = level_columns(say, analysis.figures.loc[index])
    for phase, rows in found.groupby("phase", sort=False):
        own = rows.set_index("level").reindex(index)
        title = say(TITLES[str(phase)])
        columns.append(numbers(f"{title}: {say('col.calls').lower()}", own["calls"].fillna(0), amount))
        if own["latency_ms_p50"].notna().any():
            columns.append(numbers(f"{title}: P50 (s)", own["latency_ms_p50"], seconds))
    return section(say("phases"), say("phases.note"), table(columns))
