"""A run over time, in a bounded number of points: its buckets of time double in width as the run grows."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bedrock_locust.histogram import Histogram
from bedrock_locust.live.tokens import token_span_s
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.call import Call

MOST_BUCKETS = 300
WINDOW_S = 5
"""Width of a bucket at first: a percentile of one second would be that of a few calls."""
PERCENTS = (50, 95, 99)
RECENT_S = 60
"""The calls of this many seconds say how long calls take at present."""


@dataclass(slots=True)
class Bucket:
    """What happened in a span of time. A call's end decides where it counts; its tokens and its duration are spread."""

    ok: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    tokens: float = 0.0
    busy_s: float = 0.0
    """Seconds that calls were in flight, all calls together."""
    users: int | None = None
    longest_s: float = 0.0
    ttft_ms: Histogram = field(default_factory=Histogram)
    latency_ms: Histogram = field(default_factory=Histogram)
    _quantiles: tuple[int, dict[str, float]] = (0, {})

    def merge(self, other: Bucket) -> None:
        """Take in the bucket that follows."""
        self.ok += other.ok
        self.failures += other.failures
        self.tokens += other.tokens
        self.busy_s += other.busy_s
        self.longest_s = max(self.longest_s, other.longest_s)
        self.users = other.users if self.users is None else max(self.users, other.users or 0)
        self.ttft_ms.merge(other.ttft_ms.counts)
        self.latency_ms.merge(other.latency_ms.counts)
        self._quantiles = (0, {})

    def quantiles(self) -> dict[str, float]:
        """Percentiles of TTFT and latency, computed anew only after a new call."""
        if self._quantiles[0] != self.ok:
            figures = {
                f"{name}_p{percent}": round(value, 1)
                for name, sketch in (("ttft", self.ttft_ms), ("latency", self.latency_ms))
                for percent in PERCENTS
                if (value := sketch.quantile(percent / 100)) is not None
            }
            self._quantiles = (self.ok, figures)
        return self._quantiles[1]


class Timeline:
    """Buckets from the start of a run on, each `width_s` wide."""

    def __init__(self, started_at: float | None = None, width_s: int = WINDOW_S) -> None:
        self.started_at = clock.wall_at() if started_at is None else started_at
        self.width_s = width_s
        self._buckets = [Bucket()]

    def add(self, call: Call, now: float | None = None) -> None:
        """Count a call. Where the clock of its worker is wrong it counts at the edge of what has been."""
        now = clock.wall_at() if now is None else now
        start, end = self._clamp(call.started_at, now), self._clamp(call.started_at + call.latency_ms / 1000, now)
        bucket = self._at(end)
        bucket.longest_s = max(bucket.longest_s, call.latency_ms / 1000)
        for index, seconds in self._spread(start, end):
            self._buckets[index].busy_s += seconds
        if call.ok:
            self._add_success(bucket, call, start, end)
        elif not call.cancelled:
            bucket.failures[call.error] += 1

    def _add_success(self, bucket: Bucket, call: Call, start: float, end: float) -> None:
        bucket.ok += 1
        bucket.latency_ms.add(call.latency_ms)
        if call.ttft_ms is not None:
            bucket.ttft_ms.add(call.ttft_ms)
        if not call.output_tokens:
            return
        first, last = (min(end, start + after_s) for after_s in token_span_s(call))
        if last <= first:
            self._at(last).tokens += call.output_tokens
            return
        for index, seconds in self._spread(first, last):
            self._buckets[index].tokens += call.output_tokens * seconds / (last - first)

    def observe(self, users: int, now: float | None = None) -> None:
        """Note how many users are running."""
        bucket = self._at(clock.wall_at() if now is None else now)
        bucket.users = max(bucket.users or 0, users)

    def points(self, until: float, *, running: bool) -> Iterator[dict[str, Any]]:
        """A point for each bucket up to a time: rates per second, times in ms, `t` in Unix ms.

        What is spread over a call is known when the call is over: while the run goes on, `tokens_per_s` and
        `in_flight` are None where calls of the present length may still be in flight.
        """
        settled = until - self._recent_longest_s() if running else math.inf
        for index, bucket in enumerate(self._buckets):
            start = self.started_at + index * self.width_s
            width = min(self.width_s, until - start)
            if width < (self.width_s if running else 0.5):
                return
            spread = start + self.width_s <= settled
            yield {
                "t": round(start * 1000),
                "users": bucket.users,
                "requests_per_s": round(bucket.ok / width, 3),
                "tokens_per_s": round(bucket.tokens / width, 1) if spread else None,
                "in_flight": round(bucket.busy_s / width, 2) if spread else None,
                **bucket.quantiles(),
            }

    def rates(self, until: float) -> tuple[float, float] | None:
        """Successes and output tokens per second from the start to a time; None where no time has passed.

        Of a bucket that the time cuts, its share counts.
        """
        length = until - self.started_at
        if length <= 0:
            return None
        shares = [min(1.0, max(0.0, length / self.width_s - index)) for index in range(len(self._buckets))]
        ok = sum(bucket.ok * share for bucket, share in zip(self._buckets, shares, strict=True))
        tokens = sum(bucket.tokens * share for bucket, share in zip(self._buckets, shares, strict=True))
        return ok / length, tokens / length

    def failures(self) -> Iterator[dict[str, Any]]:
        """Failures per second of each category, in the buckets that have any."""
        for index, bucket in enumerate(self._buckets):
            at = round((self.started_at + index * self.width_s) * 1000)
            for category, count in sorted(bucket.failures.items()):
                yield {
                    "t": at,
                    "to": at + self.width_s * 1000,
                    "category": category,
                    "per_s": round(count / self.width_s, 3),
                }

    def _recent_longest_s(self) -> float:
        recent = self._buckets[-max(1, RECENT_S // self.width_s) :]
        return max(bucket.longest_s for bucket in recent)

    def _clamp(self, at: float, now: float) -> float:
        return max(self.started_at, min(at, now))

    def _at(self, at: float) -> Bucket:
        """The bucket of a time. Makes the buckets up to it, and doubles the width of all where there are too many."""
        index = self._index(at)
        while index >= MOST_BUCKETS:
            self._coarsen()
            index = self._index(at)
        while index >= len(self._buckets):
            self._buckets.append(Bucket())
        return self._buckets[index]

    def _index(self, at: float) -> int:
        return int((at - self.started_at) // self.width_s)

    def _spread(self, first: float, last: float) -> Iterator[tuple[int, float]]:
        """The buckets between two times in the past, and the seconds in each."""
        begin, end = first - self.started_at, last - self.started_at
        width = self.width_s
        for index in range(int(begin // width), int(end // width) + 1):
            yield index, min(end, (index + 1) * width) - max(begin, index * width)

    def _coarsen(self) -> None:
        self.width_s *= 2
        for left, right in zip(self._buckets[::2], self._buckets[1::2], strict=False):
            left.merge(right)
        del self._buckets[1::2]
