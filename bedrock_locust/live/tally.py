"""Figures of a run while it goes on: counts, rates and percentiles per level, in bounded memory.

Percentiles come from histograms with at most 1 % error; the report computes the exact ones from the rows.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bedrock_locust.histogram import Histogram
from bedrock_locust.live.timeline import Timeline
from bedrock_locust.live.tokens import token_span_s
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level


REACH = 20
"""Levels back in whose windows a call may still count: a call that lasts for more of them is rare."""
RECENT_S = 120
"""How far back rates can be asked for second by second, in seconds; a Timeline has those of the whole run."""
KEPT_S = 3.0
"""How long a call is kept for a window that is told after it: a shape tells its begin and its end at the next tick."""


@dataclass
class LevelTally:
    """The calls that started in the measured part of a level, or all calls of a run with the times of measured ones."""

    level: Level | None = None
    """None for all calls of a run."""
    calls: int = 0
    ok: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    """Category -> code and message of its first failure."""
    latency_ms: Histogram = field(default_factory=Histogram)
    ttft_ms: Histogram = field(default_factory=Histogram)
    tpot_ms: Histogram = field(default_factory=Histogram)
    lateness_ms: Histogram = field(default_factory=Histogram)
    """From the moment of an arrival to the start of its call, in an open loop."""
    scheduled_latency_ms: Histogram = field(default_factory=Histogram)
    scheduled_ttft_ms: Histogram = field(default_factory=Histogram)
    """Latency and TTFT from the moment of an arrival, in an open loop."""
    longest_ms: float = 0.0
    window_ok: int = 0
    """Successes, of whatever level, that ended in the window."""
    window_tokens: float = 0.0
    """Output tokens that came in the window, those of a call spread evenly from its first to its last."""

    @property
    def failed(self) -> int:
        """Calls that failed."""
        return self.calls - self.ok - self.cancelled

    def add(self, call: Call) -> None:
        """Count a call."""
        self.calls += 1
        self.longest_ms = max(self.longest_ms, call.latency_ms)
        if call.cancelled:
            self.cancelled += 1
        elif call.error:
            self.errors[call.error] += 1
            self.examples.setdefault(call.error, f"{call.error_code}: {call.error_message}")
        else:
            self._add_success(call)

    def add_inside(self, call: Call) -> None:
        """Count what of a success, of whatever level, happened in the window."""
        self._count_inside(call, self.level, 1)

    @property
    def arrived(self) -> str:
        """Of how many successes the times from the arrival are: `3 of 5`; empty where it is all of them.

        Others came after a call of their session or user.
        """
        arrived, successes = self.lateness_ms.count, self.latency_ms.count
        return f"{arrived:,} of {successes:,}" if arrived < successes else ""

    def move_window(self, before: Level | None, calls: Iterable[Call]) -> None:
        """Count these calls by the window as it is now; so far they were by the one of the level as it was before."""
        for call in calls:
            self._count_inside(call, before, -1)
            self._count_inside(call, self.level, 1)

    def _count_inside(self, call: Call, level: Level | None, times: int) -> None:
        """Count a call in a window, or with -1 no longer. A window that is open has no end yet."""
        if level is None or level.measured_from is None:
            return
        start, end = level.measured_from, level.measured_to or math.inf
        ended = call.started_at + call.latency_ms / 1000
        self.window_ok += times * (start <= ended <= end)
        first, last = (call.started_at + after_s for after_s in token_span_s(call))
        tokens = times * (call.output_tokens or 0)
        if last > first:
            self.window_tokens += tokens * max(0.0, min(last, end) - max(first, start)) / (last - first)
        elif start <= first <= end:
            self.window_tokens += tokens

    def rates(self) -> tuple[float, float] | None:
        """Successes and output tokens per second in the window; None before it opens."""
        if self.level is None or self.level.measured_from is None:
            return None
        seconds = (self.level.measured_to or clock.wall_at()) - self.level.measured_from
        return (self.window_ok / seconds, self.window_tokens / seconds) if seconds > 0 else None

    def _add_success(self, call: Call) -> None:
        self.ok += 1
        self.input_tokens += call.input_tokens or 0
        self.output_tokens += call.output_tokens or 0
        if call.phase not in ("", "measure"):
            return
        late_ms = call.lateness_ms
        for histogram, value in (
            (self.latency_ms, call.latency_ms),
            (self.ttft_ms, call.ttft_ms),
            (self.tpot_ms, call.tpot_ms),
            (self.lateness_ms, late_ms),
        ):
            if value is not None:
                histogram.add(value)
        if late_ms is not None:
            self.scheduled_latency_ms.add(late_ms + call.latency_ms)
            if call.ttft_ms is not None:
                self.scheduled_ttft_ms.add(late_ms + call.ttft_ms)


class Seconds:
    """What happened in each of the last seconds: tokens that came and calls that ended, by Unix second."""

    def __init__(self) -> None:
        self._tokens: Counter[int] = Counter()
        self._ended: Counter[int] = Counter()

    def add(self, call: Call, now: float | None = None) -> None:
        """Count a success, if it ended recently: its output tokens spread evenly from first to last token."""
        now = clock.wall_at() if now is None else now
        end = call.started_at + call.latency_ms / 1000
        if abs(now - end) > RECENT_S:
            return
        self._forget(int(now) - RECENT_S)
        self._ended[int(end)] += 1
        if not call.output_tokens:
            return
        first, last = (call.started_at + after_s for after_s in token_span_s(call))
        span = last - first
        if span <= 0:
            self._tokens[int(first)] += call.output_tokens
            return
        # A row whose last token comes long after its end is none of ours, but must not keep this busy for good.
        for second in range(max(int(first), int(now) - RECENT_S), min(int(last), int(now) + RECENT_S) + 1):
            share = min(last, second + 1) - max(first, second)
            self._tokens[second] += call.output_tokens * min(1.0, max(0.0, share / span))  # type: ignore[assignment]  # fractions

    def _forget(self, oldest: int) -> None:
        """Drop what is older, once there is as much of it as there is to keep."""
        for seconds in (self._tokens, self._ended):
            if len(seconds) > 4 * RECENT_S:
                for second in [second for second in seconds if second < oldest]:
                    del seconds[second]

    def tokens_per_s(self, start: float, end: float) -> float:
        """Output tokens per second in a window."""
        return _rate(self._tokens, start, end)

    def calls_per_s(self, start: float, end: float) -> float:
        """Successes that ended, per second, in a window."""
        return _rate(self._ended, start, end)


def _rate(seconds: Mapping[int, float], start: float, end: float) -> float:
    if end <= start:
        return 0.0
    inside = (
        seconds.get(second, 0) * (min(end, second + 1) - max(start, second))
        for second in range(int(start), int(end) + 1)
    )
    return sum(inside) / (end - start)


class Interval(NamedTuple):
    """Calls that ended in a span of time."""

    seconds: float
    calls: int
    ok: int
    output_tokens: int


class Tally:
    """Figures of a run, level by level."""

    def __init__(self) -> None:
        self.total = LevelTally()
        self._mark = (time.perf_counter(), 0, 0, 0)
        self.levels: dict[str, LevelTally] = {}
        self.seconds = Seconds()
        self.timeline = Timeline()
        self._latest: deque[tuple[float, Call]] = deque()
        """The calls of the last seconds, with the moment at which each was counted."""

    def level(self, level: Level) -> None:
        """Take note of a level that begins or has come further, and of its calls that were counted before."""
        tally = self.levels.setdefault(level.key, LevelTally())
        before, tally.level = tally.level, level
        if before is None:
            for _, call in self._latest:
                _add_own(tally, call)
        calls = (call for _, call in self._latest if call.ok and self._group(call) == level.mode)
        tally.move_window(before, calls)

    def interval(self) -> Interval:
        """What has been counted since this was asked for last."""
        total = self.total
        mark = (time.perf_counter(), total.calls, total.ok, total.output_tokens)
        last, self._mark = self._mark, mark
        return Interval(mark[0] - last[0], mark[1] - last[1], mark[2] - last[2], mark[3] - last[3])

    def add(self, call: Call) -> None:
        """Count a call in the run, in its level and in time."""
        self.total.add(call)
        if level := self.levels.get(call.level):
            _add_own(level, call)
        if call.ok:
            self.seconds.add(call)
            self._add_to_windows(call)
        self.timeline.add(call)
        self._keep(call)

    def _keep(self, call: Call) -> None:
        now, latest = clock.wall_at(), self._latest
        latest.append((now, call))
        while latest[0][0] < now - KEPT_S:
            latest.popleft()

    def _group(self, call: Call) -> str:
        """The group of a call: that of its level, where that is known."""
        level = self.levels.get(call.level)
        return level.level.mode if level and level.level else call.mode

    def _add_to_windows(self, call: Call) -> None:
        """Count a success in the windows that it reaches into: those of the last levels of its group of calls."""
        group = self._group(call)
        for level in list(self.levels.values())[-REACH:]:
            if level.level and level.level.mode == group:
                level.add_inside(call)


def _add_own(tally: LevelTally, call: Call) -> None:
    """Count a call in its level."""
    if tally.level is None or call.level != tally.level.key:
        return
    tally.longest_ms = max(tally.longest_ms, call.latency_ms)
    if call.phase in ("", "measure"):
        tally.add(call)
