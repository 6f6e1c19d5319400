"""Counters, gauges and histograms of all runs of this process, as an output of each run.

Names follow Prometheus (https://prometheus.io/docs/practices/naming/): base units, seconds and tokens. Labels are the
mode, the target (the model), the level and its phase: the report is about the calls of phase `measure`. None holds a
prompt, a request or an account, so their number is bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bedrock_locust.live.output import OutputBase
from bedrock_locust.process.present import present

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.output import RunView, State

BEGUN = "an output is told of a run by begin() first"
LEVEL = ("mode", "target", "level")
CALL = (*LEVEL, "phase")
FIRST_S, GROWTH, BUCKETS = 0.001, 1.25, 54
"""From 1 ms to 171 s: a percentile from the buckets is within 25 % of the truth, and the report has the exact one."""
BOUNDS = tuple(float(f"{FIRST_S * GROWTH**place:.4g}") for place in range(BUCKETS))
TOKENS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write": "cache_write_tokens",
}
"""Label -> the column that is counted."""
TIMES = {
    "ttft": "Time to first token of successful calls",
    "tpot": "Time per output token of successful calls",
    "latency": "Time until the answer of a successful call was complete",
    "send_delay": "Time that the load generator needed to build, sign and connect",
    "read_lag": "How late the load generator read the first token",
}
"""A time of a call (`ttft`: its attribute `ttft_ms`) -> what it is."""


class Figures(OutputBase):
    """What a server of Prometheus gets. It counts on from run to run, as Prometheus expects of a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = self._counter("calls", "Calls that ended", "result")
        self._failures = self._counter("failures", "Failed calls", "category")
        self._tokens = self._counter("tokens", "Tokens that the service counted", "type")
        self._times = {name: self._histogram(name, text) for name, text in TIMES.items()}
        self._users = self._gauge("users", "Users that run now")
        self._in_flight = self._gauge("calls_in_flight", "Calls that have begun and not ended")
        self._level = self._gauge("level", "1 for the level that runs now", *LEVEL)
        self._limited = self._gauge("client_limited", "1 where the load generator held calls up", *LEVEL)
        self._run: RunView | None = None
        self._now: Level | None = None

    def _counter(self, name: str, text: str, label: str) -> Counter:
        return Counter(f"bedrock_{name}", text, (*CALL, label), registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"bedrock_{name}_seconds", text, CALL, buckets=BOUNDS, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"bedrock_{name}", text, labels, registry=self.registry)

    def begin(self, run: RunView) -> None:
        """Count the calls of this run."""
        self._run = run

    def add(self, call: Call) -> None:
        """Count a call; times are those of successes."""
        labels = (call.mode, call.model_id, call.level, call.phase)
        result = "cancelled" if call.cancelled else "failed" if call.error else "ok"
        self._calls.labels(*labels, result).inc()
        if result == "failed":
            self._failures.labels(*labels, call.error).inc()
        for kind, column in TOKENS.items():
            if count := getattr(call, column):
                self._tokens.labels(*labels, kind).inc(count)
        if result == "ok":
            self._observe(call, labels)

    def _observe(self, call: Call, labels: tuple[str, ...]) -> None:
        for name, histogram in self._times.items():
            value_ms = getattr(call, f"{name}_ms")
            if value_ms is not None:
                histogram.labels(*labels).observe(value_ms / 1000)

    def level(self, level: Level | None) -> None:
        """Show the level that runs now."""
        if self._now is not None:
            self._level.labels(*self._labels(self._now)).set(0)
        if level is not None:
            self._level.labels(*self._labels(level)).set(1)
        self._now = level

    def tick(self, state: State) -> None:
        """Show the load."""
        running = state.stage == "running"
        self._users.set(state.users if running else 0)
        self._in_flight.set((state.in_flight or 0) if running else 0)
        if state.level is not None:
            seen = present(self._run, BEGUN).health.levels.get(state.level.key)
            self._limited.labels(*self._labels(state.level)).set(bool(seen and seen.causes()))

    def _labels(self, level: Level) -> tuple[str, str, str]:
        run = present(self._run, BEGUN)
        return level.mode, run.settings.model.id, level.key
