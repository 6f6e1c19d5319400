"""Which levels a reader should know of: the one to run at, and where what gives out first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.numbers import limit
from reports.numbers.failures import fails

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.numbers.forecast import Overuse
    from reports.numbers.limit import Evidence, Limit
    from reports.numbers.slo import Gate

KNEE_LEVELS = 3
"""Of fewer levels no knee can be told."""


@dataclass(frozen=True)
class Conclusion:
    """The telling levels of one mode, as keys of the table of figures; None if there is no such level."""

    mode: str
    rate: str
    """The column that ranks the levels: output tokens per second, or requests if no tokens are known."""
    advised: str | None
    """The level to run at."""
    basis: str
    """Why that one: `slo` (the highest up to which every level met it), `knee`, `most` throughput, or
    `quota`: the highest, or the most, that the quotas carry, where the other would be above them."""
    met: str | None
    """The highest level up to which every level met the SLO, whatever the quotas; None without one."""
    over: Overuse | None
    """What the first level used that only its short window let run above a quota."""
    over_at: str | None
    """That level; neither it nor one above it is advised."""
    best: str | None
    """The highest rate among levels with tolerable failures; among all if there is none such."""
    breaks: str | None
    """The first level, by users, with more than tolerable failures."""
    limit: Limit | None
    """What gave out first."""
    main: Limit | None
    """What most failures were, if some level failed too much."""
    rising: bool
    """Whether the advised level is also the last of several: the limit was not found."""


def conclusions(figures: pd.DataFrame, known: Evidence) -> list[Conclusion]:
    """One conclusion for each mode that measured anything, streaming first."""
    measured = figures[figures["ok"] + figures["failed"] > 0]
    by_mode = [(mode, measured[measured["mode"] == mode]) for mode in measured["mode"].unique()]
    return [conclude(mode, rows, known) for mode, rows in by_mode]


def conclude(mode: str, figures: pd.DataFrame, known: Evidence) -> Conclusion:
    """The telling ones of these levels, all of one mode and with ended calls, in order of users."""
    rate = "output_tokens_per_s" if (figures["output_tokens_per_s"] > 0).any() else "requests_per_s"
    useful = figures[(figures["ok"] > 0) & figures[rate].notna()]
    bad = fails(figures)
    good = useful[useful.index.isin(figures.index[~bad])]
    best = _highest(good, rate) or _highest(useful, rate)
    sound = good[~good.index.isin(list(known.late))]
    wanted, basis = _wanted(figures, sound, rate, best, known)
    over = known.over(figures)
    carried = _below(figures, over)
    advised = _carried(wanted, sound, carried, rate, known.gate if basis == "slo" else None)
    knee_at = advised if basis == "knee" and advised == wanted else None
    has_users = bool(figures["users"].notna().all())
    first = limit.first(figures, bad, known) or _flat(figures, knee_at, known.late)
    return Conclusion(
        mode=mode,
        rate=rate,
        advised=advised,
        basis=basis if advised == wanted else "quota",
        met=wanted if basis == "slo" else None,
        over=known.overused[over] if over else None,
        over_at=over,
        best=best,
        breaks=str(figures.index[bad][0]) if bad.any() else None,
        limit=first,
        main=limit.main_failure(figures, bad, known),
        rising=has_users and first is None and len(useful) > 1 and advised == useful.index[-1],
    )


def knee(levels: pd.DataFrame, rate: str) -> str | None:
    """The level with the most throughput for its latency; None of too few levels.

    Throughput / mean latency is Kleinrock's power (1979): up to its maximum more users bring more than
    they cost in waiting, beyond it they mostly wait.
    """
    levels = levels[levels["users"].notna() & (levels["latency_ms_mean"] > 0)]
    if len(levels) < KNEE_LEVELS:
        return None
    return str((levels[rate] / levels["latency_ms_mean"]).idxmax())


def _wanted(
    figures: pd.DataFrame, good: pd.DataFrame, rate: str, best: str | None, known: Evidence
) -> tuple[str | None, str]:
    if known.gate is not None and known.gate.slo.asks(str(figures["mode"].iloc[0])):
        return _highest_met(figures, known.gate, limit.excused(figures, known)), "slo"
    found = knee(good, rate)
    return (found, "knee") if found else (best, "most")


def _below(figures: pd.DataFrame, over: str | None) -> list[str]:
    """The levels below the first that was above a quota; all, if none was."""
    keys = [str(key) for key in figures.index]
    return keys if over is None else keys[: keys.index(over)]


def _carried(
    wanted: str | None, good: pd.DataFrame, carried: Sequence[str], rate: str, gate: Gate | None
) -> str | None:
    """The level that is wanted, or else the best of those that the quotas carry; by an SLO the highest of them."""
    if wanted is None or wanted in carried:
        return wanted
    if gate is not None:
        return next((key for key in reversed(carried) if gate.met(key)), None)
    return _highest(good[good.index.isin(list(carried))], rate)


def _highest_met(figures: pd.DataFrame, gate: Gate, excused: Sequence[str]) -> str | None:
    """The highest level up to which every level that tells anything met the SLO."""
    last = None
    for key in map(str, figures.index):
        if gate.met(key):
            last = key
        elif key not in excused:
            break
    return last


def _flat(figures: pd.DataFrame, knee_at: str | None, late: Sequence[str]) -> Limit | None:
    """The level after the knee that the client did not hold up."""
    if knee_at is None:
        return None
    beyond = [str(key) for key in figures.index[list(figures.index).index(knee_at) + 1 :] if key not in late]
    return limit.Limit("flat", beyond[0]) if beyond else None


def _highest(figures: pd.DataFrame, rate: str) -> str | None:
    return str(figures[rate].idxmax()) if len(figures) else None
