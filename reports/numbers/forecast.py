"""At which load each quota is used up, and levels that used more of one than it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.numbers import intervals

if TYPE_CHECKING:
    import pandas as pd

    from reports.numbers.quota import Quota

FULL_PERCENT = 100
LENIENT_PERCENT = 120
"""So much of a quota for a minute without a throttle says that the quota is another: bursts explain less."""
MINUTE_S = 60
"""Quotas are per minute: a level that is shorter may run above them on what earlier minutes left."""
SLIGHT_SHARE = 0.01
"""So small a share of throttled calls still hides that a quota is used up."""


@dataclass(frozen=True)
class Forecast:
    """At which load of a mode a quota is used up."""

    mode: str
    quota: str
    """One of `Quota.names`."""
    load: float | None
    """None if more users bring no more load, or throttling keeps it from being reached."""
    basis: str
    """`between` two neighbouring levels; `beyond` the last two, by their line; `origin`, by the line from no users to
    the one level; `full` if the levels do not grow, or throttling ends their growth."""
    keys: tuple[str, ...]
    """The level or levels that it is reckoned from, by load; of `full` the one that used most."""


@dataclass(frozen=True)
class Overuse:
    """A level that used more of a quota than it carries, without being throttled for it."""

    quota: str
    """The one of which it used most."""
    percent: float
    low_percent: float
    """The lower end of its interval at 95 %, as the calls counted are a sample."""

    @property
    def sure(self) -> bool:
        """Whether it is above the quota by more than chance; else it is about at it."""
        return self.low_percent > FULL_PERCENT


def lenient(found: Quota, figures: pd.DataFrame) -> dict[str, str]:
    """Quotas that cannot be the real ones -> the first level that shows it."""
    calm = figures[(found.table["throttled_share"] == 0) & (figures["window_s"].round() >= MINUTE_S)]
    shown = {name: calm.index[found.used(name)[calm.index] > LENIENT_PERCENT] for name in found.names}
    return {name: str(keys[0]) for name, keys in shown.items() if len(keys)}


def overused(found: Quota, figures: pd.DataFrame) -> dict[str, Overuse]:
    """The levels that only their short window let run above a quota, or about at it."""
    real = [name for name in found.refusing if name not in lenient(found, figures)]
    short = (figures["window_s"].round() < MINUTE_S) & (found.table["throttled_share"] <= SLIGHT_SHARE)
    levels: dict[str, Overuse] = {}
    for key in map(str, figures.index[short & figures["load"].notna()]):
        percent, name = max(((float(found.used(name)[key]), name) for name in real), default=(0.0, ""))
        if percent > FULL_PERCENT:
            calls = float(found.table["accepted"][key])
            levels[key] = Overuse(name, percent, percent * intervals.count(calls)[0] / calls if calls else 0.0)
    return levels


def forecasts(found: Quota, figures: pd.DataFrame) -> list[Forecast]:
    """For each mode and each quota that is known, the one that breaks first before the other."""
    rows = figures[figures["load"].notna()]
    unreal = lenient(found, figures)
    every: list[Forecast] = []
    for mode in rows["mode"].unique():
        levels = rows[rows["mode"] == mode].sort_values("load")
        of_mode = [_forecast(found, levels, name) for name in found.names if name not in unreal]
        known = [one for one in of_mode if one is not None]
        every += sorted(known, key=lambda one: (one.load is None, one.load))
    return every


def _forecast(found: Quota, levels: pd.DataFrame, name: str) -> Forecast | None:
    """None if nothing is known of the quota in these levels of a mode."""
    percent = found.used(name)[levels.index]
    levels, percent = levels[percent > 0], percent[percent > 0]
    if levels.empty:
        return None
    loads = levels["load"]
    over = [place for place, value in enumerate(percent) if value >= FULL_PERCENT]
    if over and over[0]:
        at, keys = _crossing(loads, percent, over[0]), _keys(levels, over[0])
        return Forecast(str(levels["mode"].iloc[0]), name, at, "between", keys)
    if over:
        at = float(loads.iloc[0]) * FULL_PERCENT / float(percent.iloc[0])
        return Forecast(str(levels["mode"].iloc[0]), name, at, "origin", (str(levels.index[0]),))
    return _beyond(levels, percent, found.table["throttled_share"][levels.index] == 0, name)


def _beyond(levels: pd.DataFrame, percent: pd.Series[float], calm: pd.Series[bool], name: str) -> Forecast:
    """No level used the quota up: the line through the last two calm ones, if no level contradicts it."""
    mode, loads = str(levels["mode"].iloc[0]), levels["load"]
    quiet = [place for place, is_calm in enumerate(calm) if is_calm]
    at = None
    if len(quiet) > 1:
        at = _crossing(loads.iloc[quiet], percent.iloc[quiet], len(quiet) - 1)
    elif quiet:
        at = float(loads.iloc[quiet[0]]) * FULL_PERCENT / float(percent.iloc[quiet[0]])
    if at is None or at <= float(loads.iloc[-1]):
        return Forecast(mode, name, None, "full", (str(percent.idxmax()),))
    keys = tuple(str(levels.index[place]) for place in quiet[-2:])
    return Forecast(mode, name, at, "beyond" if len(keys) > 1 else "origin", keys)


def _crossing(loads: pd.Series[float], percent: pd.Series[float], place: int) -> float | None:
    """Where the line through a level and the one before it reaches 100 %; None if it does not rise."""
    (low, high), (before, after) = loads.iloc[place - 1 : place + 1], percent.iloc[place - 1 : place + 1]
    if not (after > before and high > low):
        return None
    return float(low + (high - low) * (FULL_PERCENT - before) / (after - before))


def _keys(levels: pd.DataFrame, place: int) -> tuple[str, ...]:
    return tuple(str(key) for key in levels.index[place - 1 : place + 1])
