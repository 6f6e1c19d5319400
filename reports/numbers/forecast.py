"""At which load each quota is used up, and levels that used more of one than it carries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers import intervals
from reports.reading.windows import USERS

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from reports.numbers.quota import Quota

FULL_PERCENT = 100
LENIENT_PERCENT = 120
"""So much of a quota for a minute without a throttle says that the quota is another: bursts explain less."""
MINUTE_S = 60
"""Quotas are per minute: a level that is shorter may run above them on what earlier minutes left."""
SLIGHT_SHARE = 0.01
"""So small a share of throttled calls still hides that a quota is used up."""

MOST_RATIO = 2.0
"""A load that is known no better than to this factor is no forecast."""
DRAWS, SEED = 400, 20261128
"""Resamples of the counts behind a forecast; the seed is fixed, so that two reports of a run say the same."""


@dataclass(frozen=True)
class Forecast:
    """At which load of a mode a quota is used up, with what others used of it before the load."""

    mode: str
    quota: str
    """One of `Quota.names`."""
    load: float | None
    """None if more users bring no more load, or throttling keeps it from being reached."""
    basis: str
    """`between` two neighbouring levels; `beyond` the last, by the line from the first to the last; `origin`, by the
    line from no load to the one level; `full` if the levels do not grow, or throttling ends their growth."""
    keys: tuple[str, ...]
    """The level or levels that it is reckoned from, by load; of `full` the one that used most."""
    is_sure: bool
    """Whether the calls counted, a sample, leave the load within a factor of `MOST_RATIO` (95 %)."""


@dataclass(frozen=True)
class Overuse:
    """A level that used more of a quota than it carries, without being throttled for it."""

    quota: str
    """The one of which it used most."""
    percent: float
    """What the run used of it."""
    low_percent: float
    """The lower end of its interval at 95 %, as the calls counted are a sample."""
    others_percent: float = 0.0
    """What others used of it before the load: the quota is theirs, too."""

    @property
    def sure(self) -> bool:
        """Whether it is above the quota by more than chance; else it is about at it."""
        return self.low_percent + self.others_percent > FULL_PERCENT


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
        shares = {name: float(found.used(name)[key]) + found.others.get(name, 0.0) for name in real}
        name = max(shares, key=lambda one: shares[one], default="")
        if name and shares[name] > FULL_PERCENT:
            percent, calls = float(found.used(name)[key]), float(found.table["accepted"][key])
            low = percent * intervals.count(calls)[0] / calls if calls else 0.0
            levels[key] = Overuse(name, percent, low, found.others.get(name, 0.0))
    return levels


def forecasts(found: Quota, figures: pd.DataFrame) -> list[Forecast]:
    """For each mode and each quota that is known, the one that breaks first before the other.

    None from the parts of a profile: each begins with what the one before left in flight and used of the minute.
    """
    rows = figures[figures["load"].notna() & figures["part"].isna()]
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
    percent = _as_asked(found, levels, found.used(name)[levels.index])
    levels, percent = levels[percent > 0], percent[percent > 0]
    if levels.empty:
        return None
    over = [place for place, value in enumerate(percent) if value >= found.room(name)]
    if over:
        places = [over[0] - 1, over[0]] if over[0] else [0]
        return _of_levels(found, levels.iloc[places], percent.iloc[places], name, "between" if over[0] else "origin")
    return _beyond(found, levels, percent, name)


def _as_asked(found: Quota, levels: pd.DataFrame, percent: pd.Series[float]) -> pd.Series[float]:
    """The shares at the loads themselves: in an open loop a window has more or fewer calls than asked, by chance."""
    if not found.is_direct:
        return percent
    came = found.table["requests_per_min"][levels.index] + found.table["throttled_per_min"][levels.index]
    return percent.where(levels["unit"] == USERS, percent * 60 * levels["load"] / came)


def _beyond(found: Quota, levels: pd.DataFrame, percent: pd.Series[float], name: str) -> Forecast:
    """No level used the quota up: the line through the first calm one and the last, if no level contradicts it.

    Neighbours are closer to where it leads, but so close to each other that chance turns the line.
    """
    calm = levels[found.table["throttled_share"][levels.index] == 0]
    quiet = calm.iloc[[0, -1]] if len(calm) > 1 else calm
    if not quiet.empty:
        made = _of_levels(found, quiet, percent[quiet.index], name, "beyond" if len(quiet) > 1 else "origin")
        if made.load is not None and made.load > float(levels["load"].iloc[-1]):
            return made
    return Forecast(str(levels["mode"].iloc[0]), name, None, "full", (str(percent.idxmax()),), is_sure=True)


def _of_levels(found: Quota, levels: pd.DataFrame, percent: pd.Series[float], name: str, basis: str) -> Forecast:
    """By the line through two levels, or through one and the origin; sure if chance moves it within a factor of two."""
    loads = levels["load"].to_numpy().astype("float64")
    if name == "requests" and found.is_direct and (levels["unit"] != USERS).all():
        drawn = np.array([found.most(name) or math.nan]) / 60 * found.room(name) / FULL_PERCENT
        return _made(levels, name, basis, float(drawn[0]), drawn)
    calls = np.maximum(found.table["accepted"][levels.index].to_numpy(), 1)
    factors = np.random.default_rng(SEED).gamma(calls, 1 / calls, (DRAWS, len(calls)))
    used = percent.to_numpy().astype("float64")
    room = found.room(name)
    at = float(_crossing(loads, used[None, :], room)[0])
    # Between two levels it is somewhere there: what is not known is how much each of them used.
    drawn = (at * factors).ravel() if basis == "between" else _crossing(loads, used * factors, room)
    return _made(levels, name, basis, at, drawn)


def _made(levels: pd.DataFrame, name: str, basis: str, at: float, drawn: NDArray[np.float64]) -> Forecast:
    low, high = np.quantile(drawn, [intervals.TAIL, 1 - intervals.TAIL], method="nearest")
    keys = tuple(map(str, levels.index))
    load = at if math.isfinite(at) else None
    return Forecast(str(levels["mode"].iloc[0]), name, load, basis, keys, is_sure=bool(high <= MOST_RATIO * low))


def _crossing(loads: NDArray[np.float64], used: NDArray[np.float64], room: float) -> NDArray[np.float64]:
    """Where each line reaches this share: all that others leave.

    A row of shares at these loads is a line; infinity for one that does not rise.
    """
    if len(loads) == 1:
        one: NDArray[np.float64] = loads[0] * room / used[:, 0]
        return one
    rise = used[:, 1] - used[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = loads[0] + (loads[1] - loads[0]) * (room - used[:, 0]) / rise
    crossings: NDArray[np.float64] = np.where((rise > 0) & (loads[1] > loads[0]), found, np.inf)
    return crossings
