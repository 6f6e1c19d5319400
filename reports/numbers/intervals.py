"""How far a figure might be off by chance: intervals at 95 % for quantiles, shares and differences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import count as count_from
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Values = NDArray[np.floating]

Z = 1.959963984540054
"""The standard normal quantile of 97.5 %."""
TAIL = 0.025
DRAWS = 20_000
SEEDS = (20251124, 20251125)
"""Fixed, so that two reports of a run say the same."""

Interval = tuple[float, float]


@lru_cache(maxsize=4096)
def ranks(count: int, percent: float) -> tuple[int, int]:
    """The places, from 1, of the sorted values that enclose a quantile in 95 of 100 samples.

    Exact for any continuous distribution (order statistics; Conover, Practical Nonparametric
    Statistics, 3.2): the number of values below the quantile is binomial. Place 0, or `count` + 1,
    says that so few values leave that side open.
    """
    if count == 0:
        return 0, 1
    first, masses = _binomial(count, percent / 100)
    below = np.cumsum(masses)
    low = first + int(np.searchsorted(below, TAIL, side="right"))
    high = first + int(np.searchsorted(below, 1 - TAIL, side="left")) + 1
    return low, min(high, count + 1)


def _binomial(count: int, share: float) -> tuple[int, NDArray[np.float64]]:
    """The first number of hits that matters, and the probability of it and each one after it."""
    mean, spread = count * share, math.sqrt(count * share * (1 - share))
    first, last = max(int(mean - 12 * spread - 12), 0), min(int(mean + 12 * spread + 12), count)
    hits = np.arange(first, last)
    steps = np.log((count - hits) / (hits + 1)) + math.log(share / (1 - share))
    logs = np.concatenate([[0.0], np.cumsum(steps)])
    masses = np.exp(logs - logs.max())
    return first, masses / masses.sum()


def quantile(ordered: Values, percent: float) -> Interval:
    """The interval of a quantile of sorted values; an open side is NaN."""
    low, high = ranks(len(ordered), percent)
    return (
        float(ordered[low - 1]) if low >= 1 else math.nan,
        float(ordered[high - 1]) if high <= len(ordered) else math.nan,
    )


def share(hits: float, count: float) -> Interval:
    """Wilson's score interval of a share (Wilson 1927); NaN without a trial."""
    if not count > 0:
        return math.nan, math.nan
    part, square = hits / count, Z * Z
    centre = (part + square / (2 * count)) / (1 + square / count)
    half = Z / (1 + square / count) * math.sqrt(part * (1 - part) / count + square / (4 * count * count))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)
    return (0.0 if hits == 0 else low), (1.0 if hits == count else high)


def share_difference(before: tuple[float, float], after: tuple[float, float]) -> Interval:
    """Newcombe's interval (1998, method 10) of the share `after` less the share `before`, each hits and count."""
    (x, n), (y, m) = before, after
    if not (n > 0 and m > 0):
        return math.nan, math.nan
    p, q = x / n, y / m
    (low_p, high_p), (low_q, high_q) = share(x, n), share(y, m)
    difference = q - p
    return (
        difference - math.hypot(q - low_q, high_p - p),
        difference + math.hypot(high_q - q, p - low_p),
    )


@dataclass(frozen=True)
class Change:
    """The relative change of a quantile: its interval, and how likely so much is by chance alone."""

    low: float
    high: float
    chance: float
    """Two-sided, 0 to 1."""


def quantile_change(before: Values, after: Values, percent: float) -> Change | None:
    """The relative change of a quantile, `after` / `before` - 1, of sorted values.

    A bootstrap, but without the drawing of samples: the quantile of a sample of n drawn from n sorted
    values is the one at the place where a Beta(r, n - r + 1) number falls, r being its rank. Each side
    is drawn with either seed and held against the other side with the other one, so that nothing
    depends on which of the two is called `before`: swapped, the logarithms of the ratios change their
    signs, and no more. None where either side has too few values for the quantile (see `ranks`), or
    is not above 0.
    """
    if not all(_carries(values, percent) for values in (before, after)):
        return None
    (old, other_old), (new, other_new) = (_drawn(values, percent) for values in (before, after))
    ratios = np.sort(np.concatenate([new - other_old, other_new - old]))
    cut = round(TAIL * len(ratios))
    rarer = min((ratios <= 0).sum(), (ratios >= 0).sum())
    low, high = math.expm1(ratios[cut]), math.expm1(ratios[-1 - cut])
    return Change(low, high, min(2 * float(rarer + 1) / (len(ratios) + 1), 1.0))


def needed(percent: float) -> int:
    """How many values a change of this percentile needs on each side."""
    return next(count for count in count_from(1) if _is_closed(count, percent))


def holm(chances: Sequence[float], level: float = 0.05) -> list[bool]:
    """Which of several tests are significant together (Holm 1979)."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found = [False] * len(chances)
    for step, place in enumerate(order):
        if chances[place] > level / (len(chances) - step):
            break
        found[place] = True
    return found


def _carries(ordered: Values, percent: float) -> bool:
    return _is_closed(len(ordered), percent) and float(ordered[0]) > 0


def _is_closed(count: int, percent: float) -> bool:
    """Whether the interval of a quantile of so many values has both its sides."""
    low, high = ranks(count, percent)
    return low >= 1 and high <= count


def _drawn(ordered: Values, percent: float) -> list[NDArray[np.float64]]:
    """Logarithms of quantiles, half of `DRAWS` with each of the seeds."""
    count = len(ordered)
    rank = min(max(math.ceil(percent / 100 * count), 1), count)
    places = [np.random.default_rng(seed).beta(rank, count - rank + 1, DRAWS // 2) * count for seed in SEEDS]
    return [np.log(ordered[np.minimum(place.astype(np.int64), count - 1)].astype("float64")) for place in places]
