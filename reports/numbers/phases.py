"""Warm-up and drain apart: what is in no figure of a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers.percentiles import at
from reports.reading.blocks import alike

if TYPE_CHECKING:
    from reports.reading.levels import Levels

PHASES = ("warmup", "measure", "drain")
COLUMNS = ["level", "phase", "calls", "latency_ms_p50"]


def phases(levels: Levels) -> pd.DataFrame:
    """One row per level and phase that has calls: `calls`, failed ones too, and `latency_ms_p50` of the successes.

    None without levels, as there are no phases.
    """
    calls = levels.calls if levels.shaped else levels.calls.iloc[:0]
    found = alike(calls, ["key", "phase"], np.ones(len(calls), dtype=bool))
    rows = [
        (key, phase, found[key, phase].calls, _median_ms(calls, key, phase))
        for key in map(str, levels.table.index)
        for phase in PHASES
        if (key, phase) in found
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _median_ms(calls: pd.DataFrame, key: str, phase: str) -> float:
    """The median latency of the successes of a level in a phase; NaN if there is none."""
    own = (calls["key"] == key).to_numpy() & (calls["phase"] == phase).to_numpy()
    values = calls["latency_ms"].to_numpy()[own & (calls["outcome"] == "ok").to_numpy()]
    values.sort()
    return at(values, 50)
