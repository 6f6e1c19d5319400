"""What the prompt cache did: how much was read from it, how much faster that was, and what it saved."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers import intervals
from reports.numbers.cost import prices_of
from reports.numbers.percentiles import at
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.reading.levels import Levels
    from reports.reading.run import Run

METRICS = ("ttft_ms", "latency_ms")
SIDES = ("hit", "miss")


@dataclass(frozen=True)
class Caching:
    """The prompt cache in the measured successes."""

    table: pd.DataFrame
    """By level: `calls`, `hits` (calls that read from the cache), `read_share` (tokens read of all of the prompts, 0 to
    1), and for `hit` and `miss` the median of each of `METRICS` with its interval."""
    read_tokens: float
    written_tokens: float
    written_1h_tokens: float
    """Those of the written ones that are kept for an hour."""
    saved: float
    """What reading saved, less what writing cost more, in `currency`; NaN without prices."""
    currency: str
    reads_to_pay: float
    """How often a prefix must be read for its write to pay, by the prices; NaN without them."""
    reads_to_pay_1h: float
    """The same where it is written for an hour."""


def caching(run: Run, levels: Levels) -> Caching | None:
    """What the cache did; None where no call used one."""
    calls = levels.calls[levels.counted & is_ok(levels.calls) & levels.calls["input_tokens"].notna().to_numpy()]
    tokens = {name: _sum(calls, f"{name}_tokens") for name in ("cache_read", "cache_write", "cache_write_1h")}
    if not (tokens["cache_read"] or tokens["cache_write"]):
        return None
    prices = prices_of(run)
    whole, read, write = (prices[f"{name}_tokens"] for name in ("input", "cache_read", "cache_write"))
    keys = [key for key in levels.table.index if (calls["key"] == key).any()]
    usual = math.nan if whole is None else whole - (read or 0)
    dearer = math.nan if whole is None else (write or 0) - whole
    hour = math.nan if whole is None else dearer + (prices["cache_write_1h_tokens"] or 0)
    short = tokens["cache_write"] - tokens["cache_write_1h"]
    saved = tokens["cache_read"] * usual - short * dearer - tokens["cache_write_1h"] * hour
    return Caching(
        table=pd.DataFrame([_level(calls[calls["key"] == key]) for key in keys], index=keys, dtype="float64"),
        read_tokens=tokens["cache_read"],
        written_tokens=tokens["cache_write"],
        written_1h_tokens=tokens["cache_write_1h"],
        saved=saved / 1e6,
        currency=run.text("settings", "pricing", "currency") or "USD",
        reads_to_pay=dearer / usual if usual > 0 else math.nan,
        reads_to_pay_1h=hour / usual if usual > 0 else math.nan,
    )


def _sum(calls: pd.DataFrame, column: str) -> float:
    return float(calls[column].fillna(0).to_numpy(dtype="float64").sum())


def _level(calls: pd.DataFrame) -> dict[str, float]:
    hits = (calls["cache_read_tokens"].fillna(0) > 0).to_numpy()
    read, fresh = _sum(calls, "cache_read_tokens"), _sum(calls, "input_tokens") + _sum(calls, "cache_write_tokens")
    found = {"calls": float(len(calls)), "hits": float(hits.sum()), "read_share": read / (read + fresh or math.nan)}
    for side, own in zip(SIDES, (hits, ~hits), strict=True):
        for metric in METRICS:
            found |= _median(calls[metric].to_numpy(dtype="float64")[own], f"{side}_{metric}")
    return found


def _median(values: NDArray[np.float64], name: str) -> dict[str, float]:
    known = np.sort(values[~np.isnan(values)])
    low, high = intervals.quantile(known, 50, 1.0)
    return {name: at(known, 50) if len(known) else math.nan, f"{name}_low": low, f"{name}_high": high}
