"""Workers that cost next to nothing, for `master.py --flood`: what they send is made once, and sent again and again.

Each speaks Locust's protocol over a socket of its own: a heartbeat each second, a report every three, with rows from
the plugin's own Buffer, which keeps them until the master has answered. Only the calls are always the same ones.
"""

from __future__ import annotations

import functools
import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any

# First: it patches sockets, which has to come before anything imports boto3.
import locust
from locust.event import Events
from locust.stats import RequestStats, setup_distributed_stats_event_listeners

import msgpack
import zmq
from long_run import calls

from bedrock_locust import __version__
from bedrock_locust.call import COLUMNS
from bedrock_locust.histogram import bucket
from bedrock_locust.live.health import Pulse
from bedrock_locust.team.messages import FINISH, REPORT, ROWS, TAKEN, Report
from bedrock_locust.team.worker_buffer import MOST_ROWS, Buffer
from bedrock_locust.team.worker_watch import SILENT_S
from bedrock_locust.workload.bench import LEVEL

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.call import Value

HEARTBEAT_S, REPORT_S, AGAIN_S = 1.0, 3.0, 1.0
VARIETY = 500
STARTED_AT, LATENCY_MS = COLUMNS.index("started_at"), COLUMNS.index("latency_ms")


class Stock:
    """What all workers of a level send: rows without their times, and tables of Locust."""

    def __init__(self, level: str) -> None:
        chance = random.Random(1)
        made = list(calls(0.0, level, "w", VARIETY, chance))
        self.rows = [call.to_row() for call in made]
        self.gaps = {level: {bucket(chance.lognormvariate(3, 0.2)): 20 for _ in range(50)}}
        self.tables: dict[str, Any] = {}
        events, stats = Events(), RequestStats()
        setup_distributed_stats_event_listeners(events, stats)
        for call in made:
            stats.log_request(call.operation, call.name, call.latency_ms, 500)  # type: ignore[arg-type]  # as in a run
        events.report_to_master.fire(client_id="w", data=self.tables)

    def fresh(self, count: int) -> list[list[Value]]:
        """This number of rows of calls that end now."""
        now, rows = time.time(), self.rows
        made = [rows[number % VARIETY].copy() for number in range(count)]
        for row in made:
            row[STARTED_AT] = now - float(row[LATENCY_MS] or 0) / 1000
        return made


stock_of = functools.cache(Stock)


class Box(Buffer):
    """A buffer into which rows are poured."""

    def pour(self, rows: list[list[Value]], gaps: dict[str, dict[int, int]]) -> None:
        """Keep rows, or count them as lost where too many wait, as for a call."""
        self._made += len(rows)
        if self.closed or self.left > MOST_ROWS:
            self.lost += len(rows)
            return
        self._rows += rows
        self._gaps.merge(gaps)


class Feeder:
    """One worker."""

    def __init__(self, context: zmq.Context[Any], port: int, number: int, rate: float) -> None:
        self.over = False
        self.socket = context.socket(zmq.DEALER)
        self._id = f"flood_{number:032x}"
        self.socket.setsockopt(zmq.IDENTITY, self._id.encode())
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self._rate, self._stock, self._box = rate, stock_of("streaming-00"), Box("", Pulse(str))
        self._state, self._level = "ready", ""
        self._users: dict[str, int] = {}
        self._listeners: dict[str, Callable[[Any], None]] = {
            "spawn": self._spawn,
            TAKEN: self._taken,
            FINISH: self._finish,
            "stop": self._stop,
        }
        now = time.monotonic()
        self._heard, self._beat, self._due, self._poured = now, now, now + random.random() * REPORT_S, now
        self._send("client_ready", locust.__version__)
        self._send(ROWS, self._report())

    def turn(self, now: float) -> None:
        """Send what is due."""
        if now >= self._beat:
            self._beat = now + HEARTBEAT_S
            usage = {"current_cpu_usage": 1.0, "current_memory_usage": 1}
            self._send("heartbeat", {"state": self._state, **usage})
        if now >= self._due:
            ending = self._box.closed and not self._box.whole
            self._due = now + (AGAIN_S if ending else REPORT_S)
            self._pour(now)
            data = {"user_classes_count": self._users, "user_count": sum(self._users.values()), REPORT: self._report()}
            self._send("stats", {**self._stock.tables, **data})

    def hear(self) -> None:
        """Take what the master says."""
        while self.socket.poll(0):
            kind, data, _ = msgpack.unpackb(self.socket.recv(), strict_map_key=False)
            self._heard = time.monotonic()
            if listen := self._listeners.get(kind):
                listen(data)
            self.over |= kind == "quit"

    def _spawn(self, job: dict[str, Any]) -> None:
        told = job["parsed_options"]
        run, level = run_of(told), told.get(LEVEL) or {}
        if run != self._box.run:
            self._box, self._poured = Box(run, Pulse(str)), time.monotonic()
        if level.get("level", "") != self._level:
            self._level = level.get("level", "")
            self._stock = stock_of(self._level)
        self._users, self._state = job["user_classes_count"], "running"
        self._send("spawning", None)
        self._send("spawning_complete", {"user_classes_count": self._users, "user_count": sum(self._users.values())})

    def _pour(self, now: float) -> None:
        if any(self._users.values()) and not self._box.closed:
            self._box.pour(self._stock.fresh(round(self._rate * (now - self._poured))), self._stock.gaps)
        self._poured = now

    def _report(self) -> dict[str, Any]:
        now = time.monotonic()
        silent = not self._box.run or self._box.whole or self._box.over
        rows = None if silent else self._box.report(hearing=now - self._heard < SILENT_S)
        return Report(__version__, time.time(), now, clock_offset_ms=0.0, warning="", rows=rows).to_plain()

    def _taken(self, answer: dict[str, Any]) -> None:
        if answer["run"] == self._box.run:
            self._box.confirm(answer["batches"])
            self._box.whole |= answer["whole"]
            self._box.over |= answer["over"]

    def _finish(self, _: dict[str, Any]) -> None:
        if not self._box.closed:
            self._pour(time.monotonic())
            self._box.close()
            self._users, self._due = {}, 0.0

    def _stop(self, _: None) -> None:
        self._users, self._state = {}, "ready"
        self._send("client_stopped", None)
        self._send("client_ready", locust.__version__)

    def _send(self, kind: str, data: Any) -> None:
        self.socket.send(msgpack.packb((kind, data, self._id)), zmq.NOBLOCK)


def run_of(options: dict[str, Any]) -> str:
    """The run that the master's options tell of."""
    run: str = json.loads(options.get("bedrock_run") or "{}").get("run", "")
    return run


def main() -> None:
    """This number of workers, until the master sends them home."""
    port, workers, rate = map(int, sys.argv[1].split(","))
    context: zmq.Context[Any] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, workers + 10)
    feeders = [Feeder(context, port, number, rate / workers) for number in range(workers)]
    poller = zmq.Poller()
    for feeder in feeders:
        poller.register(feeder.socket, zmq.POLLIN)
    by_socket = {feeder.socket: feeder for feeder in feeders}
    while not all(feeder.over for feeder in feeders):
        for socket, _ in poller.poll(50):
            by_socket[socket].hear()
        now = time.monotonic()
        for feeder in feeders:
            if not feeder.over:
                feeder.turn(now)


if __name__ == "__main__":
    main()
