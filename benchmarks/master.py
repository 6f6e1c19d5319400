"""How many rows a second and how many workers one master can take: `python benchmarks/master.py`.

    python benchmarks/master.py [--workers 20] [--rates 0,1000,4000,8000] [--seconds 10] [--flood]

A real master, `locust --headless --master` with the stock locustfile, is pinned to one core. Its workers are Locust's
own WorkerRunners with this plugin's Worker, many of them in one process on the other core: their heartbeats, reports
and batches are those of real workers, only the calls are made up. Printed for each number of workers and offered rate
are the rows that arrived in the run folder each second, the CPU of the master, heartbeats that it missed, the rows that
did not arrive, how long it took from the end of the last level to the end of the process, its memory, and the CPU of
the workers' process. First comes what one row costs the master, part by part.

With `--flood` the workers are those of `flood.py`, which cost so little that the master is the bottleneck, and it has
its web UI, which is asked once a second: the longest answer is printed, too.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import csv
import functools
import itertools
import json
import os
import random
import re
import resource
import socket
import sys
import tempfile
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

# First: it patches sockets, which has to come before anything imports boto3.
from locust import User, argument_parser, constant_pacing, task
from locust.env import Environment
from locust.event import Events

import gevent
import msgpack
import psutil
from long_run import MasterSide, WorkerSide, calls, level

import bedrock_locust
from bedrock_locust.call import Call
from bedrock_locust.worker import Worker
from bedrock_locust.workload.bench import bench_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[1]
LOCUST = Path(sys.executable).with_name("locust")
MASTER_CORE, WORKER_CORE = 0, 1
BURST_S = 0.5
"""How often a made-up user makes its calls."""
VARIETY = 500
"""Calls that a user makes up; then it makes them again."""
MARGIN_S = 1.0
"""What is left out at both ends of the window."""
START_LIMIT_S = 240
END_LIMIT_S = 120
PAGE_LIMIT_S = 10
DEFAULT_ARGS = functools.cache(argument_parser.default_args_dict)
HEADER = (
    f"{'workers':>7}{'offered/s':>11}{'rows/s':>9}{'CPU %':>7}{'missed':>8}{'lost':>6}{'end s':>7}{'MB':>6}"
    f"{'their CPU %':>13}{'page s':>8}"
)


def main() -> int:
    """Print the costs of a row, and a line for each number of workers and rate; whether all rows arrived."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="20", help="with commas")
    parser.add_argument("--rates", default="0,1000,4000,8000", help="rows a second that all workers make, with commas")
    parser.add_argument("--seconds", type=int, default=10, help="length of the window")
    parser.add_argument("--flood", action="store_true", help="with workers that cost next to nothing")
    parser.add_argument("--feed", metavar="PORT,WORKERS,RATE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.feed:
        feed(*map(int, options.feed.split(",")))
        return 0
    print_costs()
    print(f"\n{HEADER}")
    lost = 0
    for workers in map(int, options.workers.split(",")):
        for rate in map(int, options.rates.split(",")):
            lost += print_line(workers, rate, options.seconds, flood=options.flood)
    return 1 if lost else 0


# What a row costs


def print_costs(rows: int = 5_000) -> None:
    """Microseconds of CPU for a row on its way through the master's recorder."""
    chance = random.Random(1)
    now = time.time()
    worker = WorkerSide("w_0", lambda: "streaming-20", chance)
    for second in range(rows // 200):
        worker.second(now - rows / 200 + second, "streaming-20", 200)
    report = worker.report()
    told = msgpack.unpackb(report, strict_map_key=False)["bedrock"]
    made_rows = [row for batch in told["batches"] for row in batch["rows"]]
    with tempfile.TemporaryDirectory() as folder:
        master = MasterSide(Path(folder))
        master.recorder.tally.timeline.started_at = now - rows / 200
        master.recorder.level(level("streaming-20", now - rows / 200, None))
        made = [Call.from_row(row) for row in made_rows]
        print(f"a row is {len(report) / rows:.0f} bytes on its way to the master; its CPU there, in us:")
        parts: dict[str, Callable[[], object]] = {
            "unpack": lambda: msgpack.unpackb(report, strict_map_key=False),
            "write": lambda: master.recorder.folder.append(made_rows),
            "make the call": lambda: list(map(Call.from_row, made_rows)),
            "tally": lambda: list(map(master.recorder.tally.add, made)),
            "of that, timeline": lambda: list(map(master.recorder.tally.timeline.add, made)),
            "health": lambda: list(map(master.recorder.health.add, made)),
            "all of it": lambda: master.take("w_0", report),
        }
        for name, work in parts.items():
            begun = time.process_time()
            work()
            print(f"  {name:<18}{(time.process_time() - begun) / rows * 1e6:>6.1f}")
        master.recorder.folder.close()


# A real master


def print_line(workers: int, rate: int, seconds: int, *, flood: bool) -> int:
    """One run; the rows that did not arrive."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), workers, rate, seconds, flood=flood)
        try:
            window = run.measure()
            end = run.end()
        finally:
            run.kill()
    rows_per_s = window.bytes_per_s / end.bytes_per_row
    line = f"{workers:>7}{rate:>11,}{rows_per_s:>9,.0f}{window.cpu:>7.1f}{end.missed:>8}{end.lost:>6}"
    page = "" if window.page_s is None else f"{window.page_s:.2f}"
    print(f"{line}{end.seconds:>7.1f}{window.memory_mb:>6.0f}{window.their_cpu:>13.1f}{page:>8}", flush=True)
    return end.lost


class Window(NamedTuple):
    """The measured time of a run."""

    cpu: float
    """Percent of a core, of the master."""
    bytes_per_s: float
    """The growth of the table of calls."""
    memory_mb: float
    """Memory of the master at its end."""
    their_cpu: float
    """Percent of a core, of the process with the workers."""
    page_s: float | None
    """The longest that the web UI took to answer, if there is one."""


class End(NamedTuple):
    """The end of a run."""

    bytes_per_row: float
    missed: int
    """Heartbeats that the master missed."""
    lost: int
    """Rows that did not arrive."""
    seconds: float
    """From the end of the level to the end of the process."""


class Run:
    """A master and the process with its workers."""

    def __init__(self, path: Path, workers: int, rate: int, seconds: int, *, flood: bool) -> None:
        self.path, self._seconds = path, seconds
        levels = {"start": workers, "end": workers, "step": 1, "duration_seconds": seconds}
        config = {"model": {"id": "any"}, "concurrency": levels, "test": {"non_streaming": False}}
        (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
        port, web = free_port(), free_port()
        self._page = f"http://127.0.0.1:{web}/stats/requests" if flood else ""
        mode = ("--autostart", "--autoquit", "1", "--web-port", web) if flood else ("--headless",)
        where = ("--only-summary", "--master", "--master-bind-port", port, "--bedrock-simulator")
        master = [LOCUST, "-f", ROOT / "locustfile.py", *mode, *where, "--expect-workers", str(workers)]
        child = [Path(__file__).with_name("flood.py")] if flood else [__file__, "--feed"]
        self._output = (path / "output.txt").open("w", encoding="utf-8")
        self._master = self._start(MASTER_CORE, master)
        self._workers = self._start(WORKER_CORE, [sys.executable, *child, f"{port},{workers},{rate}"])

    def _start(self, core: int, command: Sequence[str | Path]) -> psutil.Popen:
        return psutil.Popen(
            command,
            cwd=self.path,
            stdout=self._output,
            stderr=self._output,
            preexec_fn=lambda: os.sched_setaffinity(0, {core % (os.cpu_count() or 1)}),
        )

    def measure(self) -> Window:
        """CPU, memory and the answers of the page within the window."""
        self._wait_for_window()
        time.sleep(MARGIN_S)
        begun, processes = time.monotonic(), (self._master, self._workers)
        cpu, size = [sum(process.cpu_times()[:2]) for process in processes], self._table.stat().st_size
        answers_s = []
        while (left_s := begun + self._seconds - 2 * MARGIN_S - time.monotonic()) > 0:
            time.sleep(min(1, left_s))
            answers_s += [self._ask()] if self._page else []
        took_s = time.monotonic() - begun
        used = [100 * (sum(p.cpu_times()[:2]) - before) / took_s for p, before in zip(processes, cpu, strict=True)]
        grown = (self._table.stat().st_size - size) / took_s
        return Window(used[0], grown, self._master.memory_info().rss / 1e6, used[1], max(answers_s, default=None))

    @property
    def _table(self) -> Path:
        return next(self.path.glob("results/*/requests.csv"))

    def _ask(self) -> float:
        """How long the page takes to answer, in seconds; it is not waited for any longer than the limit."""
        begun = time.monotonic()
        with contextlib.suppress(OSError), urllib.request.urlopen(self._page, timeout=PAGE_LIMIT_S) as answer:  # noqa: S310 - our own
            answer.read()
        return time.monotonic() - begun

    def _wait_for_window(self) -> None:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end and self._master.poll() is self._workers.poll() is None:
            for path in self.path.glob("results/*/levels.csv"):
                with path.open(encoding="utf-8", newline="") as file:
                    if any(row["measured_from"] for row in csv.DictReader(file)):
                        return
            time.sleep(0.1)
        sys.exit("the run did not begin:\n" + (self.path / "output.txt").read_text(encoding="utf-8")[-4000:])

    def end(self) -> End:
        """How it ended, once it has."""
        self._master.wait(self._seconds + END_LIMIT_S)
        ended = time.time()
        [folder] = self.path.glob("results/*")
        info = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        with (folder / "levels.csv").open(encoding="utf-8", newline="") as file:
            [row] = csv.DictReader(file)
        closed = float(row["measured_to"])
        accounts = info["workers"].values()
        lost = sum((account["rows_made"] or 0) - account["rows_received"] for account in accounts)
        output = (self.path / "output.txt").read_text(encoding="utf-8")
        missed = len(re.findall("failed to send heartbeat", output))
        return End(self._table.stat().st_size / max(1, info["rows_written"]), missed, lost, ended - closed)

    def kill(self) -> None:
        """End the processes that are still running."""
        for process in (self._master, self._workers):
            if process.poll() is None:
                process.kill()
                process.wait()
        self._output.close()


def free_port() -> str:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


# Its workers


class StreamingUser(User):
    """Has the name of the stock user, which the master tells workers to run. Its calls are made up."""

    wait_time = constant_pacing(BURST_S)
    rows_per_s = 0.0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._owed = 0.0
        self._last = time.monotonic()
        self._level = ""
        self._calls: Iterator[Call] = iter(())

    @task
    def make(self) -> None:
        """Make the calls that are due: the request event of each."""
        tags = bench_of(self.environment).tags()
        self._owed += self.rows_per_s * (time.monotonic() - self._last)
        self._last = time.monotonic()
        count = int(self._owed)
        self._owed -= count
        if tags["level"] != self._level:
            self._level = tags["level"]
            made = calls(0.0, self._level, tags["worker"], VARIETY, random.Random())
            self._calls = itertools.cycle(list(made))
        now = time.time()
        for like in itertools.islice(self._calls, count):
            call = replace(like, started_at=now - like.latency_ms / 1000)
            self.environment.events.request.fire(
                request_type=call.operation,
                name=call.name,
                response_time=call.latency_ms,
                response_length=500,
                response=call,
                exception=None,
                context={},
            )


class NonStreamingUser(User):
    """The other stock user: the master names it, too, though none runs."""

    @task
    def rest(self) -> None:
        """Nothing."""


class LightWorker(Worker):
    """A worker that makes no calls, so that all in a process can do with one boto3 client."""

    shared: Any = None

    def _connect(self, *arguments: Any, **options: Any) -> Any:
        if LightWorker.shared is None:
            LightWorker.shared = super()._connect(*arguments, **options)
        return LightWorker.shared


def feed(port: int, workers: int, rate: int) -> None:
    """The child: this number of workers, until the master sends them home."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    bedrock_locust.setup()
    StreamingUser.rows_per_s = rate / workers
    options = argument_parser.parse_options(args=["--worker", "--master-host", "127.0.0.1", "--master-port", str(port)])
    runners = []
    for _ in range(workers):
        environment = Environment(
            user_classes=[StreamingUser, NonStreamingUser],
            events=Events(),
            parsed_options=copy.copy(options),
            reset_stats=False,
        )
        runner = environment.create_worker_runner("127.0.0.1", port)
        runners.append((runner, LightWorker(environment, runner, options)))
        # Each worker puts a cache around it, and that many of them are more than Python's stack can hold.
        argument_parser.default_args_dict = DEFAULT_ARGS
        gevent.sleep(0)
    for runner, _ in runners:
        runner.greenlet.join()


if __name__ == "__main__":
    sys.exit(main())
