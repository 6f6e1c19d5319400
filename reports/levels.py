"""The rows of the report: the levels of a run, or its kinds of call if it has no levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from reports.run import MODES
from reports.throughput import on_time_axis

if TYPE_CHECKING:
    from reports.run import Run

COLUMNS = ["mode", "name", "users", "users_reached", "completed", "measured_from", "measured_to"]


@dataclass(frozen=True)
class Levels:
    """The rows of the report and the calls behind them."""

    table: pd.DataFrame
    """One row per level: `mode`, `name`, `users`, `users_reached`, `completed`, the window
    `measured_from` to `measured_to` (Unix s) and `window_s`; streaming first, then by users."""
    calls: pd.DataFrame
    """Every call of the run, on the time axis; `key` is the level it belongs to, or empty."""
    shaped: bool
    """False if the run had no levels: a row is then a mode and a name, and has no users."""

    @property
    def measured(self) -> pd.DataFrame:
        """The calls whose latencies count: started in the window of a level."""
        calls = self.calls[self.calls["key"] != ""]
        return calls[calls["phase"] == "measure"] if self.shaped else calls

    def scope(self, key: str) -> pd.DataFrame:
        """The calls that can add to the throughput of a level: all of its mode, or all of its name."""
        if self.shaped:
            return self.calls[self.calls["mode"] == self.table.loc[key, "mode"]]
        return self.calls[self.calls["key"] == key]


def levels(run: Run) -> Levels:
    """The levels of the run, or one row per mode and name if it has none."""
    calls = on_time_axis(run.requests)
    shaped = len(run.levels) > 0 or bool((calls["level"] != "").any())
    calls["key"] = calls["level"] if shaped else calls["mode"] + " " + calls["name"]
    table = _levels(run.levels, calls) if shaped else _names(calls)
    table["window_s"] = table["measured_to"] - table["measured_from"]
    table["order"] = table["mode"].map(MODES.index)
    return Levels(table.sort_values(["order", "users", "name"]).drop(columns="order"), calls, shaped)


def _levels(known: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """The levels of `levels.csv` and those that only their calls tell of; open windows are closed."""
    table = known.assign(name=known["level"], key=known["level"]).set_index("key")[COLUMNS]
    lost = calls[(calls["key"] != "") & ~calls["key"].isin(table.index)]
    if len(lost):
        table = pd.concat([table, _guessed(lost)]) if len(table) else _guessed(lost)
    last_end_at = calls.groupby("key")["ended_at"].max().reindex(table.index)
    closed_at = table["measured_to"].fillna(last_end_at)
    table["measured_to"] = closed_at.where(closed_at > table["measured_from"])
    return table


def _guessed(calls: pd.DataFrame) -> pd.DataFrame:
    """Levels made from their calls: the window reaches from the first measured start to the last one."""
    grouped = calls.groupby("key")
    starts = calls[calls["phase"] == "measure"].groupby("key")["started_at"]
    table = grouped.agg(mode=("mode", "first"), name=("key", "first"), users=("users", "max"))
    return table.assign(users_reached=float("nan"), completed="", measured_from=starts.min(), measured_to=starts.max())[
        COLUMNS
    ]


def _names(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per mode and name; the window reaches from the first start to the last end."""
    table = calls.groupby("key").agg(
        mode=("mode", "first"),
        name=("name", "first"),
        measured_from=("started_at", "min"),
        measured_to=("ended_at", "max"),
    )
    return table.assign(users=float("nan"), users_reached=float("nan"), completed="")[COLUMNS]
