"""Which levels a reader should know of: the one to run at, and where what gives out first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.numbers import limit
from reports.numbers.failures import failing
from reports.numbers.ramp import NO_CAPACITY, is_ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.numbers.forecast import Overuse
    from reports.numbers.limit import Evidence, Limit
    from reports.numbers.slo import Gate

COVERED_SHARE = 0.99
"""This share of the successes needs token counts to rank levels by tokens."""


@dataclass(frozen=True)
class Conclusion:
    """The telling levels of one mode, as keys of the table of figures; None if there is no such level."""

    mode: str
    group: str
    """The user class; empty for the stock ones."""
    rate: str
    """The column that ranks the levels: output tokens per second, or requests if no tokens are known."""
    advised: str | None
    """The level to run at."""
    basis: str
    """Why that one: `search` (what it found), `slo` (the highest up to which every level met it), `knee` (see there),
    `most` throughput (always of a profile or a ramp, whose parts are no steps of load), or `quota`: the highest, or
    the most, that the quotas carry, where the other would be above them."""
    knee: tuple[str, ...]
    """The knee, if it stands out from chance: one level, or the two neighbours between which it lies."""
    met: str | None
    """The highest level up to which every level met the SLO, whatever the quotas; None without one."""
    over: Overuse | None
    """What the first level used that only its short window let run above a quota."""
    over_at: str | None
    """That level; neither it nor one above it is advised."""
    best: str | None
    """The highest rate among levels with tolerable failures; among all if there is none such."""
    breaks: str | None
    """The first level, by load, with more than tolerable failures."""
    limit: Limit | None
    """What gave out first."""
    main: Limit | None
    """What most failures were, if some level failed too much."""
    is_last: bool
    """Whether no level above the advised one, or above the knee, is without problems."""
    rising: bool
    """Whether the advised level is the last and has more throughput than the one before, by more than chance.

    Not where the load generator was the limit: a higher load would show no more of the service.
    """


def conclusions(figures: pd.DataFrame, known: Evidence) -> list[Conclusion]:
    """One conclusion for each mode and user class that measured anything, streaming first."""
    measured = figures[figures["ok"] + figures["failed"] > 0]
    groups = list(dict.fromkeys(zip(measured["mode"], measured["group"], strict=True)))
    return [
        conclude(mode, group, measured[(measured["mode"] == mode) & (measured["group"] == group)], known)
        for mode, group in groups
    ]


def conclude(mode: str, group: str, figures: pd.DataFrame, known: Evidence) -> Conclusion:
    """The telling ones of these levels, all of one mode and with ended calls, in order of load."""
    rate = _rate(figures)
    useful = figures[(figures["ok"] > 0) & figures[rate].notna() & ~figures.index.isin(list(known.other_loads))]
    bad = failing(figures, known.tolerable)
    good = useful[~useful.index.isin([*bad, *known.unanswered])]
    best = _highest(good, rate) or _highest(useful, rate)
    sound = good[~good.index.isin(list(known.late))]
    is_profile = bool(figures["part"].notna().any())
    has_loads = bool(figures["load"].notna().all()) and not is_profile
    knee = known.growth.knee(sound, rate) if has_loads else ()
    wanted, basis = (best, "most") if is_profile else _wanted(figures, knee, best, known)
    over = known.over(figures)
    carried = _carried_levels(figures, over, known)
    advised = _carried(wanted, sound, carried, rate, known.gate if basis == "slo" else None)
    advised = wanted if basis == "search" or is_profile else advised
    at_knee = basis == "knee" and advised == wanted
    first = limit.first(figures, bad, known) or (_flat(sound, knee) if at_knee else None)
    main = limit.main_failure(figures, bad, known)
    if is_ramp(figures).any():
        first, main = (None if one is not None and one.category == NO_CAPACITY else one for one in (first, main))
    if basis == "search" and first is not None and first.kind == "slo":
        first = None  # what the search found says it
    top = knee[-1] if at_knee else advised or ""
    last_two = [str(key) for key in useful.index[-2:]]
    is_top = len(last_two) > 1 and _is_top(advised, last_two[1], figures, known)
    grows = is_top and known.growth.grows(figures, last_two[0], last_two[1], rate)
    return Conclusion(
        mode=mode,
        group=group,
        rate=rate,
        advised=advised,
        basis=basis if advised == wanted else "quota",
        knee=knee,
        met=wanted if basis == "slo" else None,
        over=known.overused[over] if over else None,
        over_at=over,
        best=best,
        breaks=bad[0] if bad else None,
        limit=first,
        main=main,
        is_last=bool(top) and not set(_above(figures, top)) & set(sound.index),
        rising=has_loads and basis != "search" and first is None and grows,
    )


def _is_top(advised: str | None, last: str, figures: pd.DataFrame, known: Evidence) -> bool:
    """Whether the advised level is the last, of all levels too, and the load generator was not the limit there."""
    return advised == last == str(figures.index[-1]) and last not in known.late


def _rate(figures: pd.DataFrame) -> str:
    """What ranks the levels: output tokens, if nearly all successes of every level have counts, else requests."""
    ok = figures[figures["ok"] > 0]
    covered = ok["output_tokens_count"] >= COVERED_SHARE * ok["ok"]
    has_tokens = bool((figures["output_tokens_per_s"] > 0).any())
    return "output_tokens_per_s" if has_tokens and covered.all() else "requests_per_s"


def _wanted(figures: pd.DataFrame, knee: Sequence[str], best: str | None, known: Evidence) -> tuple[str | None, str]:
    if (group := str(figures["group"].iloc[0] or figures["mode"].iloc[0])) in known.searched:
        found = known.searched[group]
        return (found if found in figures.index else None), "search"
    if known.gate is not None and known.gate.slo.asks(str(figures["mode"].iloc[0])):
        return _highest_met(figures, known), "slo"
    return (knee[0], "knee") if knee else (best, "most")


def _carried_levels(figures: pd.DataFrame, over: str | None, known: Evidence) -> list[str]:
    """The levels below the first that was above a quota, be it by chance; all, if none was surely above one."""
    keys = [str(key) for key in figures.index]
    above = [place for place, key in enumerate(keys) if key in known.overused]
    return keys if over is None else keys[: above[0]]


def _carried(
    wanted: str | None, good: pd.DataFrame, carried: Sequence[str], rate: str, gate: Gate | None
) -> str | None:
    """The level that is wanted, or else the best of those that the quotas carry; by an SLO the highest of them."""
    if wanted is None or wanted in carried:
        return wanted
    if gate is not None:
        return next((key for key in reversed(carried) if gate.met(key)), None)
    return _highest(good[good.index.isin(list(carried))], rate)


def _highest_met(figures: pd.DataFrame, known: Evidence) -> str | None:
    """The highest level up to which every level that tells anything met the SLO, with real answers."""
    excused, last = limit.excused(figures, known), None
    for key in map(str, figures.index):
        if known.gate is not None and known.gate.met(key) and key not in known.unanswered:
            last = key
        elif key not in excused:
            break
    return last


def _flat(sound: pd.DataFrame, knee: Sequence[str]) -> Limit | None:
    """The next of the levels that the knee was told from: the throughput of a level that failed is no evidence."""
    beyond = _above(sound, knee[-1])
    return limit.Limit("flat", beyond[0], before=knee[-1]) if beyond else None


def _above(figures: pd.DataFrame, key: str) -> list[str]:
    keys = [str(one) for one in figures.index]
    return keys[keys.index(key) + 1 :]


def _highest(figures: pd.DataFrame, rate: str) -> str | None:
    return str(figures[rate].idxmax()) if len(figures) else None
