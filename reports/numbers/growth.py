"""How throughput and power grow from level to level, with what chance there is in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers.sample import parts

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from reports.reading.levels import Levels

BLOCKS = 10
"""A window is cut into this number of parts of equal length: calls of one part depend on each other."""
DRAWS = 2000
SEED = 20251124
"""Fixed, so that two reports of a run say the same."""
LEAST_CALLS, LEAST_BLOCKS = 10, 5
"""Of fewer measured calls, or in fewer parts of the window, nothing is said of growth."""
WIDENING = 1.28
"""t_9 / z x sqrt((10 + 1) / (10 - 1)): ten weighted parts vary less than ten drawn ones, and ten are few."""
STABLE_SHARE = 0.9
"""This share of the resamples must agree on a knee."""
SURE_SHARE = 0.975
"""This share must show growth."""
KNEE_LEVELS = 3
"""A knee needs at least this number of levels."""


@dataclass(frozen=True)
class Growth:
    """Resampled throughputs of the levels of a run."""

    levels: Levels
    _drawn: dict[tuple[str, str], NDArray[np.float64] | None] = field(default_factory=dict, repr=False)

    def tells(self, key: str, rate: str) -> bool:
        """Whether a level has calls enough to say anything of its throughput."""
        return self.factors(key, rate) is not None

    def factors(self, key: str, rate: str) -> NDArray[np.float64] | None:
        """By what the throughput of a level (a column of figures) would be another in `DRAWS` resamples.

        A Bayesian bootstrap (Rubin 1981) of the parts of the window: with as many calls in flight, throughput is
        the mean yield of a call over its mean latency. None of too few calls.
        """
        if (key, rate) not in self._drawn:
            self._drawn[key, rate] = self._draw(key, rate)
        return self._drawn[key, rate]

    def _draw(self, key: str, rate: str) -> NDArray[np.float64] | None:
        started_at, latency_ms = self.levels.values(key, "started_at"), self.levels.values(key, "latency_ms")
        yields = self.levels.values(key, "output_tokens") if rate == "output_tokens_per_s" else np.ones(len(started_at))
        known = ~np.isnan(yields)
        started_at, latency_ms, yields = started_at[known], latency_ms[known].astype("float64"), yields[known]
        if len(yields) < LEAST_CALLS or not yields.sum() > 0:
            return None
        part = parts(started_at, self.levels.window(key), BLOCKS)
        sums = np.array([np.bincount(part, weights, BLOCKS) for weights in (yields, latency_ms)])
        sums = sums[:, sums[1] > 0]
        if sums.shape[1] < LEAST_BLOCKS:
            return None
        place = list(self.levels.table.index).index(key)
        weights = np.random.default_rng([SEED, place]).exponential(size=(DRAWS, sums.shape[1]))
        drawn = (weights @ sums[0]) / (weights @ sums[1]) / (sums[0].sum() / sums[1].sum())
        widened: NDArray[np.float64] = np.maximum(1 + WIDENING * (drawn - 1), 0.01)
        return widened

    def grows(self, figures: pd.DataFrame, before: str, after: str, rate: str) -> bool:
        """Whether a level has more throughput than another by more than chance."""
        low, high = self.factors(before, rate), self.factors(after, rate)
        if low is None or high is None:
            return False
        more = figures[rate][after] * high > figures[rate][before] * low
        return bool(more.mean() >= SURE_SHARE)

    def knee(self, figures: pd.DataFrame, rate: str) -> tuple[str, ...]:
        """The level with the most power, the two neighbours between which it lies, or none of these for sure.

        Power is X²/L, the throughput over the mean time of a call (Kleinrock 1979; L, the mean number of calls in
        flight, is X times that time, Little 1961): up to its maximum more load brings more than it costs in
        waiting. `figures` are the levels to choose from, by load.
        """
        keys = [str(key) for key in figures.index if self.tells(str(key), rate) and figures["in_flight"][key] > 0]
        if len(keys) < KNEE_LEVELS:
            return ()
        rates, in_flight = (figures.loc[keys, name].to_numpy() for name in (rate, "in_flight"))
        best = int((rates**2 / in_flight).argmax())
        factors = np.column_stack([found for key in keys if (found := self.factors(key, rate)) is not None])
        winners = ((rates * factors) ** 2 / in_flight).argmax(axis=1)
        shares = np.bincount(winners, minlength=len(keys)) / DRAWS
        if shares[best] >= STABLE_SHARE:
            return (keys[best],)
        pairs = [place for place in (best - 1, best) if 0 <= place < len(keys) - 1]
        place = max(pairs, key=lambda place: shares[place] + shares[place + 1])
        sure = shares[place] + shares[place + 1] >= STABLE_SHARE
        return (keys[place], keys[place + 1]) if sure else ()
