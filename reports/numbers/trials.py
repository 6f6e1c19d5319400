"""The calls of a level as trials that succeed or fail, and how far they depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.numbers import intervals, sample, student

if TYPE_CHECKING:
    from reports.reading.levels import Levels

WIDE_Z = student.quantile(2 * intervals.TAIL, sample.WAVES)
"""Student's quantile of 97.5 %, as a design effect is an estimate from `WAVES` squares: 2.447."""


class Trials(NamedTuple):
    """How many calls of a level succeeded, how many ended, and the design effect of the share."""

    hits: float
    calls: float
    effect: float

    @property
    def effective(self) -> tuple[float, float]:
        """Successes and calls, as many as the dependence of the calls on each other leaves."""
        return self.hits / self.effect, self.calls / self.effect

    def interval(self) -> intervals.Interval:
        """Wilson's interval of the success rate, 0 to 1, with the effective number of calls; NaN of no call.

        Where all calls succeeded, or none, nothing tells how far they depend on each other: it is that of independent
        ones.
        """
        is_mixed = 0 < self.hits < self.calls
        return intervals.share(*self.effective, WIDE_Z if is_mixed else intervals.Z)


def trials(levels: Levels, key: str) -> Trials:
    """The calls of a level that ended."""
    calls = list(levels.ended(key))
    if not calls:
        return Trials(0.0, 0.0, 1.0)
    places = np.concatenate([sample.parts(block["started_at"].to_numpy(), levels.window(key)) for block in calls])
    hits = np.concatenate([(block["error"] == "").to_numpy() for block in calls])
    by_part = [np.bincount(part, minlength=sample.PARTS) for part in (places[hits], places)]
    return Trials(float(hits.sum()), float(len(hits)), sample.design_effect(*by_part))
