"""Which levels a reader should know of: the best one, and where calls begin to fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

TOLERABLE_FAILURES = 0.01
"""A level with a larger share of failed calls is not one to run at."""


@dataclass(frozen=True)
class Conclusion:
    """The telling levels of one mode, as keys of the table of figures; None if there is no such level."""

    mode: str
    rate: str
    """The column that ranks the levels: output tokens per second, or requests if no tokens are known."""
    best: str | None
    """The highest rate among levels with tolerable failures; among all if there is none such."""
    more: str | None
    """A level with a higher rate than the best, but with too many failures."""
    breaks: str | None
    """The first level, by users, with more than tolerable failures."""
    rising: bool
    """Whether the best level is also the last of several: the limit was not found."""


def conclusions(figures: pd.DataFrame) -> list[Conclusion]:
    """One conclusion for each mode that measured anything, streaming first."""
    measured = figures[figures["ok"] + figures["failed"] > 0]
    return [conclude(mode, measured[measured["mode"] == mode]) for mode in measured["mode"].unique()]


def conclude(mode: str, figures: pd.DataFrame) -> Conclusion:
    """The telling ones of these levels, all of one mode and with ended calls, in order of users."""
    rate = "output_tokens_per_s" if (figures["output_tokens_per_s"] > 0).any() else "requests_per_s"
    useful = figures[(figures["ok"] > 0) & figures[rate].notna()]
    bad = figures["success_rate"] < 1 - TOLERABLE_FAILURES
    good = useful[useful.index.isin(figures.index[~bad])]
    best, most = _highest(good, rate) or _highest(useful, rate), _highest(useful, rate)
    has_users = bool(figures["users"].notna().all())
    return Conclusion(
        mode=mode,
        rate=rate,
        best=best,
        more=most if most != best else None,
        breaks=str(figures.index[bad][0]) if bad.any() else None,
        rising=has_users and len(useful) > 1 and best == useful.index[-1],
    )


def _highest(figures: pd.DataFrame, rate: str) -> str | None:
    return str(figures[rate].idxmax()) if len(figures) else None
