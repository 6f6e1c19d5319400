"""The rows of the report: the levels of a run, or its kinds of call if it has no levels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.requests import MODES, categories
from reports.run import CANCELLED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.run import Run

OUTCOMES = ("ok", "failed", "cancelled")
COLUMNS = ["mode", "name", "users", "users_reached", "completed", "measured_from", "measured_to"]


STREAM_METRICS = ("ttft_ms", "first_text_ms", "tpot_ms", "max_gap_ms")
"""What only a stream can tell."""


@dataclass(frozen=True)
class Levels:
    """The rows of the report and the calls behind them."""

    table: pd.DataFrame
    """One row per level: `mode`, `name`, `users`, `users_reached`, `completed`, the window
    `measured_from` to `measured_to` (Unix s) and `window_s`; streaming first, then by users."""
    calls: pd.DataFrame
    """Every call of the run; `key` is the level it belongs to, `outcome` one of `OUTCOMES`."""
    shaped: bool
    """False if the run had no levels: a row is then a mode and a name, and has no users."""

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Which calls count in the latencies: started in the window of a level."""
        known = self.calls["key"].isin(self.table.index).to_numpy()
        return known & (self.calls["phase"] == "measure").to_numpy() if self.shaped else known

    @property
    def measured(self) -> pd.DataFrame:
        """The calls that count."""
        return self.calls[self.counted]

    @cached_property
    def _successes(self) -> dict[str, NDArray[np.intp]]:
        """The places of the calls that count and succeeded, by level."""
        keys = self.calls["key"].cat
        places = np.flatnonzero(self.counted & is_ok(self.calls))
        codes = keys.codes.to_numpy()[places]
        numbers = {key: number for number, key in enumerate(keys.categories)}
        return {key: places[codes == numbers.get(key, -1)] for key in self.table.index}

    def successes(self, key: str) -> pd.DataFrame:
        """The calls of a level that count and succeeded."""
        return self.calls.iloc[self._successes[key]]

    def values(self, key: str, metric: str) -> NDArray[np.floating]:
        """A metric of each of these calls, NaN where it is not known or only a stream could tell."""
        places = self._successes[key]
        if metric in STREAM_METRICS and self.mode(key) != "streaming":
            return np.full(len(places), np.nan)
        if metric == "tpot_ms":
            return self._tpot_ms(places)
        return np.asarray(self.calls[metric].to_numpy()[places])

    def sample(self, key: str, metric: str) -> NDArray[np.floating]:
        """The known values of a metric in a level, sorted."""
        values = self.values(key, metric)
        return np.sort(values[~np.isnan(values)])

    def _tpot_ms(self, places: NDArray[np.intp]) -> NDArray[np.floating]:
        """TPOT = (last token - first token) / (output tokens - 1), of calls with two output tokens or more."""
        first, last, tokens = (
            self.calls[column].to_numpy()[places].astype("float64")
            for column in ("ttft_ms", "last_token_ms", "output_tokens")
        )
        gaps = tokens - 1
        known = gaps >= 1
        tpot_ms = np.full(len(places), np.nan)
        tpot_ms[known] = (last - first)[known] / gaps[known]
        return tpot_ms

    def window(self, key: str) -> tuple[float, float]:
        """When the window of a level opened and closed, Unix s; NaN if it never did."""
        row = self.table.loc[[key]].iloc[0]
        return float(row["measured_from"]), float(row["measured_to"])

    def mode(self, key: str) -> str:
        """The mode of a level."""
        return str(self.table["mode"][key])

    def scope(self, key: str) -> NDArray[np.bool_]:
        """The calls that can add to the throughput of a level: all of its mode, or all of its name."""
        if self.shaped:
            return np.asarray(self.calls["mode"] == self.mode(key))
        return np.asarray(self.calls["key"] == key)


def levels(run: Run) -> Levels:
    """The levels of the run, or one row per mode and name if it has none."""
    calls = run.requests
    shaped = len(run.levels) > 0 or bool((calls["level"] != "").any())
    calls = calls.assign(key=calls["level"] if shaped else _name_keys(calls), outcome=outcomes(calls))
    table = _levels(run.levels, calls) if shaped else _names(calls)
    table["window_s"] = table["measured_to"] - table["measured_from"]
    table["order"] = table["mode"].map(MODES.index)
    return Levels(table.sort_values(["order", "users", "name"]).drop(columns="order"), calls, shaped)


def outcomes(calls: pd.DataFrame) -> pd.Categorical[Any]:
    """What became of each call: `ok`, `failed` or `cancelled`."""
    error = calls["error"].cat
    known = {"": 0, CANCELLED: 2}
    places = np.array([known.get(category, 1) for category in error.categories], dtype="int8")
    return categories(places[error.codes.to_numpy()], list(OUTCOMES))


def is_ok(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls succeeded."""
    return (calls["error"] == "").to_numpy()


def _name_keys(calls: pd.DataFrame) -> pd.Categorical[Any]:
    modes, names = calls["mode"].cat, calls["name"].cat
    keys = [f"{mode} {name}" for mode in modes.categories for name in names.categories]
    codes = modes.codes.to_numpy().astype("int64") * len(names.categories) + names.codes.to_numpy()
    return categories(codes, keys).remove_unused_categories()


def _levels(known: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """The levels of `levels.csv` and those that only their calls tell of; open windows are closed."""
    table = known.assign(name=known["level"], key=known["level"]).set_index("key")[COLUMNS]
    lost = calls[(calls["key"] != "") & ~calls["key"].isin(table.index)]
    if len(lost):
        table = pd.concat([table, _guessed(lost)]) if len(table) else _guessed(lost)
    closed_at = table["measured_to"].fillna(_last_end_at(calls, table[table["measured_to"].isna()].index))
    table["measured_to"] = closed_at.where(closed_at > table["measured_from"])
    return table


def _last_end_at(calls: pd.DataFrame, keys: pd.Index[str]) -> pd.Series[float]:
    """When the last call of each of these levels ended, Unix s."""
    own = calls.loc[calls["key"].isin(keys), ["key", "started_at", "latency_ms"]]
    ended_at = own["started_at"] + own["latency_ms"].astype("float64") / 1000
    found = ended_at.groupby(own["key"].astype("str")).max()
    return found.reindex(keys).astype("float64")


def _guessed(calls: pd.DataFrame) -> pd.DataFrame:
    """Levels made from their calls: the window reaches from the first measured start to the last one."""
    calls = calls.assign(key=calls["key"].astype("str"))
    grouped = calls.groupby("key")
    starts = calls[calls["phase"] == "measure"].groupby("key")["started_at"]
    table = grouped.agg(mode=("mode", "first"), name=("key", "first"), users=("users", "max")).astype({"mode": "str"})
    window = {"measured_from": starts.min(), "measured_to": starts.max()}
    return table.assign(users_reached=float("nan"), completed="", **window)[COLUMNS]


def _names(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per mode and name; the window reaches from the first start to the last end."""
    ended_at = calls["started_at"] + calls["latency_ms"].astype("float64") / 1000
    table = (
        calls[["key", "mode", "name", "started_at"]]
        .assign(ended_at=ended_at)
        .groupby("key", observed=True)
        .agg(
            mode=("mode", "first"),
            name=("name", "first"),
            measured_from=("started_at", "min"),
            measured_to=("ended_at", "max"),
        )
    )
    table.index = table.index.astype("str")
    table = table.astype({"mode": "str", "name": "str"})
    return table.assign(users=float("nan"), users_reached=float("nan"), completed="")[COLUMNS]
