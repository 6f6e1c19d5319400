"""Conversations, turn by turn: how long the context is, how long the first token takes, and what a call costs."""

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

MOST_TURNS = 20
"""Turns that have a row of their own."""


@dataclass(frozen=True)
class Turns:
    """The measured successes that are turns of a conversation."""

    table: pd.DataFrame
    """By turn, of which the last one stands for all from there on: `calls`; medians of `context_tokens` (all of the
    prompt, cached or not), `ttft_ms` and `latency_ms` with their intervals; `cost`, the mean of a call, NaN without
    prices."""
    longest: int
    """The highest turn that was measured."""
    currency: str


def turns(run: Run, levels: Levels) -> Turns | None:
    """The turns of all levels together, by mode none apart; None where no call was one of several turns."""
    calls = levels.calls[levels.counted & is_ok(levels.calls) & (levels.calls["turn"] > 0).to_numpy()]
    longest = int(calls["turn"].max()) if len(calls) else 0
    if longest < 2:
        return None
    prices = {column: price or 0.0 for column, price in prices_of(run).items()}
    has_prices = run.number("settings", "pricing", "input_per_million") is not None
    tokens = {column: calls[column].fillna(0).to_numpy(dtype="float64") for column in prices}
    cost = np.sum([tokens[column] * price / 1e6 for column, price in prices.items()], axis=0)
    context = np.sum([tokens[f"{name}_tokens"] for name in ("input", "cache_read", "cache_write")], axis=0)
    turn = calls["turn"].clip(upper=MOST_TURNS).to_numpy(dtype="int64")
    rows = {}
    for number in np.unique(turn):
        own = turn == number
        rows[int(number)] = {
            "calls": float(own.sum()),
            "context_tokens": at(np.sort(context[own]), 50),
            **_median(calls["ttft_ms"].to_numpy(dtype="float64")[own], "ttft_ms"),
            **_median(calls["latency_ms"].to_numpy(dtype="float64")[own], "latency_ms"),
            "cost": float(np.mean(cost[own])) if has_prices else math.nan,
        }
    table = pd.DataFrame.from_dict(rows, orient="index", dtype="float64")
    return Turns(table, longest, run.text("settings", "pricing", "currency") or "USD")


def _median(values: NDArray[np.float64], name: str) -> dict[str, float]:
    known = np.sort(values[~np.isnan(values)])
    low, high = intervals.quantile(known, 50, 1.0)
    return {name: at(known, 50) if len(known) else math.nan, f"{name}_low": low, f"{name}_high": high}
