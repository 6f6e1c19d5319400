"""How far a figure might be off by chance: intervals at 95 % for quantiles, shares and differences."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.numbers import student

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.floating]

NORMAL = NormalDist()
TAIL = 0.025
Z = NORMAL.inv_cdf(1 - TAIL)
"""The standard normal quantile of 97.5 %."""
GAP_STEP = 1e-6
"""How exactly the ends of the interval of a change are found: as a share of the figure."""
FURTHEST_Z = 37.0
"""Chances further out than this are below the smallest number."""

Interval = tuple[float, float]


@lru_cache(maxsize=4096)
def ranks(count: int, percent: float, effect: float = 1.0) -> tuple[int, int]:
    """The places, from 1, of the sorted values that enclose a quantile in 95 of 100 samples.

    For independent values (`effect` 1) exact for any continuous distribution (order statistics; Conover,
    Practical Nonparametric Statistics, 3.2): the number of values below the quantile is binomial. For values
    that depend on each other it varies more, by the design effect; see `places_below`. Place 0, or `count` + 1,
    says that so few values leave that side open.
    """
    if count == 0:
        return 0, 1
    first, masses = places_below(count, percent / 100, effect)
    below = np.cumsum(masses)
    low = first + int(np.searchsorted(below, TAIL, side="right"))
    high = first + int(np.searchsorted(below, 1 - TAIL, side="left")) + 1
    return low, min(high, count + 1)


def places_below(count: int, share: float, effect: float = 1.0) -> tuple[int, NDArray[np.float64]]:
    """How many of `count` values lie below the quantile at `share`: the first number that matters, and the
    probability of it and of each one after it.

    With a design effect D of 1 that is the binomial distribution. With more it is the beta-binomial one with
    the same mean and D times the variance (Skellam 1948): a share that itself varies as Beta(p r, (1 - p) r),
    r = (n - D) / (D - 1). D is taken as n / 2 at most: values that all move together are two at least.
    """  # noqa: D205 - a tuple needs both halves
    effect = min(max(effect, 1.0), max(count / 2, 1.0))
    mean, spread = count * share, math.sqrt(count * share * (1 - share) * effect)
    reach = 12 * spread + 40 * effect
    first, last = max(int(mean - reach), 0), min(int(mean + reach) + 1, count)
    hits = np.arange(first, last)
    if effect > 1:
        weight = (count - effect) / (effect - 1)
        odds = (hits + share * weight) / (count - 1 - hits + (1 - share) * weight)
    else:
        odds = np.full(len(hits), share / (1 - share))
    logs = np.concatenate([[0.0], np.cumsum(np.log((count - hits) / (hits + 1) * odds))])
    masses = np.exp(logs - logs.max())
    return first, masses / masses.sum()


def quantile(ordered: Values, percent: float, effect: float = 1.0) -> Interval:
    """The interval of a quantile of sorted values with a design effect; an open side is NaN.

    It holds the value of the percentile itself, which lies between two of a handful of values.
    """
    low, high = ranks(len(ordered), percent, effect)
    below = int(percent / 100 * (len(ordered) - 1)) + 1
    low, high = min(low, below), max(high, below + 1) if below < len(ordered) else high
    return (
        float(ordered[low - 1]) if low >= 1 else math.nan,
        float(ordered[high - 1]) if high <= len(ordered) else math.nan,
    )


def needed(percent: float, effect: float = 1.0) -> int:
    """How many values close the interval of a percentile on both sides: 72 for P95 of independent values."""
    high = 1
    while not is_closed(high, percent, effect):
        high *= 2
    return bisect_left(range(high), True, key=lambda count: is_closed(count, percent, effect))


def is_closed(count: int, percent: float, effect: float = 1.0) -> bool:
    """Whether the interval of a quantile of that many values has both its sides."""
    low, high = ranks(count, percent, effect)
    return low >= 1 and high <= count


def share(hits: float, count: float, z: float = Z) -> Interval:
    """Wilson's score interval of a share (Wilson 1927), by default at 95 %; NaN without a trial."""
    if not count > 0:
        return math.nan, math.nan
    part, square = hits / count, z * z
    centre = (part + square / (2 * count)) / (1 + square / count)
    half = z / (1 + square / count) * math.sqrt(part * (1 - part) / count + square / (4 * count * count))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return (0.0 if hits == 0 else low), (1.0 if hits == count else high)


def count(events: float) -> Interval:
    """The interval of the expected number of events, from the number that happened (Wilson's, for a Poisson number)."""
    centre, half = events + Z * Z / 2, Z * math.sqrt(events + Z * Z / 4)
    return max(centre - half, 0.0), centre + half


def share_difference(before: tuple[float, float], after: tuple[float, float], z: float = Z) -> Interval:
    """Newcombe's interval (1998, method 10) of the share `after` less the share `before`, each hits and count."""
    (x, n), (y, m) = before, after
    if not (n > 0 and m > 0):
        return math.nan, math.nan
    p, q = x / n, y / m
    (low_p, high_p), (low_q, high_q) = share(x, n, z), share(y, m, z)
    difference = q - p
    return (
        difference - math.hypot(q - low_q, high_p - p),
        difference + math.hypot(high_q - q, p - low_p),
    )


def share_chance(before: tuple[float, float], after: tuple[float, float]) -> float:
    """How likely so large a difference of two shares is by chance: where Newcombe's interval begins to hold 0."""
    if not (before[1] > 0 and after[1] > 0) or before[0] / before[1] == after[0] / after[1]:
        return 1.0
    low, high = 0.0, FURTHEST_Z
    while high - low > 1e-9:
        z = (low + high) / 2
        sides = share_difference(before, after, z)
        low, high = (low, z) if sides[0] <= 0 <= sides[1] else (z, high)
    return math.erfc(low / math.sqrt(2))


@dataclass(frozen=True)
class Change:
    """The relative change of a quantile: its interval, and how likely so much is by chance alone."""

    low: float
    high: float
    chance: float
    """Two-sided, 0 to 1."""


@dataclass(frozen=True)
class Sides:
    """The values of one side of a comparison, sorted, of some of which only a lower bound is known."""

    least: Values
    """Each value, or its lower bound."""
    most: Values
    """Each value; infinity where only a lower bound is known."""
    effect: float = 1.0
    """The design effect of the percentile that is compared."""

    def carries(self, percent: float, widening: float) -> bool:
        """Whether there are values enough for the percentile."""
        return is_closed(len(self.least), percent, self.effect * widening) and float(self.least[0]) > 0


def quantile_change(before: Values, after: Values, percent: float) -> Change | None:
    """The relative change of a quantile, `after` / `before` - 1, of sorted values that do not depend on each other."""
    return change(Sides(before, before), Sides(after, after), percent, None)


def change(before: Sides, after: Sides, percent: float, degrees: int | None) -> Change | None:
    """The relative change of a quantile from one side to the other.

    The true quantile lies between two neighbours of the sorted values, with the probabilities of `places_below`;
    so the distribution of the difference of two logarithms is known exactly, without drawing. As design effects
    are estimates, with `degrees` of freedom, the normal quantiles behind the interval and the chance give way to
    those of Student's t. None where either side has too few values for the quantile, or is not above 0.
    """
    widening = 1.0 if degrees is None else (student.quantile(2 * TAIL, degrees) / Z) ** 2
    if not (before.carries(percent, widening) and after.carries(percent, widening)):
        return None
    wide_before, wide_after = (_laws(side, percent, widening) for side in (before, after))
    if math.isinf(
        max(_greatest_gap(wide_before.least, wide_after.least), _greatest_gap(wide_after.least, wide_before.least))
    ):
        return None
    low = -_greatest_gap(wide_before.most, wide_after.least)
    high = _greatest_gap(wide_after.most, wide_before.least)
    old, new = (_laws(side, percent, 1.0, is_open=False) for side in (before, after))
    rarer = min(_chance_above(old.most, new.least), _chance_above(new.most, old.least))
    chance = min(2 * max(rarer, _least_chance(before, after)), 1.0)
    return Change(math.expm1(low), math.expm1(high), chance if degrees is None else student_chance(chance, degrees))


def student_chance(chance: float, degrees: int) -> float:
    """The chance of as large a difference where its standard error is an estimate with `degrees` of freedom."""
    z = -NORMAL.inv_cdf(chance / 2) if chance > 0 else FURTHEST_Z
    return student.two_sided(min(z, FURTHEST_Z), degrees)


def holm(chances: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which of several tests are significant together (Holm 1979)."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found = [False] * len(chances)
    for step, place in enumerate(order):
        if chances[place] > level / (len(chances) - step):
            break
        found[place] = True
    return found


class _Law(NamedTuple):
    """Where the logarithm of a quantile lies: in the middle between two neighbours, with the probability `masses`.

    The spans beyond the sample are open for an interval, and count against its bounds. For the chance that two equal
    runs differ as much they end with the sample.
    """

    middles: NDArray[np.float64]
    """Ascending; the first and the last may be infinite."""
    masses: NDArray[np.float64]
    above: NDArray[np.float64]
    """How likely it lies at each of the middles or above; one more, 0, behind them."""


class _Laws(NamedTuple):
    """Where a quantile lies at least, and at most."""

    least: _Law
    most: _Law


def _least_chance(before: Sides, after: Sides) -> float:
    """How likely all values of one sample are above all of the other where both are of the same kind.

    That is one of all the ways to deal out n + m values, with as many as the design effects leave.
    """
    n, m = (max(len(side.least) / max(side.effect, 1.0), 1.0) for side in (before, after))
    return math.exp(math.lgamma(n + 1) + math.lgamma(m + 1) - math.lgamma(n + m + 1))


def _laws(side: Sides, percent: float, widening: float, *, is_open: bool = True) -> _Laws:
    first, masses = places_below(len(side.least), percent / 100, side.effect * widening)
    least = _law(side.least, first, masses, is_open=is_open)
    return _Laws(least, least if side.most is side.least else _law(side.most, first, masses, is_open=is_open))


def _law(ordered: Values, first: int, masses: NDArray[np.float64], *, is_open: bool) -> _Law:
    """The spans beyond the sample end nowhere if they are open, else at its ends."""
    own = np.log(ordered[max(first - 1, 0) : first + len(masses)].astype("float64"))
    below = [-math.inf if is_open else own[0]] if first == 0 else []
    above = [math.inf if is_open else own[-1]] if first + len(masses) > len(ordered) else []
    ends = np.concatenate([below, own, above])
    return _Law((ends[:-1] + ends[1:]) / 2, masses, np.append(np.cumsum(masses[::-1])[::-1], 0.0))


def _chance_above(one: _Law, other: _Law, gap: float = 0.0) -> float:
    """How likely `one` is at or above `other` by a gap."""
    return float(other.masses @ one.above[np.searchsorted(one.middles, other.middles + gap, side="left")])


def _greatest_gap(one: _Law, other: _Law) -> float:
    """The upper bound at 97.5 % of how far `one` is above `other`; infinity if it has none."""
    tops, bottoms = (law.middles[np.isfinite(law.middles)] for law in (one, other))
    if not len(tops) or not len(bottoms):
        return math.inf
    low, high = float(tops[0] - bottoms[-1]) - 1, float(tops[-1] - bottoms[0]) + 1
    if _chance_above(one, other, high) > TAIL:
        return math.inf
    while high - low > GAP_STEP:
        middle = (low + high) / 2
        low, high = (middle, high) if _chance_above(one, other, middle) > TAIL else (low, middle)
    return high
