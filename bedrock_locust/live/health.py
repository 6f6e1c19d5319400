"""The client's own health: whether a level's figures are the service's, or the load generator's.

A process that makes calls takes its Pulse: CPU, and how late its event loop runs. The process that
leads the run puts these together with what the calls themselves say, and judges each level.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import gevent

from bedrock_locust.arrivals.counts import LOST_SHARE
from bedrock_locust.histogram import Histogram
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.call import Call

BEAT_S = 0.25
"""How often the event loop is asked whether it is late."""
CPU_LIMIT = 90.0
"""Percent of a core. In a process that uses more, calls wait for the CPU, as in any queue near saturation."""
LOOP_LAG_LIMIT_MS = 50.0
"""P99. A call that starts waits this long before it is sent, and its bytes are read this late."""
READ_LAG_SHARE = 0.05
"""P99 of read lag as a share of the median TTFT: times are stamped by the kernel, but no further back than one gap
between tokens, so reads that late can change them by about as much."""
READ_LAG_FLOOR_MS = 5.0
P99 = 0.99
WORDS = {
    "cpu_percent": "worker {worker} used {value:.0f} % of a core",
    "loop_lag_p99_ms": "the event loop of worker {worker} ran {value:.0f} ms late at P99",
    "read_lag_p99_ms": "first tokens were read {value:.0f} ms late at P99",
    "arrivals_dropped": "{value:.0f} % of the arrivals were dropped, as max_in_flight calls were in flight",
    "arrivals_missed": "{value:.0f} % of the arrivals were missed",
}
"""What was too much -> the words for it. The report has the same words; a test compares them."""


class Cause(NamedTuple):
    """One reason why the client may have changed the figures of a level."""

    what: str
    """A key of `WORDS`."""
    worker: str
    """The worker; empty where the reason is not one worker's."""
    value: float

    def __str__(self) -> str:
        """The reason in words."""
        return WORDS[self.what].format(worker=self.worker, value=self.value)


def longest_lag_s(seen: Mapping[str, Any]) -> float:
    """How long an event loop stood still at most, in seconds, by what a Pulse has seen."""
    lag = Histogram()
    lag.merge(seen["lag"])
    return (lag.quantile(1.0) or 0.0) / 1000


def lost(fate: Fate | None) -> list[Cause]:
    """That the load was another one than asked for, as arrivals were dropped or missed; empty where few were."""
    if fate is None or not fate.is_other_load:
        return []
    counts = {"arrivals_dropped": fate.dropped, "arrivals_missed": fate.missed}
    shares = {what: 100 * count / fate.due for what, count in counts.items()}
    return [Cause(what, "", percent) for what, percent in shares.items() if percent >= 100 * LOST_SHARE / 2]


class Pulse:
    """CPU and event loop of this process, by level. `level` says which is measured now, or an empty text."""

    def __init__(self, level: Callable[[], str]) -> None:
        self._level = level
        self._taken: dict[str, dict[str, Any]] = {}
        self._beat: gevent.Greenlet[[], None] | None = None

    def start(self) -> Pulse:
        """Begin to measure."""
        self._beat = gevent.spawn(self._run)
        return self

    def take(self) -> dict[str, dict[str, Any]]:
        """What has been measured since the last call of this: for each level `cpu_s`, `wall_s` and counts of `lag`."""
        taken, self._taken = self._taken, {}
        return taken

    def stop(self) -> None:
        """Stop measuring."""
        if self._beat:
            self._beat.kill()

    def _run(self) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        while True:
            gevent.sleep(BEAT_S)
            now_cpu, now = time.process_time(), time.perf_counter()
            if level := self._level():
                self._count(level, now_cpu - cpu, now - wall)
            cpu, wall = now_cpu, now
            clock.check()

    def _count(self, level: str, cpu_s: float, wall_s: float) -> None:
        seen = self._taken.setdefault(level, {"cpu_s": 0.0, "wall_s": 0.0, "lag": {}})
        seen["cpu_s"] += cpu_s
        seen["wall_s"] += wall_s
        lag = Histogram()
        lag.add(max(0.0, wall_s - BEAT_S) * 1000)
        for key, count in lag.counts.items():
            seen["lag"][key] = seen["lag"].get(key, 0) + count


class Cpu:
    """CPU use of this process since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def percent(self) -> float:
        """Percent of one core."""
        wall = time.perf_counter() - self._wall
        return round(100 * (time.process_time() - self._cpu) / wall, 1) if wall > 0 else 0.0


@dataclass
class _Process:
    """One worker in one level."""

    cpu_s: float = 0.0
    wall_s: float = 0.0
    lag: Histogram = field(default_factory=Histogram)

    @property
    def cpu_percent(self) -> float | None:
        """Percent of one core."""
        return 100 * self.cpu_s / self.wall_s if self.wall_s else None


@dataclass
class LevelHealth:
    """The client in one level."""

    workers: dict[str, _Process] = field(default_factory=lambda: defaultdict(_Process))
    send_delay: Histogram = field(default_factory=Histogram)
    read_lag: Histogram = field(default_factory=Histogram)
    ttft: Histogram = field(default_factory=Histogram)
    new_connections: int = 0

    def add(self, call: Call) -> None:
        """Count what a call says."""
        self.new_connections += call.connect_ms is not None
        for histogram, value in (
            (self.send_delay, call.send_delay_ms),
            (self.read_lag, call.read_lag_ms),
            (self.ttft, call.ttft_ms),
        ):
            if value is not None:
                histogram.add(value)

    def add_pulse(self, worker: str, seen: Mapping[str, Any]) -> None:
        """Count what a worker's Pulse has seen."""
        process = self.workers[worker]
        process.cpu_s += seen["cpu_s"]
        process.wall_s += seen["wall_s"]
        process.lag.merge(seen["lag"])

    def causes(self) -> list[Cause]:
        """What in the client may have changed the figures; empty where nothing has."""
        found = []
        for name, process in sorted(self.workers.items()):
            if (cpu := process.cpu_percent or 0) >= CPU_LIMIT:
                found.append(Cause("cpu_percent", name, cpu))
            if (lag := process.lag.quantile(P99) or 0) >= LOOP_LAG_LIMIT_MS:
                found.append(Cause("loop_lag_p99_ms", name, lag))
        late, median = self.read_lag.quantile(P99) or 0, self.ttft.quantile(0.5) or 0
        if late >= max(READ_LAG_FLOOR_MS, READ_LAG_SHARE * median):
            found.append(Cause("read_lag_p99_ms", "", late))
        return found

    def public(self, fate: Fate | None = None) -> dict[str, Any]:
        """What `run.json` says of it, with what became of the arrivals of the level, if it has any."""
        causes = [*self.causes(), *lost(fate)]
        return {
            "client_limited": bool(causes),
            "reasons": list(map(str, causes)),
            "causes": [{**cause._asdict(), "value": _rounded(cause.value)} for cause in causes],
            "new_connections": self.new_connections,
            "send_delay_p99_ms": _rounded(self.send_delay.quantile(P99)),
            "read_lag_p99_ms": _rounded(self.read_lag.quantile(P99)),
            "workers": {
                name: {
                    "cpu_percent": _rounded(process.cpu_percent),
                    "loop_lag_p99_ms": _rounded(process.lag.quantile(P99)),
                }
                for name, process in sorted(self.workers.items())
            },
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


class Health:
    """The client, level by level. Only calls and pulses of the measured part of a level count."""

    def __init__(self) -> None:
        self.levels: dict[str, LevelHealth] = defaultdict(LevelHealth)

    def add(self, call: Call) -> None:
        """Count what a call says."""
        if call.phase == "measure":
            self.levels[call.level].add(call)

    def add_pulse(self, worker: str, taken: Mapping[str, Mapping[str, Any]]) -> None:
        """Count what a worker's Pulse has taken."""
        for level, seen in taken.items():
            self.levels[level].add_pulse(worker, seen)

    def public(self, fates: Mapping[str, Fate] | None = None) -> dict[str, Any]:
        """What `run.json` says of it. `fates` has what became of the arrivals of levels that are over."""
        known = fates or {}
        names = dict.fromkeys([*self.levels, *known])
        return {name: self.levels[name].public(known.get(name)) for name in names}
