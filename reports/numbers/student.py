"""Student's t distribution with a whole number of degrees of freedom, in closed form."""

from __future__ import annotations

import math
from functools import lru_cache

MOST_DEGREES = 400
"""With more degrees of freedom than this, the normal distribution is as good."""


def two_sided(t: float, degrees: int) -> float:
    """The chance of a value at least as far from 0 as `t`: Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(abs(t) / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    start, first = (1, cosine) if degrees % 2 else (0, 1.0)
    total, term = 0.0, first
    for step in range(start + 2, degrees + 1, 2):
        total, term = total + term, term * cosine * cosine * (step - 1) / step
    inside = 2 / math.pi * (angle + sine * total) if degrees % 2 else sine * total
    return max(1 - inside, 0.0)


@lru_cache(maxsize=1024)
def quantile(chance: float, degrees: int) -> float:
    """The `t` that is exceeded on either side with this chance in all, 0 to 1: `quantile(0.05, 9)` is 2.262."""
    low, high = 0.0, 1.0
    while two_sided(high, degrees) > chance:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if two_sided(middle, degrees) > chance else (low, middle)
    return high
