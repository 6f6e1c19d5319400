"""Quota: requests per minute, for each model, as a token bucket.

That quotas are per model is documented; that the service refills them evenly is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """Holds up to `capacity` permits and gains `per_second` of them; full at the start."""

    capacity: float
    per_second: float
    now: float
    level: float = field(init=False)

    def __post_init__(self) -> None:
        self.level = self.capacity

    def take(self, now: float) -> bool:
        """Take a permit, if there is one. `now` in seconds, never going back."""
        self.level = min(self.capacity, self.level + (now - self.now) * self.per_second)
        self.now = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


class Quota:
    """The quota of every model: `per_minute` requests, at most `burst` (or a minute's) at once."""

    def __init__(self, per_minute: float, burst: int = 0) -> None:
        self._per_second = per_minute / 60
        self._capacity = float(burst or max(1.0, per_minute))
        self._buckets: dict[str, Bucket] = {}

    def admits(self, model_id: str, now: float) -> bool:
        """Whether a call to this model is within its quota; counts it if so. A quota of 0 is none."""
        if not self._per_second:
            return True
        if model_id not in self._buckets:
            self._buckets[model_id] = Bucket(self._capacity, self._per_second, now)
        return self._buckets[model_id].take(now)
