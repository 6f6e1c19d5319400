"""How much of the quotas each level used, counted as the service counts: docs/metrics.md has the rules and sources."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.throughput import ended_inside, inside, overlap_s

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.levels import Levels
    from reports.run import Run

THROTTLED = "ThrottlingError"
SAID = {"tokens": r"too many tokens", "requests": r"too many requests|request rate"}
"""Quota -> the words with which Bedrock throttles for it."""
COLUMNS = (
    *("requests_per_min", "throttled_share", "tokens_per_min", "reserved_in_flight", "counted_per_min"),
    *("requests_percent", "tokens_percent", "reserve_ratio"),
)


@dataclass(frozen=True)
class Quota:
    """The quotas of a run and what each level used of them."""

    requests_per_minute: float | None
    tokens_per_minute: float | None
    output_burndown: float | None
    """Tokens of quota that one output token uses."""
    max_tokens: float | None
    table: pd.DataFrame
    """One row per level: see `COLUMNS` and `_row`."""

    @property
    def percent(self) -> pd.Series[float]:
        """The higher of the shares of the two quotas, in percent, by level."""
        return self.table[["requests_percent", "tokens_percent"]].max(axis=1)

    def tighter(self, key: str, message: str = "") -> str:
        """Which quota gives out: `requests` or `tokens`; empty if that is not known.

        That of which the `message` of the service speaks, else that of which the level used more.
        """
        requests, tokens = (float(self.table[f"{name}_percent"][key]) for name in ("requests", "tokens"))
        said = [quota for quota, words in SAID.items() if re.search(words, message, re.IGNORECASE)]
        if said and not math.isnan({"requests": requests, "tokens": tokens}[said[0]]):
            return said[0]
        if math.isnan(requests) and math.isnan(tokens):
            return ""
        return "tokens" if math.isnan(requests) or tokens > requests else "requests"


@dataclass(frozen=True)
class Forecast:
    """Where a quota is used up, when each further user adds as much as those of a level did."""

    key: str
    """The level from which it is reckoned: the last that was not throttled."""
    quota: str
    """`requests` or `tokens`."""
    percent: float
    users: float


def quota(run: Run, levels: Levels) -> Quota:
    """The use of the quotas in each level."""
    burndown = run.number("settings", "model", "output_burndown")
    max_tokens = run.number("settings", "test", "max_tokens")
    requests, tokens = run.number("settings", "model", "quota"), run.number("settings", "model", "tokens_per_minute")
    rows = {key: _row(levels, str(key), burndown or math.nan, max_tokens or math.nan) for key in levels.table.index}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=list(COLUMNS), dtype="float64")
    table["requests_percent"] = 100 * table["requests_per_min"] / (requests or math.nan)
    table["tokens_percent"] = 100 * table["counted_per_min"] / (tokens or math.nan)
    return Quota(requests, tokens, burndown, max_tokens, table)


def forecast(found: Quota, figures: pd.DataFrame) -> Forecast | None:
    """What breaks first, reckoned from the last level, by users, without throttles; None if no quota is known."""
    calm = figures[(found.table["throttled_share"] == 0) & (found.percent > 0) & figures["users"].notna()]
    if calm.empty:
        return None
    key = str(calm["users"].idxmax())
    percent = float(found.percent[key])
    return Forecast(key, found.tighter(key), percent, float(calm["users"][key]) * 100 / percent)


def _row(levels: Levels, key: str, burndown: float, max_tokens: float) -> dict[str, float]:
    """What one level used.

    `requests_per_min`: calls that started in the window and were not throttled. `tokens_per_min`: what
    is left of the calls that ended there: input + cache write + output x burn-down. `reserved_in_flight`:
    what the calls at work held back at a time, on average: input + cache read + cache write +
    max_tokens each. `counted_per_min` is the sum of both: what stands against the quota in any minute.
    """
    opened_at, closed_at = levels.window(key)
    if not closed_at > opened_at:
        return {}
    calls = inside(levels, key)
    calls = calls[np.asarray(calls["error"] != THROTTLED)]
    own = levels.calls.loc[levels.counted & np.asarray(levels.calls["key"] == key), "error"]
    window_s, accepted = closed_at - opened_at, float((own != THROTTLED).sum())
    tokens = 60 / window_s * _final(calls, burndown, ended_inside(calls, opened_at, closed_at))
    held = _reserved(calls, max_tokens) * overlap_s(calls["started_at"], calls["ended_at"], opened_at, closed_at)
    reserved = float(held.sum()) / window_s if not math.isnan(max_tokens) else math.nan
    output = levels.sample(key, "output_tokens")
    return {
        "requests_per_min": 60 * accepted / window_s,
        "throttled_share": 1 - accepted / len(own) if len(own) else math.nan,
        "tokens_per_min": tokens,
        "reserved_in_flight": reserved,
        "counted_per_min": tokens + reserved,
        "reserve_ratio": max_tokens / float(output.mean(dtype="float64")) if output.any() else math.nan,
    }


def _final(calls: pd.DataFrame, burndown: float, ended: NDArray[np.bool_]) -> float:
    known = calls[ended & np.asarray(calls["input_tokens"].notna())]
    if known.empty:
        return math.nan
    parts = known[["input_tokens", "cache_write_tokens", "output_tokens"]].astype("float64").fillna(0).sum()
    return float(parts["input_tokens"] + parts["cache_write_tokens"] + burndown * parts["output_tokens"])


def _reserved(calls: pd.DataFrame, max_tokens: float) -> pd.Series[float]:
    """What each call reserves at its start; a call without counts is taken for an average one."""
    prompt = calls["input_tokens"].astype("float64")
    prompt = prompt.fillna(prompt.mean() if prompt.notna().any() else 0.0)
    cached = calls[["cache_read_tokens", "cache_write_tokens"]].astype("float64").fillna(0).sum(axis=1)
    return prompt + cached + max_tokens
