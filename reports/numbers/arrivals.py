"""What became of the arrivals of each level of an open loop, and what the wait of the client added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.numbers import percentiles
from reports.reading.windows import RATE, USERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.reading.levels import Levels

COUNTS = ("due", "made", "dropped", "missed")
TIMES = ("ttft_ms", "latency_ms")
LATE_SHARE = 0.05
"""Arrivals that start this late, as a share of the median wait, bend the figures."""
LOST_SHARE = 0.01
"""So does this share of arrivals that were dropped or missed: the load was another one, and so was that of a level
which lacked this share of its users. The search of a run has the same bound (`LOST_SHARE` of
`bedrock_locust.arrivals.counts`); a test compares them."""


def arrivals(levels: Levels) -> pd.DataFrame:
    """One row per level with a rate: `due`, `made`, `dropped` and `missed` arrivals of its window, NaN where not known.

    `lateness_ms_p50` and its like are from the moment of an arrival to the start of its call, over calls that ended.
    `ttft_ms_p50` counts from the start, `scheduled_ttft_ms_p50` from the moment of the arrival, over the same
    successes: those that had one. `followed` is how many had none, as they came after another call of their session
    or user, whenever that ended. `limited` says that the client made another load than asked for.
    """
    own = levels.table[levels.table["unit"] == RATE]
    rows = {str(key): _row(levels, str(key), own.loc[key]) for key in own.index}
    points = [f"{part}{metric}_p{percent}" for metric in TIMES for part in ("", "scheduled_") for percent in (50, 95)]
    columns = [*COUNTS, "lateness_ms_p50", "lateness_ms_p99", *points, "followed", "limited"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _row(levels: Levels, key: str, level: pd.Series[Any]) -> dict[str, Any]:
    due, dropped, missed = (float(level[f"arrivals_{name}"]) for name in ("due", "dropped", "missed"))
    row: dict[str, Any] = {"due": due, "made": due - dropped - missed, "dropped": dropped, "missed": missed}
    late_ms = _lateness_ms(levels, key)
    row |= _points(late_ms, "lateness_ms", (50, 99))
    before_ms = 1000 * (levels.values(key, "started_at") - levels.values(key, "scheduled_at"))
    row["followed"] = int(np.count_nonzero(np.isnan(before_ms)))
    for metric in TIMES:
        values = np.where(np.isnan(before_ms), np.nan, levels.values(key, metric).astype("float64"))
        row |= _points(values, metric, (50, 95)) | _points(values + before_ms, f"scheduled_{metric}", (50, 95))
    wait_ms = row["ttft_ms_p50"] if row["ttft_ms_p50"] > 0 else row["latency_ms_p50"]
    # Of few calls P99 is the latest one, and one alone is chance.
    is_late = row["lateness_ms_p99"] > LATE_SHARE * wait_ms and np.count_nonzero(late_ms > LATE_SHARE * wait_ms) > 1
    is_lost = dropped + missed > LOST_SHARE * due
    return {**row, "limited": bool(is_late or is_lost)}


def other_loads(figures: pd.DataFrame, arrived: pd.DataFrame) -> dict[str, float]:
    """The levels that did not have the load that they ask for -> the percentage of it that they had.

    Their figures are those of a lower load: they meet no SLO at theirs, and reach no throughput with it.
    """
    lost = arrived[arrived["dropped"] + arrived["missed"] > LOST_SHARE * arrived["due"]]
    users = figures[(figures["unit"] == USERS) & figures["window_s"].notna()]
    few = users[users["users_reached"] < (1 - LOST_SHARE) * users["load"]]
    shares = {**(lost["made"] / lost["due"]), **(few["users_reached"] / few["load"])}
    return {str(key): 100 * float(shares[key]) for key in figures.index if key in shares}


def _lateness_ms(levels: Levels, key: str) -> NDArray[np.floating]:
    found = [1000 * (calls["started_at"] - calls["scheduled_at"]).to_numpy() for calls in levels.ended(key)]
    return np.concatenate([np.empty(0), *found])


def _points(values: NDArray[np.floating], name: str, percents: tuple[float, ...]) -> dict[str, float]:
    known = np.sort(values[~np.isnan(values)])
    return {f"{name}_p{percent}": percentiles.at(known, percent) for percent in percents}
