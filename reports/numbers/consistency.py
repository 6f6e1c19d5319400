"""Rows that contradict themselves or each other: a run with such rows is no sound one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.reading.blocks import blocks, codes
from reports.reading.windows import USERS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.levels import Levels

TIMES = ("send_delay_ms", "ttft_ms", "first_text_ms", "last_token_ms", "latency_ms", "max_gap_ms")
SLACK_MS = 1.0
"""Times are kept to seven digits: they may contradict each other by this much, or a hundred-thousandth."""
OVERLAP_S = 0.005
"""Two calls of a user may seem to overlap by this much."""


def duplicates(calls: pd.DataFrame) -> int:
    """Rows that are there twice: the same worker, start, length and kind of call."""
    columns = [calls["started_at"].to_numpy(), calls["latency_ms"].to_numpy(), codes(calls, "worker")]
    columns += [codes(calls, "name"), codes(calls, "error")]
    order = np.argsort(columns[0], kind="stable")
    alike = np.ones(max(len(calls) - 1, 0), dtype=bool)
    for column in columns:
        alike &= column[order][1:] == column[order][:-1]
    return int(alike.sum())


def impossible(calls: pd.DataFrame) -> int:
    """Rows with a time below zero, or with first token, last token and end out of order."""
    return sum(int(_impossible(calls.iloc[block]).sum()) for block in blocks(len(calls)))


def _impossible(calls: pd.DataFrame) -> NDArray[np.bool_]:
    times = {name: calls[name].to_numpy().astype("float64") for name in TIMES}
    wrong = np.zeros(len(calls), dtype=bool)
    for values in times.values():
        wrong |= values < -SLACK_MS
    for before, after in (("ttft_ms", "last_token_ms"), ("last_token_ms", "latency_ms"), ("ttft_ms", "latency_ms")):
        wrong |= times[before] > times[after] * (1 + 1e-5) + SLACK_MS
    return wrong


def crowded(levels: Levels, key: str) -> float | None:
    """The most calls of a level that were in flight at a time, where these are more than its users; else None."""
    users = float(levels.table["load"][key]) if levels.table["unit"][key] == USERS else float("nan")
    spans = [
        (calls["started_at"].to_numpy(), calls["latency_ms"].to_numpy().astype("float64") / 1000)
        for calls in levels.ended(key)
    ]
    if not spans or np.isnan(users):
        return None
    starts = np.concatenate([start for start, _ in spans])
    ends = np.concatenate([start + lasted for start, lasted in spans]) - OVERLAP_S
    order = np.argsort(starts)
    begun, over = starts[order], np.sort(ends)
    most = int((np.arange(1, len(begun) + 1) - np.searchsorted(over, begun, side="right")).max(initial=0))
    return float(most) if most > users else None
