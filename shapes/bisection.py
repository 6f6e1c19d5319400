"""The loads that a search tries, one after the other: it doubles to the first miss, then bisects. No clock, no Locust.

What a search does next follows from the probes that it has made, and from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Verdict = Literal["met", "missed", "unclear"]

ENDS = 2
"""Probes that are kept for the end: the best load and the first miss are tried once more."""
SLACK = 1e-9


@dataclass(frozen=True)
class Probe:
    """A load that was tried."""

    load: float
    verdict: Verdict
    """On this load, by all probes of it so far."""
    leans: bool = False
    """Whether it met the target as measured, be it by chance."""

    @property
    def is_fit(self) -> bool:
        """Whether the search goes up from here. Where nothing is clear, what was measured decides."""
        return self.leans if self.verdict == "unclear" else self.verdict == "met"


@dataclass(frozen=True)
class Bracket:
    """Between which loads the limit lies, as measured; the verdict on each says how sure that is. None is no load."""

    low: float | None
    """The highest load that met the target."""
    high: float | None
    """The lowest load above it that did not."""


@dataclass(frozen=True)
class Bisection:
    """How a search goes on. `resolution` is in percent of the load, `least` the smallest step."""

    start: float
    most: float
    probes: int
    resolution: float
    least: float
    whole: bool
    """Whether loads are whole numbers."""

    def next_load(self, done: Sequence[Probe]) -> float | None:
        """What to try next; None at the end."""
        if len(done) >= self.probes:
            return None
        if not done:
            return self.start
        low, high = (bracket := self.bracket(done)).low, bracket.high
        if low is not None and high is None and low < self.most:
            return self._rounded(min(2 * low, self.most))
        if low is not None and high is not None and not self.is_fine(done) and len(done) < self.probes - ENDS:
            return self._rounded((low + high) / 2)
        tried = [probe.load for probe in done]
        return next((load for load in (low, high) if load is not None and tried.count(load) == 1), None)

    def bracket(self, done: Sequence[Probe]) -> Bracket:
        """What the probes have come to."""
        known = standings(done)
        low = max((load for load, probe in known.items() if probe.is_fit), default=None)
        above = (load for load, probe in known.items() if not probe.is_fit and (low is None or load > low))
        return Bracket(low, min(above, default=None))

    def is_fine(self, done: Sequence[Probe]) -> bool:
        """Whether the bracket is as narrow as asked for, or can be no narrower."""
        low, high = (found := self.bracket(done)).low, found.high
        return low is None or high is None or high - low <= self.step(high) * (1 + SLACK)

    def step(self, load: float) -> float:
        """The resolution at a load, in its unit."""
        return max(self.least, load * self.resolution / 100)

    def _rounded(self, load: float) -> float:
        return float(int(load)) if self.whole else float(f"{load:.6g}")


def standings(done: Sequence[Probe]) -> dict[float, Probe]:
    """What is known of each load, by its last probe."""
    return {probe.load: probe for probe in done}


def crossed(done: Sequence[Probe]) -> list[tuple[float, float]]:
    """Pairs of loads of which the lower one missed the target and the higher one met it."""
    known = sorted(standings(done).values(), key=lambda probe: probe.load)
    return [
        (lower.load, higher.load)
        for place, lower in enumerate(known)
        for higher in known[place + 1 :]
        if (lower.verdict, higher.verdict) == ("missed", "met")
    ]
