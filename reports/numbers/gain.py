"""The levels that both modes ran with the same load, and what streaming changes there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reports.numbers import sample
from reports.numbers.ramp import is_ramp

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.numbers import intervals
    from reports.reading.levels import Levels


@dataclass(frozen=True)
class Gain:
    """What streaming changes with this load."""

    load: float
    streaming: str
    """The key of the level with streaming, and of that without."""
    non_streaming: str
    change: float
    """Of the P50 of the whole answer, as a share: 0.1 is a tenth longer with streaming."""
    interval: intervals.Change | None
    """None of too few calls."""


def gains(levels: Levels, figures: pd.DataFrame, other_loads: Collection[str] = ()) -> list[Gain]:
    """One for each load that both modes ran with successes; a level with another load than asked for is none of it."""
    found = pairs(figures[~figures.index.isin(list(other_loads))])
    return [_gain(levels, figures, str(row["streaming"]), str(row["non_streaming"])) for _, row in found.iterrows()]


def _gain(levels: Levels, figures: pd.DataFrame, streaming: str, whole: str) -> Gain:
    after, before = (float(figures["latency_ms_p50"][key]) for key in (streaming, whole))
    change = after / before - 1 if before > 0 else math.nan
    usual, streamed = (sample.complete(levels, key, "latency_ms") for key in (whole, streaming))
    return Gain(float(figures["load"][streaming]), streaming, whole, change, sample.change(usual, streamed, 50))


def pairs(figures: pd.DataFrame) -> pd.DataFrame:
    """The keys of the levels `streaming` and `non_streaming`, by load or part; only levels with successes in both.

    Not those of a ramp: the same step may have another rate in the other mode.
    """
    useful = figures[(figures["ok"] > 0) & figures["load"].notna() & ~is_ramp(figures)]
    useful = useful[(useful["mode"] != "streaming") | (useful["ttft_ms_count"] > 0)]
    keys = {
        mode: pd.Series(rows.index, index=pd.Index(rows["part"].fillna(rows["load"])))
        for mode in ("streaming", "non_streaming")
        for rows in [useful[useful["mode"] == mode]]
    }
    keys = {mode: found[~found.index.duplicated(keep="last")] for mode, found in keys.items()}
    return pd.DataFrame(keys).dropna()
