"""What gave out first in a mode, and what most of its failures were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.numbers.failures import TOLERABLE_FAILURES, by_frequency, is_shown
from reports.numbers.quota import THROTTLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from reports.numbers.forecast import Overuse
    from reports.numbers.growth import Growth
    from reports.numbers.quota import Quota
    from reports.numbers.slo import Gate


@dataclass(frozen=True)
class Limit:
    """What gave out, and where."""

    kind: str
    """`throttled`, `failures`, `slo` or `flat` (more load brings less than it costs); never what the client caused."""
    key: str
    """The level from which on it did."""
    category: str = ""
    """Of the failures, if it was these."""
    before: str = ""
    """Of `flat`, the level that it is held against: the knee, or the higher one of two."""
    quota: str = ""
    """Of throttling, the quota that most likely caused it: `requests`, `tokens`, or empty if that is not known."""


@dataclass(frozen=True)
class Evidence:
    """What is known of levels besides their figures."""

    gate: Gate | None
    late: Sequence[str]
    """The levels that the client held up."""
    failures: pd.DataFrame
    """See `failures.by_level`."""
    overused: Mapping[str, Overuse]
    """See `forecast.overused`."""
    quota: Quota
    message: str
    """What the service said when it throttled."""
    growth: Growth
    unanswered: Sequence[str]
    """The levels with more than tolerable answers that are none."""
    searched: Mapping[str, str | None]
    """The level that a search found, by mode; None if it found none."""
    other_loads: Mapping[str, float] = field(default_factory=dict)
    """The levels that did not have the load that they ask for; see `arrivals.other_loads`."""

    @property
    def tolerable(self) -> float:
        """The share of failed calls, 0 to 1, that a level may have."""
        return self.gate.slo.tolerable_failures if self.gate else TOLERABLE_FAILURES

    def over(self, figures: pd.DataFrame) -> str | None:
        """The first of these levels that only its short window let run above a quota, by more than chance."""
        return next((key for key in map(str, figures.index) if key in self.overused and self.overused[key].sure), None)

    def failure(self, key: str, category: str = "") -> Limit:
        """A level that failed, by its most frequent category if none is given."""
        category = category or next(iter(by_frequency(self.failures, key)), "")
        if category == THROTTLED:
            return Limit("throttled", key, category, quota=self.quota.tighter(key, self.message))
        return Limit("failures", key, category)


def first(figures: pd.DataFrame, bad: Sequence[str], known: Evidence) -> Limit | None:
    """The first trouble, by load, in the measured levels of a mode; `bad` are those that fail too much.

    Failures have to be more than chance explains, and more than at the levels below. A level that the client held up
    tells nothing of the service.
    """
    for key in map(str, figures.index):
        if key in bad and is_shown(figures, key, known.tolerable):
            return known.failure(key)
        if key in known.late or known.gate is None:
            continue
        if known.gate.met(key) is False and known.gate.clearly_missed(key):
            return Limit("slo", key)
    return None


def excused(figures: pd.DataFrame, known: Evidence) -> list[str]:
    """The levels that the client held up although it bore a higher one: they tell nothing, neither good nor bad."""
    sound = [place for place, key in enumerate(figures.index) if key not in known.late]
    return [str(key) for key in figures.index[: max(sound, default=0)] if key in known.late]


def main_failure(figures: pd.DataFrame, bad: Sequence[str], known: Evidence) -> Limit | None:
    """What most failures of a mode were, from the first level on in which it was; None if no level failed too much."""
    rows = known.failures[known.failures.index.isin(figures.index)]
    counts = rows.groupby("error")["measured"].sum().sort_index()
    if not bad or not counts.any():
        return None
    category = str(counts.idxmax())
    mostly = [key for key in bad if by_frequency(known.failures, key)[:1] == [category]]
    any_ = [key for key in figures.index if category in by_frequency(known.failures, key)]
    return known.failure(str((mostly or any_)[0]), category)
