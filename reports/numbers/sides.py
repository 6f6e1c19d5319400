"""The two sides of a comparison: one run each, or several that were made alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reports.numbers import rate, sample
from reports.numbers.trials import trials
from reports.reading.windows import USERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from reports.numbers.analysis import Analysis
    from reports.numbers.rate import Rate
    from reports.numbers.sample import Sample
    from reports.numbers.trials import Trials

Level = tuple[str, Any]
"""A mode, and users or, in an open loop or a run without levels, a name."""


class Bound(NamedTuple):
    """A figure, or its lower bound."""

    value: float
    is_least: bool


@dataclass(frozen=True)
class Side:
    """One side of a comparison."""

    runs: Sequence[Analysis]
    _samples: dict[tuple[Level, str], list[Sample]] = field(default_factory=dict, repr=False)
    """Those that were asked for."""

    @cached_property
    def keys(self) -> dict[Level, list[str]]:
        """The levels in which calls ended in every run, even if all of them failed -> their keys, run by run."""
        first, *others = (_keys(run) for run in self.runs)
        return {
            level: [key, *(other[level] for other in others)]
            for level, key in first.items()
            if all(level in other for other in others)
        }

    @cached_property
    def _figures(self) -> list[dict[str, dict[str, Any]]]:
        """Run by run, level by level."""
        return [
            {str(key): {str(name): value for name, value in row.items()} for key, row in figures.items()}
            for figures in (run.figures.to_dict("index") for run in self.runs)
        ]

    def row(self, level: Level) -> pd.Series[Any]:
        """The figures of a level in the first run."""
        return self.runs[0].level(self.keys[level][0])

    def rows(self, levels: Sequence[Level]) -> pd.DataFrame:
        """The figures of some levels in the first run."""
        return self.runs[0].figures.loc[[self.keys[level][0] for level in levels]]

    def each(self, level: Level, column: str) -> list[float]:
        """One figure of a level, run by run."""
        pairs = zip(self._figures, self.keys[level], strict=True)
        return [float(figures[key][column]) for figures, key in pairs]

    def figure(self, level: Level, column: str) -> float:
        """One figure of a level; of several runs their mean, that of the logarithms where all are above 0."""
        return mean(self.each(level, column))

    def samples(self, level: Level, metric: str) -> list[Sample]:
        """The values of a metric, run by run, those of calls that failed after a long time among them."""
        if (level, metric) not in self._samples:
            pairs = zip(self.runs, self.keys[level], strict=True)
            self._samples[level, metric] = [sample.with_slow_failures(run.levels, key, metric) for run, key in pairs]
        return self._samples[level, metric]

    def percentile(self, level: Level, metric: str, percent: float) -> Bound:
        """A percentile of a metric; of several runs their geometric mean."""
        samples = self.samples(level, metric)
        return Bound(
            mean([one.at(percent) for one in samples]), is_least=any(one.is_longer(percent) for one in samples)
        )

    def rates(self, level: Level) -> list[Rate]:
        """Output tokens per second, run by run."""
        return [rate.rate(run.levels, key) for run, key in zip(self.runs, self.keys[level], strict=True)]

    def trials(self, level: Level) -> list[Trials]:
        """Successes, run by run."""
        return [trials(run.levels, key) for run, key in zip(self.runs, self.keys[level], strict=True)]

    def answers(self, level: Level) -> NDArray[np.floating]:
        """The output tokens of each successful call of all runs that has a count."""
        pairs = zip(self.runs, self.keys[level], strict=True)
        return np.concatenate([run.levels.sample(key, "output_tokens") for run, key in pairs])

    def later_text(self, level: Level) -> float:
        """The share of successful calls whose first text came later than their first token, 0 to 1; NaN of none."""
        pairs = list(zip(self.runs, self.keys[level], strict=True))
        first, text = (
            np.concatenate([run.levels.values(key, metric) for run, key in pairs])
            for metric in ("ttft_ms", "first_text_ms")
        )
        known = ~np.isnan(first)
        return float((text[known] > first[known]).mean()) if known.any() else math.nan

    @cached_property
    def most_tokens(self) -> set[float | None]:
        """What the runs allowed an answer to have: `test.max_tokens`."""
        return {run.run.number("settings", "test", "max_tokens") for run in self.runs}


def mean(values: Sequence[float]) -> float:
    """The geometric mean, of figures that are not all above 0 the arithmetic one; NaN of none."""
    if not values:
        return math.nan
    return float(np.exp(np.log(values).mean()) if min(values) > 0 else np.mean(values))


def _keys(run: Analysis) -> dict[Level, str]:
    ended = run.figures[run.figures["ok"] + run.figures["failed"] > 0]
    ends = zip(ended["name"], ended["rate_from_per_s"], ended["rate_to_per_s"], strict=True)
    # A part of a profile has its rates in its key: the second part of another run may be another load.
    names = ended["name"].where(ended["part"].isna(), [f"{name} {first:g} {last:g}" for name, first, last in ends])
    columns = (ended["mode"], ended["load"], ended["unit"], names, ended.index)
    return {
        (mode, name if math.isnan(load) or unit != USERS else load): str(key)
        for mode, load, unit, name, key in zip(*columns, strict=True)
    }
