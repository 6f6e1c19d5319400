"""How often an interval holds the true percentile, and how often equal runs are called different.

`python benchmarks/coverage.py` prints the tables of benchmarks/README.md: simulated windows of calls whose service
has good and bad moments. `--replicates 1000` makes them finer; the seeds are fixed.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers import intervals, student
from reports.numbers import sample as of_report
from reports.numbers.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Changing = Callable[[Sample, Sample, float], intervals.Change | None]
    Widening = Callable[[Sample, float], float]

MEDIAN_S = 1.2
"""The median latency of the simulated service."""
SPREAD = 0.5
"""The standard deviation of the logarithm of its latencies."""
STEP_S = 0.1
"""How often the state of the service changes."""
SETTLE_S = 20.0
"""Before the window, the users lose their common start."""
PERCENTS = (50, 95)
LEVELS = 5
"""Levels in each run that is compared."""
TRUTH_WINDOWS = 60
TRUTH_S = 3_000.0


@dataclass(frozen=True)
class Noise:
    """A service whose state, an AR(1) process, moves the latencies of all its calls together."""

    share: float
    """The part of the variance of the log-latency that all calls have in common, 0 to 1."""
    memory_s: float
    """The time after which the correlation of that state with itself has fallen to 1 / e."""
    users: int = 8
    """Users that call one after the other (closed loop)."""

    def windows(self, generator: np.random.Generator, window_s: float, count: int) -> list[tuple[Floats, Floats]]:
        """The calls that start in this number of windows: starts from the opening, and latencies, in seconds."""
        state = self._states(generator, SETTLE_S + window_s, count)
        rows, now = np.arange(count)[:, None], generator.uniform(0, MEDIAN_S, (count, self.users))
        starts, latencies = [], []
        while (now < SETTLE_S + window_s).any():
            common = state[np.minimum((now / STEP_S).astype(int), len(state) - 1), rows]
            own = generator.standard_normal(now.shape)
            latency_s = MEDIAN_S * np.exp(SPREAD * (math.sqrt(self.share) * common + math.sqrt(1 - self.share) * own))
            starts.append(now - SETTLE_S)
            latencies.append(latency_s)
            now = now + latency_s
        started, lasted = np.concatenate(starts, axis=1), np.concatenate(latencies, axis=1)
        inside = (started >= 0) & (started < window_s)
        return [(began[chosen], took[chosen]) for began, took, chosen in zip(started, lasted, inside, strict=True)]

    def _states(self, generator: np.random.Generator, length_s: float, count: int) -> Floats:
        kept = math.exp(-STEP_S / self.memory_s)
        states = generator.standard_normal((int(length_s / STEP_S) + 1, count))
        for before, now in pairwise(states):
            now[:] = kept * before + math.sqrt(1 - kept * kept) * now
        return states

    def truth(self) -> dict[int, float]:
        """The percentiles of very many calls."""
        found = self.windows(np.random.default_rng(0), TRUTH_S, TRUTH_WINDOWS)
        return {
            percent: float(np.percentile(np.concatenate([took for _, took in found]), percent)) for percent in PERCENTS
        }


def sample(starts: Floats, latencies: Floats, window_s: float) -> Sample:
    """A sample as the report makes it of a level."""
    order = np.argsort(latencies)
    return Sample(latencies[order], of_report.parts(starts, (0.0, window_s))[order])


def independent(_: Sample, __: float) -> float:
    """Computed as if calls did not depend on each other."""
    return 1.0


def of_blocks(count: int) -> Widening:
    """Batch means: the design effect from that many blocks of the window, with the uncertainty of that many."""
    widening = (student.quantile(2 * intervals.TAIL, count - 1) / intervals.Z) ** 2

    def widened(found: Sample, percent: float) -> float:
        upto = int(np.searchsorted(found.ordered, found.at(percent), side="right"))
        block = found.parts.astype(int) * count // of_report.PARTS
        hits, counts = (np.bincount(part, minlength=count) for part in (block[:upto], block))
        share = upto / len(found)
        apart = float(((hits - share * counts) ** 2).sum()) / (len(found) * share * (1 - share))
        return widening * max(count / (count - 1) * apart, 1.0)

    return widened


METHODS: dict[str, Widening] = {
    "independent": independent,
    "10 blocks": of_blocks(10),
    "5 blocks": of_blocks(5),
    "report": Sample.widened_effect,
}


def coverage(noise: Noise, window_s: float, method: Widening, replicates: int, seed: int = 1) -> dict[int, float]:
    """How many of the intervals of each percentile hold the true one, 0 to 1; an open side holds everything."""
    truth, held = noise.truth(), dict.fromkeys(PERCENTS, 0)
    for starts, latencies in noise.windows(np.random.default_rng(seed), window_s, replicates):
        found = sample(starts, latencies, window_s)
        for percent in PERCENTS:
            low, high = intervals.quantile(found.ordered, percent, method(found, percent))
            held[percent] += not (low > truth[percent] or high < truth[percent])
    return {percent: count / replicates for percent, count in held.items()}


def false_verdicts(noise: Noise, window_s: float, replicates: int, change: Changing, seed: int = 2) -> float:
    """How many comparisons of two equal runs of `LEVELS` call any percentile of any level different, 0 to 1."""
    windows = iter(noise.windows(np.random.default_rng(seed), window_s, 2 * LEVELS * replicates))
    wrong = 0
    for _ in range(replicates):
        pairs = [(sample(*next(windows), window_s), sample(*next(windows), window_s)) for _ in range(LEVELS)]
        changes = [change(before, after, percent) for before, after in pairs for percent in PERCENTS]
        wrong += any(intervals.holm([found.chance for found in changes if found is not None]))
    return wrong / replicates


def as_if_independent(before: Sample, after: Sample, percent: float) -> intervals.Change | None:
    """The change, computed as if calls did not depend on each other."""
    return intervals.quantile_change(before.ordered, after.ordered, percent)


def main() -> None:
    """Print both tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=500, help="windows in each cell, default: 500")
    replicates = parser.parse_args().replicates
    print(*_coverage_table(replicates), "", *_verdict_table(replicates // 2), sep="\n")


def _cells() -> Iterator[tuple[Noise, float]]:
    """The grid: independent calls, then share, memory, users and window."""
    for window_s in (60.0, 300.0):
        yield Noise(0, 1), window_s
    for share, memory_s, users, window_s in product((0.1, 0.2, 0.4), (1, 5, 15), (2, 8, 32), (60.0, 300.0)):
        if (share == 0.2) + (memory_s == 5) + (users == 8) >= 2:
            yield Noise(share, memory_s, users), window_s


def _coverage_table(replicates: int) -> Iterator[str]:
    yield f"| common share | memory | users | window | {' | '.join(METHODS)} |"
    yield "|" + "---|" * (4 + len(METHODS))
    for noise, window_s in _cells():
        cells = [coverage(noise, window_s, method, replicates) for method in METHODS.values()]
        shown = [" / ".join(f"{100 * value:.0f}" for value in cell.values()) for cell in cells]
        yield f"| {noise.share:.0%} | {noise.memory_s:g} s | {noise.users} | {window_s:g} s | {' | '.join(shown)} |"


def _verdict_table(replicates: int) -> Iterator[str]:
    yield "| common share | memory | users | window | independent | report |"
    yield "|" + "---|" * 6
    for noise, window_s in _cells():
        cells = [false_verdicts(noise, window_s, replicates, rule) for rule in (as_if_independent, of_report.change)]
        shown = " | ".join(f"{100 * cell:.0f} %" for cell in cells)
        yield f"| {noise.share:.0%} | {noise.memory_s:g} s | {noise.users} | {window_s:g} s | {shown} |"


if __name__ == "__main__":
    main()
