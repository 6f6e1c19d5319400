"""Figures of a run while it goes on: counts, rates and percentiles per level, in bounded memory.

Percentiles come from sketches with at most 1 % error; the report computes the exact ones from the rows.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ddsketch import DDSketch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.call import Call

ACCURACY = 0.01
"""Relative error of a sketch's percentile."""


def _sketch() -> DDSketch:
    return DDSketch(ACCURACY)


@dataclass
class LevelTally:
    """The calls that started in a level. Latency and the like are those of successes in the window."""

    level: Mapping[str, Any]
    calls: int = 0
    ok: int = 0
    cancelled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    """Category -> code and message of its first failure."""
    latency_ms: DDSketch = field(default_factory=_sketch)
    ttft_ms: DDSketch = field(default_factory=_sketch)
    tpot_ms: DDSketch = field(default_factory=_sketch)
    longest_ms: float = 0.0

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

    def _add_success(self, call: Call) -> None:
        self.ok += 1
        self.input_tokens += call.input_tokens or 0
        self.output_tokens += call.output_tokens or 0
        if call.phase in ("", "measure"):
            for sketch, value in (
                (self.latency_ms, call.latency_ms),
                (self.ttft_ms, call.ttft_ms),
                (self.tpot_ms, call.tpot_ms),
            ):
                if value is not None:
                    sketch.add(value)


class Seconds:
    """What happened in each second of a run: tokens that came and calls that ended, by Unix second."""

    def __init__(self) -> None:
        self._tokens: Counter[int] = Counter()
        self._ended: Counter[int] = Counter()

    def add(self, call: Call) -> None:
        """Count a success: its output tokens spread evenly from first to last token."""
        end = call.started_at + call.latency_ms / 1000
        self._ended[int(end)] += 1
        if not call.output_tokens:
            return
        first = call.started_at + (call.ttft_ms or 0.0) / 1000
        last = call.started_at + call.last_token_ms / 1000 if call.last_token_ms else end
        span = last - first
        if span <= 0:
            self._tokens[int(first)] += call.output_tokens
            return
        for second in range(int(first), int(last) + 1):
            share = min(last, second + 1) - max(first, second)
            self._tokens[second] += call.output_tokens * min(1.0, max(0.0, share / span))  # type: ignore[assignment]  # fractions

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
        self.total = LevelTally({})
        self._mark = (time.perf_counter(), 0, 0, 0)
        self.levels: dict[str, LevelTally] = {}
        self.seconds = Seconds()

    def level(self, level: Mapping[str, Any]) -> None:
        """Take note of a level that begins or has come further."""
        self.levels.setdefault(level["level"], LevelTally(level)).level = level

    def interval(self) -> Interval:
        """What has been counted since this was asked for last."""
        total = self.total
        mark = (time.perf_counter(), total.calls, total.ok, total.output_tokens)
        last, self._mark = self._mark, mark
        return Interval(mark[0] - last[0], mark[1] - last[1], mark[2] - last[2], mark[3] - last[3])

    def add(self, call: Call) -> None:
        """Count a call in the run, in its level and in time."""
        self.total.add(call)
        if call.level in self.levels:
            self.levels[call.level].add(call)
        if call.ok:
            self.seconds.add(call)
