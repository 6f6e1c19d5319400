"""What hours of a run leave in memory, in time-lapse: `python benchmarks/long_run.py`.

Two hours at 200 calls a second, 1.44 million, in 20 levels and with 5 % failures, go through what a worker keeps
(Buffer and Locust's own table) and then through what a master keeps (Recorder with its files, tally, timeline and
health, the console's picture, Locust's own tables) for ten such workers. Each part has a process of its own, whose
clock runs ahead as the calls do. Printed are the resident memory at each tenth of the time and its growth for each
100,000 rows since the first tenth; the exit code says whether both stayed below the limit.
"""

from __future__ import annotations

import argparse
import gc
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

# First: it patches sockets, which has to come before anything imports boto3.
from locust.event import Events
from locust.stats import RequestStats, setup_distributed_stats_event_listeners, update_stats_history

import msgpack
import psutil

from bedrock_locust.call import Call
from bedrock_locust.errors import Failure
from bedrock_locust.histogram import bucket
from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.process.clock import clock as wall_clock
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.recording.worker_rows import RowsReport
from bedrock_locust.team.worker_buffer import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOURS = 2.0
CALLS_PER_S = 200
WORKERS = 10
LEVELS = 20
TENTHS = 10
REPORT_S = 3
"""How often a worker of Locust reports."""
HISTORY_S = 5
"""How often Locust adds to its history."""
LIMITS_KB = {"worker": 50.0, "master": 1000.0}
"""Growth for each 100,000 rows. A master keeps something for each level, and Locust a row of its history every 5 s."""
WARM_UP = 5 * REPORT_S
ERRORS = ("ThrottlingError", "ModelTimeoutError", "ServiceUnavailableError")


class Clock:
    """The time of this process: it stands still until it is moved."""

    def __init__(self) -> None:
        self.started_at = self.now = time.time()
        # The whole process lives in time-lapse.
        time.time = wall_clock.wall_at = lambda *_: self.now  # type: ignore[method-assign]


class Memory:
    """Resident memory over the run."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.kb: list[float] = []

    def look(self) -> None:
        """Measure the memory now, after a collection of garbage."""
        gc.collect()
        self.kb.append(self._process.memory_info().rss / 1024)


class Beats(Pulse):
    """What a worker's pulse has seen in one report, without the waiting."""

    def __init__(self, level: Callable[[], str], chance: random.Random) -> None:
        super().__init__(level)
        self._chance = chance

    def take(self) -> dict[str, dict[str, Any]]:
        """Make up what a pulse has measured in one report, for the level that is running."""
        for _ in range(REPORT_S * 4):
            self._count(self._level(), 0.1, 0.25 + self._chance.expovariate(1000))
        return super().take()


def level_at(second: int, seconds: int) -> str:
    """The level of a second."""
    return f"streaming-{1 + second * LEVELS // seconds:02d}"


def level(name: str, started_at: float, ended_at: float | None) -> Level:
    """A level as the shape tells of it."""
    users = int(name[-2:])
    times = {"started_at": started_at, "measured_from": started_at, "measured_to": ended_at}
    about = {"key": name, "mode": "streaming", "phase": "measure", "completed": ended_at is not None}
    return Level(users=users, users_reached=users, **about, **times)  # type: ignore[arg-type]  # by name


def calls(second: float, name: str, worker: str, count: int, chance: random.Random) -> Iterator[Call]:
    """The calls of a worker that end in a second. No two failures have the same message."""
    for _ in range(count):
        latency = chance.lognormvariate(8.3, 0.4)
        error = chance.choice(ERRORS) if chance.random() < 0.05 else ""
        yield Call(
            started_at=second + chance.random() - latency / 1000,
            mode="streaming",
            operation="converse_stream",
            model_id="anthropic.claude-sonnet",
            name=name,
            level=name,
            users=int(name[-2:]),
            phase="measure",
            worker=worker,
            prompt_chars=1000,
            send_delay_ms=chance.expovariate(1),
            read_lag_ms=chance.expovariate(5),
            ttft_ms=latency / 10,
            last_token_ms=latency - 5,
            latency_ms=latency,
            chunks=99,
            output_tokens=chance.randrange(50, 300),
            error=error,
            error_code=error and error.removesuffix("Error") + "Exception",
            error_message=error and f"Too many requests, {chance.random()}",
            request_id=f"{chance.getrandbits(128):032x}",
            attempts=1,
        )


class WorkerSide:
    """What a worker keeps of its calls, and its report."""

    def __init__(self, name: str, second: Callable[[], str], chance: random.Random) -> None:
        self.name = name
        self._chance = chance
        self._buffer = Buffer("r", Beats(second, chance))
        self._events, self._stats = Events(), RequestStats()
        setup_distributed_stats_event_listeners(self._events, self._stats)

    def second(self, at: float, level_name: str, count: int) -> None:
        """Make the calls of a second."""
        for call in calls(at, level_name, self.name, count, self._chance):
            gaps = {bucket(self._chance.lognormvariate(3, 0.2)): 20}
            self._buffer.add(replace(call, gaps=gaps))
            self._stats.log_request(call.operation, call.name, call.latency_ms, 500)  # type: ignore[arg-type]  # as in a run
            if call.error:
                failure = Failure(call.error, call.error_code, "response", call.error_message)
                self._stats.log_error(call.operation, call.name, failure.exception())

    def report(self) -> bytes:
        """What goes to the master."""
        rows = self._buffer.report(hearing=True)
        data: dict[str, Any] = {"bedrock": rows.to_plain()}
        self._events.report_to_master.fire(client_id=self.name, data=data)
        packed: bytes = msgpack.packb(data)
        # As if the master had answered at once.
        self._buffer.confirm(batch.number for batch in rows.batches)
        return packed


class MasterSide:
    """What a master keeps of all reports."""

    def __init__(self, folder: Path) -> None:
        self.recorder = Recorder("r", RunFolder(folder), {})
        self._events, self._stats = Events(), RequestStats()
        setup_distributed_stats_event_listeners(self._events, self._stats)
        self._runner: Any = SimpleNamespace(stats=self._stats, user_count=10)

    def take(self, worker: str, report: bytes) -> None:
        """Take the report of a worker."""
        data = msgpack.unpackb(report, strict_map_key=False)
        self._events.worker_report.fire(client_id=worker, data=data)
        self.recorder.add_report(worker, RowsReport.from_plain(data["bedrock"]))

    def second(self, number: int) -> None:
        """What happens once a second, and what Locust does now and then."""
        self.recorder.folder.flush()
        self.recorder.tally.timeline.observe(10)
        if number % HISTORY_S == 0:
            update_stats_history(self._runner)


def seconds_of(hours: float, clock: Clock, memory: Memory) -> Iterator[int]:
    """The seconds of the run; memory is taken at each tenth of it, the first time when all is warm."""
    seconds = int(hours * 3600)
    marks = {WARM_UP, *(seconds * tenth // TENTHS for tenth in range(1, TENTHS))}
    for number in range(seconds):
        clock.now = clock.started_at + number + 1
        yield number
        if number in marks:
            memory.look()
    memory.look()


def worker_child(hours: float) -> Memory:
    """One worker that makes all of the calls."""
    clock, memory, chance = Clock(), Memory(), random.Random(1)
    seconds, name = int(hours * 3600), [""]
    worker = WorkerSide("w", lambda: name[0], chance)
    for second in seconds_of(hours, clock, memory):
        name[0] = level_at(second, seconds)
        worker.second(clock.now, name[0], CALLS_PER_S)
        if second % REPORT_S == 0:
            worker.report()
    return memory


def master_child(hours: float) -> Memory:
    """A master of ten workers that make the calls together."""
    clock, memory, chance = Clock(), Memory(), random.Random(1)
    seconds, name, begun = int(hours * 3600), [""], clock.now
    workers = [WorkerSide(f"w_{number}", lambda: name[0], chance) for number in range(WORKERS)]
    with tempfile.TemporaryDirectory() as folder:
        master = MasterSide(Path(folder))
        for second in seconds_of(hours, clock, memory):
            if name[0] != level_at(second, seconds):
                if name[0]:
                    master.recorder.level(level(name[0], begun, clock.now))
                name[0], begun = level_at(second, seconds), clock.now
                master.recorder.level(level(name[0], begun, None))
            for worker in workers:
                worker.second(clock.now, name[0], CALLS_PER_S // WORKERS)
                if second % REPORT_S == 0:
                    master.take(worker.name, worker.report())
            master.second(second)
        master.recorder.close(ended="complete", reason="all levels ran")
    return memory


def show(part: str, hours: float, kb: list[float]) -> bool:
    """Print the memory of a part; whether it stayed below the limit."""
    rows = hours * 3600 * CALLS_PER_S
    growth = (kb[-1] - kb[1]) / (rows * (TENTHS - 1) / TENTHS) * 1e5
    looks = " ".join(f"{value / 1024:.1f}" for value in kb)
    print(f"{part:<8}{growth:>8.0f} kB for each 100,000 rows; MB at the start and at each tenth: {looks}", flush=True)
    return growth < LIMITS_KB[part]


def main() -> int:
    """Run both parts, each in its process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=HOURS)
    parser.add_argument("--part", choices=["worker", "master"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        memory = worker_child(options.hours) if options.part == "worker" else master_child(options.hours)
        print(*memory.kb)
        return 0
    print(f"{options.hours:g} h at {CALLS_PER_S} calls/s, {options.hours * 3600 * CALLS_PER_S:,.0f} rows")
    good = []
    for part in ("worker", "master"):
        command = [sys.executable, __file__, "--part", part, "--hours", str(options.hours)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        good.append(show(part, options.hours, list(map(float, done.stdout.split()))))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
