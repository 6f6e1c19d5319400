"""Warm-up and drain apart: what is in no figure of a level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reports.blocks import alike
from reports.markdown import amount, numbers, seconds, section, table
from reports.percentiles import at
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
    found = alike(calls, ["key", "phase"], np.ones(len(calls), dtype=bool))
    index = [key for key in analysis.figures.index if any((key, phase) in found for phase in PHASES)]
    columns = level_columns(say, analysis.figures.loc[index])
    for phase, title in PHASES.items():
        counts = [found[key, phase].calls if (key, phase) in found else 0 for key in index]
        if any(counts):
            medians = [_median_ms(calls, key, phase) for key in index]
            columns.append(numbers(f"{say(title)}: {say('col.calls').lower()}", counts, amount))
            if not all(map(math.isnan, medians)):
                columns.append(numbers(f"{say(title)}: P50 (s)", medians, seconds))
    return section(say("phases"), say("phases.note"), table(columns))


def _median_ms(calls: pd.DataFrame, key: str, phase: str) -> float:
    """The median latency of the successes of a level in a phase; NaN if there is none."""
    own = (calls["key"] == key).to_numpy() & (calls["phase"] == phase).to_numpy()
    values = calls["latency_ms"].to_numpy()[own & (calls["outcome"] == "ok").to_numpy()]
    values.sort()
    return at(values, 50)
