"""Which levels a reader should know of: the one to run at, and where what gives out first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports import limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from reports.limit import Evidence, Limit
    from reports.slo import Gate

TOLERABLE_FAILURES = 0.01
"""A level with a larger share of failed calls is not one to run at."""
TELLING_FAILURES = 2
"""One failed call may be chance, however few there are."""
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
    """Why that one: `slo` (the highest up to which every level met it), `knee`, or `most` throughput."""
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
    advised, basis = _advised(figures, good[~good.index.isin(list(known.late))], rate, best, known)
    has_users = bool(figures["users"].notna().all())
    first = limit.first(figures, bad, known) or _flat(figures, advised, basis, known.late)
    return Conclusion(
        mode=mode,
        rate=rate,
        advised=advised,
        basis=basis,
        best=best,
        breaks=str(figures.index[bad][0]) if bad.any() else None,
        limit=first,
        main=limit.main_failure(figures, bad, known),
        rising=has_users and first is None and len(useful) > 1 and advised == useful.index[-1],
    )


def fails(figures: pd.DataFrame) -> pd.Series[bool]:
    """Which levels have more than tolerable failures."""
    return (figures["success_rate"] < 1 - TOLERABLE_FAILURES) & (figures["failed"] >= TELLING_FAILURES)


def knee(levels: pd.DataFrame, rate: str) -> str | None:
    """The level with the most throughput for its latency; None of too few levels.

    Throughput / mean latency is Kleinrock's power (1979): up to its maximum more users bring more than
    they cost in waiting, beyond it they mostly wait.
    """
    levels = levels[levels["users"].notna() & (levels["latency_ms_mean"] > 0)]
    if len(levels) < KNEE_LEVELS:
        return None
    return str((levels[rate] / levels["latency_ms_mean"]).idxmax())


def _advised(
    figures: pd.DataFrame, good: pd.DataFrame, rate: str, best: str | None, known: Evidence
) -> tuple[str | None, str]:
    if known.gate is not None and known.gate.slo.asks(str(figures["mode"].iloc[0])):
        return _highest_met(figures, known.gate, limit.excused(figures, known)), "slo"
    found = knee(good, rate)
    return (found, "knee") if found else (best, "most")


def _highest_met(figures: pd.DataFrame, gate: Gate, excused: Sequence[str]) -> str | None:
    """The highest level up to which every level that tells anything met the SLO."""
    last = None
    for key in map(str, figures.index):
        if gate.met(key):
            last = key
        elif key not in excused:
            break
    return last


def _flat(figures: pd.DataFrame, advised: str | None, basis: str, late: Sequence[str]) -> Limit | None:
    """The level after the knee that the client did not hold up."""
    if basis != "knee" or advised is None:
        return None
    beyond = [str(key) for key in figures.index[list(figures.index).index(advised) + 1 :] if key not in late]
    return limit.Limit("flat", beyond[0]) if beyond else None


def _highest(figures: pd.DataFrame, rate: str) -> str | None:
    return str(figures[rate].idxmax()) if len(figures) else None
