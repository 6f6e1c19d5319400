"""Counters, gauges and histograms of all runs of this process, as an output of each run.

Names follow Prometheus (https://prometheus.io/docs/practices/naming/): base units, seconds and tokens. Labels are the
mode, the target (the model), the level and its phase: the report is about the calls of phase `measure`. None holds a
prompt, a request or an account, so their number is bounded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from bedrock_locust.live.health import lost
from bedrock_locust.live.output import OutputBase
from bedrock_locust.process.present import present
from bedrock_locust.redaction import without_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.output import RunView, State

BEGUN = "an output is told of a run by begin() first"
LEVEL = ("mode", "target", "level")
CALL = (*LEVEL, "phase")
FIRST_S, GROWTH, BUCKETS = 0.001, 1.25, 54
"""From 1 ms to 171 s: a percentile from the buckets is within 25 % of the truth, and the report has the exact one."""
BOUNDS = tuple(float(f"{FIRST_S * GROWTH**place:.4g}") for place in range(BUCKETS))
BOUNDS_MS = tuple(1000 * bound for bound in BOUNDS)
LE = (*map(floatToGoString, BOUNDS), "+Inf")
"""Upper bounds of the buckets, as Prometheus writes them."""
TOKENS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_read_tokens": "cache_read",
    "cache_write_tokens": "cache_write",
}
"""Column that is counted -> label."""
TIMES = {
    "ttft_ms": ("bedrock_ttft_seconds", "Time to first token of successful calls"),
    "tpot_ms": ("bedrock_tpot_seconds", "Time per output token of successful calls"),
    "latency_ms": ("bedrock_latency_seconds", "Time until the answer of a successful call was complete"),
    "lateness_ms": ("bedrock_lateness_seconds", "Time from an arrival to the start of its call, in an open loop"),
    "send_delay_ms": ("bedrock_send_delay_seconds", "Time that the load generator needed to build, sign and connect"),
    "read_lag_ms": ("bedrock_read_lag_seconds", "How late the load generator read the first token"),
}
"""Time of a call, in ms -> its histogram, and what it is."""
COUNTS = {
    "result": ("bedrock_calls", "Calls that ended"),
    "category": ("bedrock_failures", "Failed calls"),
    "type": ("bedrock_tokens", "Tokens that the service counted"),
}
"""Label -> the counter that has it, and what it is."""


class Buckets:
    """Times in the buckets of Prometheus."""

    __slots__ = ("counts", "sum_ms")

    def __init__(self) -> None:
        self.counts = [0] * len(LE)
        self.sum_ms = 0.0

    def add(self, value_ms: float) -> None:
        """Count a time."""
        self.counts[bisect_left(BOUNDS_MS, value_ms)] += 1
        self.sum_ms += value_ms

    def cumulative(self) -> list[tuple[str, float]]:
        """Upper bounds, and how many times are at most that."""
        total, found = 0, []
        for bound, count in zip(LE, self.counts, strict=True):
            total += count
            found.append((bound, float(total)))
        return found


@dataclass(slots=True)
class Series:
    """The calls of one mode, target, level and phase."""

    labels: tuple[str, ...]
    version: int = 0
    """It changes whenever a figure does."""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {label: Counter() for label in COUNTS})
    times: dict[str, Buckets] = field(default_factory=dict)

    def add(self, call: Call) -> None:
        """Count a call; times are those of successes."""
        self.version += 1
        result = "ok" if call.ok else "cancelled" if call.cancelled else "failed"
        self.counts["result"][result] += 1
        if result == "failed":
            self.counts["category"][call.error] += 1
        for column, label in TOKENS.items():
            if count := getattr(call, column):
                self.counts["type"][label] += count
        if result == "ok":
            self._add_times(call)

    def _add_times(self, call: Call) -> None:
        for name in TIMES:
            value_ms = getattr(call, name)
            if value_ms is not None:
                if (buckets := self.times.get(name)) is None:
                    buckets = self.times[name] = Buckets()
                buckets.add(value_ms)

    def families(self) -> Iterator[Metric]:
        """What it has of each counter and histogram."""
        for label, counts in self.counts.items():
            counter = counter_of(label)
            for value, count in counts.items():
                counter.add_metric((*self.labels, value), count)
            yield counter
        for name, buckets in self.times.items():
            histogram = histogram_of(name)
            histogram.add_metric(self.labels, buckets.cumulative(), buckets.sum_ms / 1000)
            yield histogram


def counter_of(label: str) -> CounterMetricFamily:
    """The counter with a label of its own, with nothing in it."""
    return CounterMetricFamily(*COUNTS[label], labels=(*CALL, label))


def histogram_of(name: str) -> HistogramMetricFamily:
    """The histogram of a time, with nothing in it."""
    return HistogramMetricFamily(*TIMES[name], labels=CALL)


class Figures(OutputBase):
    """What a server of Prometheus gets. It counts on from run to run, as Prometheus expects of a process."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, ...], Series] = {}
        self.version = 0
        """It changes with each call."""
        self._users = self._in_flight = 0
        self._levels: dict[tuple[str, ...], bool] = {}
        self._limited: dict[tuple[str, ...], bool] = {}
        self._run: RunView | None = None
        self._now: Level | None = None

    def begin(self, run: RunView) -> None:
        """Count the calls of this run."""
        self._run = run

    def add(self, call: Call) -> None:
        """Count a call."""
        key = (call.mode, call.model_id, call.level, call.phase)
        series = self.series.get(key)
        if series is None:
            labels = (call.mode, without_account(call.model_id), call.level, call.phase)
            series = self.series[key] = Series(labels)
        series.add(call)
        self.version += 1

    def level(self, level: Level | None) -> None:
        """Show the level that runs now."""
        if self._now is not None:
            self._levels[self._labels(self._now)] = False
        if level is not None:
            self._levels[self._labels(level)] = True
        self._now = level

    def tick(self, state: State) -> None:
        """Show the load."""
        running = state.stage == "running"
        self._users = state.users if running else 0
        self._in_flight = (state.in_flight or 0) if running else 0
        if state.level is not None:
            seen = present(self._run, BEGUN).health.levels.get(state.level.key)
            # The report of a worker may come late, and its arrivals look missed then: those that were dropped are sure.
            dropped = state.arrivals._replace(missed=0) if state.arrivals else None
            self._limited[self._labels(state.level)] = bool((seen and seen.causes()) or lost(dropped))

    def now(self) -> list[Metric]:
        """What is neither counter nor histogram: the load, and the level that runs."""
        return [
            GaugeMetricFamily("bedrock_users", "Users that run now", self._users),
            GaugeMetricFamily("bedrock_calls_in_flight", "Calls that have begun and not ended", self._in_flight),
            _gauge("bedrock_level", "1 for the level that runs now", self._levels),
            _gauge("bedrock_client_limited", "1 where the load generator held calls up", self._limited),
        ]

    def _labels(self, level: Level) -> tuple[str, str, str]:
        run = present(self._run, BEGUN)
        return level.mode, without_account(run.settings.model.id), level.key


def _gauge(name: str, text: str, values: Mapping[tuple[str, ...], bool]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, text, labels=LEVEL)
    for labels, value in values.items():
        gauge.add_metric(labels, value)
    return gauge
