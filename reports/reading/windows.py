"""The table of levels: when each was measured, by `levels.csv`, or else by the calls themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.reading.blocks import alike, blocks, ended_at

if TYPE_CHECKING:
    from numpy.typing import NDArray

USERS, RATE = "users", "rate"
"""What a load is: concurrent users, or arrivals per second."""
ARRIVALS = ("arrivals_due", "arrivals_dropped", "arrivals_missed")
PART = ("part", "rate_from_per_s", "rate_to_per_s")
"""Of a part of a profile or a step of a ramp: its number, and the rates at its start and at its end."""
COLUMNS = [
    *("mode", "group", "name", "load", "unit", "users_reached", "completed", "measured_from", "measured_to"),
    *ARRIVALS,
    *PART,
    "kind",
]
NO_ARRIVALS: dict[str, Any] = {**dict.fromkeys((*ARRIVALS, *PART), float("nan")), "kind": ""}
SEEN = {
    "mode": "first",
    "name": "first",
    "load": "max",
    "first_start": "min",
    "last_end": "max",
    "first_measured": "min",
    "last_measured": "max",
}
"""What calls tell of their level -> how it is put together."""


def told(known: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """The levels of `levels.csv` and those that only their calls tell of; open windows are closed."""
    rate = known["rate_per_s"]
    known = known.assign(
        name=known["level"], load=rate.fillna(known["users"]), unit=np.where(rate.notna(), RATE, USERS)
    )
    table = known.set_index("key")[COLUMNS]
    keys = [key for (key,) in alike(calls, ["key"], np.ones(len(calls), dtype=bool)) if key]
    lost = [key for key in keys if key not in table.index]
    if not lost and table["measured_to"].notna().all():
        return _closed(table, pd.Series(dtype="float64"))
    seen = _seen(calls, calls["key"].isin([*lost, *table.index[table["measured_to"].isna()]]).to_numpy())
    if lost:
        table = pd.concat([table, _guessed(seen.loc[lost])]) if len(table) else _guessed(seen.loc[lost])
    return _closed(table, seen["last_end"])


def as_replayed(table: pd.DataFrame) -> pd.DataFrame:
    """The levels of a replay, whose load is what was due in their windows, not the mean of the whole trace."""
    due_per_s = table["arrivals_due"] / (table["measured_to"] - table["measured_from"])
    known = due_per_s.where(due_per_s > 0).dropna()
    rounded = known.map(lambda rate: float(f"{rate:.3g}"))
    return table.assign(load=rounded.reindex(table.index).fillna(table["load"]))


def named(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per mode and name; the window reaches from the first start to the last end."""
    seen = _seen(calls, np.ones(len(calls), dtype=bool))
    seen = seen.assign(load=float("nan"), unit="", users_reached=float("nan"), completed="", group="", **NO_ARRIVALS)
    return seen.assign(measured_from=seen["first_start"], measured_to=seen["last_end"])[COLUMNS]


def _closed(table: pd.DataFrame, last_end: pd.Series[float]) -> pd.DataFrame:
    """The levels with their windows; one that is open ends where the last call of its level did."""
    closed_at = table["measured_to"].fillna(last_end.reindex(table.index).astype("float64"))
    return table.assign(measured_to=closed_at.where(closed_at > table["measured_from"]))


def _guessed(seen: pd.DataFrame) -> pd.DataFrame:
    """Levels made from their calls: the window reaches from the first measured start to the last one."""
    window = {"measured_from": seen["first_measured"], "measured_to": seen["last_measured"]}
    return seen.assign(
        name=seen.index, users_reached=float("nan"), completed="", group="", unit=USERS, **window, **NO_ARRIVALS
    )[COLUMNS]


def _seen(calls: pd.DataFrame, chosen: NDArray[np.bool_]) -> pd.DataFrame:
    """What the calls chosen tell of their levels; the index is the key. Times are Unix seconds."""
    parts = [_part(calls.iloc[block][chosen[block]]) for block in blocks(len(calls))]
    if not parts:
        parts = [_part(calls)]
    return pd.concat(parts).groupby(level="key").agg(SEEN)


def _part(calls: pd.DataFrame) -> pd.DataFrame:
    texts = {column: calls[column].astype("str") for column in ("key", "mode", "name")}
    users = pd.to_numeric(calls["users"].astype("str"), errors="coerce").astype("float64")
    times = {"first_start": calls["started_at"], "last_end": pd.Series(ended_at(calls), index=calls.index)}
    measured = calls["started_at"].where(calls["phase"] == "measure")
    table = pd.DataFrame({**texts, **times, "load": users.where(users.abs() < np.inf)})
    return table.assign(first_measured=measured, last_measured=measured).groupby("key").agg(SEEN)
