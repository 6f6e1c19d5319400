"""The calls that took longest, in all or between two tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.reading.blocks import blocks
from reports.reading.calls import longest
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.levels import Levels


def slowest(levels: Levels, metric: str) -> pd.DataFrame:
    """The ten successes that count with the most of a metric (`latency_ms`, `max_gap_ms`), the longest first."""
    calls = levels.calls
    counting, values = levels.counted & is_ok(calls), calls[metric].to_numpy()
    most = [_longest(calls, block, np.where(counting[block], values[block], np.nan)) for block in blocks(len(calls))]
    places = np.concatenate([np.empty(0, dtype="intp"), *most])
    found = calls.iloc[places[longest(values[places], calls["started_at"].to_numpy()[places])]]
    return found.astype({"key": "str", "request_id": "str"})


def _longest(calls: pd.DataFrame, block: slice, values: NDArray[np.floating]) -> NDArray[np.intp]:
    """The places in the table of the longest of a block."""
    places: NDArray[np.intp] = block.start + longest(values, calls["started_at"].to_numpy()[block])
    return places
