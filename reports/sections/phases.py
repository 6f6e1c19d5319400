"""Warm-up and drain apart: what is in no figure of a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, numbers, seconds, section, table
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition

TITLES = {"warmup": "col.warmup", "measure": "col.measured", "drain": "col.drain"}


def phases(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Calls of each level by phase, and how long the median one took."""
    found, say = analysis.phases, analysis.say
    if not found["phase"].isin(["warmup", "drain"]).any():
        return ""
    index = list(dict.fromkeys(found["level"]))
    columns = level_columns(say, analysis.figures.loc[index])
    for phase, name in TITLES.items():
        own, title = found[found["phase"] == phase].set_index("level").reindex(index), say(name)
        if own["calls"].isna().all():
            continue
        columns.append(numbers(f"{title}: {say('col.calls').lower()}", own["calls"].fillna(0), amount))
        if own["latency_ms_p50"].notna().any():
            columns.append(numbers(f"{title}: P50 (s)", own["latency_ms_p50"], seconds))
    return section(say("phases"), say("phases.note"), table(columns))
