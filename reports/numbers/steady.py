"""Whether a level was steady: latency that drifts, a slow start without warm-up, calls too long for the level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from reports.numbers.sample import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.reading.levels import Levels

PARTS = 10
LEAST_CALLS = 5
"""In each part, for its median to say anything."""
MOST_Z = 2.58
"""Beyond it, 1 of 100 steady levels drifts by chance."""
MOST_CHANGE = 0.25
"""A smaller change over the window is no reason for doubt."""
MOST_LATE_SHARE = 0.25
"""This share of the calls may end after their window."""


@dataclass(frozen=True)
class Drift:
    """Latency that rises or falls in the course of a window."""

    change: float
    """Of the median latency from the start to the end of the window, as a share of its middle."""


def drift(levels: Levels, key: str) -> Drift | None:
    """The drift of a level that is shown; None if there is none, or too few calls to see one.

    Mann and Kendall's test (Kendall 1975) on the median latencies of ten equal parts of the window, and the slope of
    Theil (1950) and Sen (1968) through them.
    """
    medians = _medians(levels, key)
    if medians is None:
        return None
    z = mann_kendall(medians)
    slopes = [(medians[after] - medians[before]) / (after - before) for before, after in combinations(range(PARTS), 2)]
    change = float(np.median(slopes)) * PARTS / float(np.median(medians))
    return Drift(change) if abs(z) > MOST_Z and abs(change) > MOST_CHANGE else None


def mann_kendall(values: Sequence[float] | NDArray[np.floating]) -> float:
    """The z of Mann and Kendall's test for a trend."""
    count = len(values)
    score = sum(int(np.sign(values[after] - values[before])) for before, after in combinations(range(count), 2))
    spread = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return float((score - np.sign(score)) / spread)


def slow_start(levels: Levels, key: str) -> float | None:
    """By what share the first tenth of a window differs from the rest in median latency; None if not by enough.

    Of independent calls like the others, half are above the median of the rest.
    """
    values, part = _latencies(levels, key)
    first, rest = values[part == 0], values[part > 0]
    if len(first) < LEAST_CALLS or len(rest) < LEAST_CALLS:
        return None
    middle = float(np.median(rest))
    above, spread = float((first > middle).sum()), math.sqrt(len(first)) / 2
    change = float(np.median(first)) / middle - 1 if middle > 0 else 0.0
    is_other = abs(above - len(first) / 2) > MOST_Z * spread
    return change if is_other and abs(change) > MOST_CHANGE else None


def late_share(levels: Levels, key: str) -> tuple[float, float]:
    """The share of the measured calls that ended after their window, and the mean length of a call in seconds."""
    _, closed_at = levels.window(key)
    late = count = 0
    length_s = 0.0
    for calls in levels.ended(key):
        lasted_s = calls["latency_ms"].to_numpy().astype("float64") / 1000
        late += int((calls["started_at"].to_numpy() + lasted_s > closed_at).sum())
        count, length_s = count + len(calls), length_s + float(lasted_s.sum())
    return (late / count, length_s / count) if count else (0.0, 0.0)


def needed_s(levels: Levels, key: str) -> float | None:
    """How long a level would have to be for few enough of its calls to end after it; None if it is long enough.

    By the mean length of its calls. Where that would be no longer than the level, its last calls were longer than
    others: by how many of them there were.
    """
    share, length_s = late_share(levels, key)
    opened_at, closed_at = levels.window(key)
    if not share > MOST_LATE_SHARE:
        return None
    enough_s, window_s = length_s / MOST_LATE_SHARE, closed_at - opened_at
    return enough_s if enough_s > window_s else share * window_s / MOST_LATE_SHARE


def _medians(levels: Levels, key: str) -> NDArray[np.float64] | None:
    values, part = _latencies(levels, key)
    if len(values) < PARTS * LEAST_CALLS or np.bincount(part, minlength=PARTS).min() < LEAST_CALLS:
        return None
    return np.array([np.median(values[part == number]) for number in range(PARTS)], dtype="float64")


def _latencies(levels: Levels, key: str) -> tuple[NDArray[np.floating], NDArray[np.int8]]:
    """The latencies of the successes of a level, and in which part of the window each call started."""
    return levels.values(key, "latency_ms"), parts(levels.values(key, "started_at"), levels.window(key), PARTS)
