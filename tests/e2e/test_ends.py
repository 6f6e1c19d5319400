"""However a run ends, what was measured is kept and said."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.exits import BAD_INPUT, ENDED_AT_ONCE, ENDED_EARLY, FAILED

from .checks import info, read
from .running import DEADLINE_S, ROOT, free_port, post, serves, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator

LONG = ("--ttft-ms", "50", "--tpot-ms", "500", "--output-tokens", "100", "--spread", "0")
"""Calls of 50 s: longer than the grace for calls in flight."""

WAYS = """
import os
import sys
import time

import gevent
from locust import LoadTestShape, constant, events, task
from locust.exception import StopTest, StopUser

from bedrock_locust import BedrockUser, setup


def write(folder, copy):
    (folder / "report.md").write_text("# A report")
    return folder / "report.md"


setup(report=write)
way, calls, gone = os.environ["WAY"], [], []


def end_by(name, user):
    if name != way or len(calls) < 5:
        return
    runner = user.environment.runner
    match way.split("-")[0]:
        case "quit":
            runner.quit()
        case "spawn":
            gevent.spawn(runner.quit)
        case "stop":
            runner.stop()
        case "leave":
            raise StopUser
        case "stoptest":
            raise StopTest
        case "exit" if not gone:
            gone.append(user)
            sys.exit(int(way[-1]))


class Caller(BedrockUser):
    wait_time = constant(0.01)

    def on_start(self):
        if way == "quit-start":
            calls.extend(range(5))
        end_by("quit-start", self)

    def on_stop(self):
        end_by("quit-stop", self)

    @task
    def call(self):
        self.client.converse(modelId=self.settings.model.id, messages=[{"role": "user", "content": [{"text": "x"}]}])
        calls.append(self)
        if "-task" in way:
            end_by(way, self)
        if way == "quit-stop" and len(calls) >= 5:
            raise StopUser


@events.request.add_listener
def on_request(**_):
    for name in ("quit-listener", "leave-listener", "stoptest-listener"):
        if calls:
            end_by(name, calls[0])
"""
"""An own locustfile that ends its run in the way that the environment names."""


def own(place: Place, way: str) -> Path:
    """The locustfile of own ways to end."""
    place.env["WAY"] = way
    path = place.path / "ways.py"
    path.write_text(WAYS)
    return path


@pytest.mark.parametrize(
    ("way", "code", "reason"),
    [
        ("quit-task", 0, "stopped as asked"),
        ("quit-start", 0, "stopped as asked"),
        ("quit-stop", 0, "stopped as asked"),
        ("quit-listener", 0, "stopped as asked"),
        ("spawn-task", 0, "stopped as asked"),
        ("stop-task", 0, "stopped as asked"),
        ("exit-task-0", ENDED_EARLY, "stopped by an exit of the process"),
        ("exit-task-7", ENDED_EARLY, "stopped by an exit of the process"),
    ],
)
def test_every_end_is_an_end(place: Place, simulator: Simulator, way: str, code: int, reason: str) -> None:
    """Whoever ends the run, and wherever: it ends soon, with all of its rows, its report and a code that says how."""
    arguments = ("--headless", "--only-summary", "--users", "2", "--spawn-rate", "2", "--host", simulator.url)
    begun = time.monotonic()
    process = place.start(*arguments, "--run-time", "300", locustfile=own(place, way))
    assert process.wait(DEADLINE_S) == code, place.output(process)
    assert time.monotonic() - begun < 90, "it went on until --run-time"
    assert "Traceback" not in place.output(process), place.output(process)
    (run,) = place.runs()
    said = info(run)
    assert said["end_reason"] == reason
    assert (run / "report.md").exists()
    rows = read(run / "requests.csv")
    assert said["rows_written"] == len(rows)
    assert {row["request_id"] for row in rows if row["request_id"]} >= {
        call["request_id"] for call in simulator.calls() if call["outcome"] == "ok"
    }
    assert len(rows) >= (0 if way == "quit-start" else 5)


@pytest.mark.parametrize("way", ["leave-task", "stoptest-task", "leave-listener", "stoptest-listener"])
def test_users_that_leave(place: Place, simulator: Simulator, way: str) -> None:
    """When all users have stopped themselves, `--run-time` ends the run, as in Locust: that was the plan.

    StopTest ends a user, and no more than that: Locust 2.47 asks for it in its own classes only.
    """
    arguments = ("--headless", "--only-summary", "--host", simulator.url, "--run-time", "3")
    process = place.start(*arguments, locustfile=own(place, way))
    assert process.wait(DEADLINE_S) == 0, place.output(process)
    assert "Traceback" not in place.output(process), place.output(process)
    (run,) = place.runs()
    assert info(run)["ended"] == "complete"
    assert len(read(run / "requests.csv")) == len(simulator.calls()) == (6 if "listener" in way else 5)
    assert (run / "report.md").exists()


ITERATIONS = """
import types
from functools import wraps

import gevent
from locust import events
from locust.exception import StopUser
from locust.user.task import DefaultTaskSet


@events.test_start.add_listener
def set_up_limits(environment, **_):
    runner, limit = environment.runner, 6
    runner.iterations_started, runner.ends = 0, None

    def end():
        while runner.user_count:
            gevent.sleep(0.05)
        runner.quit()

    def limited(method):
        @wraps(method)
        def wrapped(self, task):
            if runner.iterations_started >= limit:
                runner.ends = runner.ends or gevent.spawn(end)
                raise StopUser
            if isinstance(task, types.FunctionType):
                runner.iterations_started += 1
            method(self, task)

        return wrapped

    DefaultTaskSet.execute_task = limited(DefaultTaskSet.execute_task)
"""
"""What `-i 6` of locust-plugins 5.0.3 does, without its options; there two users that stop at once end no run."""


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("levels", [False, True], ids=["own", "levels"])
def test_iterations(place: Place, simulator: Simulator, levels: bool) -> None:
    """A number of iterations ends the run: without levels that was the plan, with levels it was not."""
    (place.path / "limit.py").write_text(ITERATIONS)
    if levels:
        place.configure({"concurrency": {"start": 2, "end": 2, "duration_seconds": 60}})
    first = place.locustfile if levels else own(place, "none")
    arguments = ("--host", simulator.url, *(() if levels else ("--users", "2", "--spawn-rate", "2")))
    code, output = place.run(*arguments, locustfile=Path(f"{first},{place.path / 'limit.py'}"))
    assert "Traceback" not in output, output
    assert code == (ENDED_EARLY if levels else 0), output
    (run,) = place.runs()
    assert info(run)["end_reason"] == ("stopped before all levels had run" if levels else "stopped as asked")
    assert len(read(run / "requests.csv")) == len(simulator.calls()) == 6
    assert (run / "report.md").exists()


RAISES = """
from locust import task
from bedrock_locust import BedrockUser, setup

setup(report="stand_ins:text")


class Asks(BedrockUser):
    @task
    def ask(self):
        self.client.converse(modelId=self.settings.model.id, messages=[{"role": "user", "content": [{"text": "x"}]}])
        raise KeyError("no such answer")
"""


@pytest.mark.usefixtures("no_charts")
@pytest.mark.parametrize("workers", [(), ("--processes", "2")], ids=["local", "processes"])
def test_tasks_that_raise(place: Place, simulator: Simulator, workers: tuple[str, ...]) -> None:
    """The exceptions are quoted in the last lines and in the report, and the exit code is not 0."""
    (place.path / "raises.py").write_text(RAISES)
    code, output = place.run(
        *("--host", simulator.url, "--users", "2", "--run-time", "3", *workers), locustfile=place.path / "raises.py"
    )
    assert code == FAILED, output
    (run,) = place.runs()
    [counted] = read(run / "exceptions.csv")
    assert int(counted["Count"]) > 1
    last = " ".join(output[output.rindex("Run complete") :].split())
    assert "'no such answer' (" in last
    assert "exceptions in tasks, most often: 'no such answer' (" in output
    assert "CLIENT-LIMITED" not in output
    assert f"{counted['Count']} exceptions, most often: `'no such answer'`" in (run / "report.md").read_text()


@pytest.mark.parametrize("way", ["quit-task", "exit-task-0"])
def test_workers_that_end_themselves(place: Place, simulator: Simulator, way: str) -> None:
    """A task that ends its worker hands over its rows first; without a worker the run has ended before its plan."""
    arguments = ("--headless", "--only-summary", "--processes", "2", "--users", "2", "--host", simulator.url)
    process = place.start(*arguments, "--run-time", "300", locustfile=own(place, way))
    assert process.wait(DEADLINE_S) == ENDED_EARLY, place.output(process)
    (run,) = place.runs()
    assert info(run)["end_reason"] == "no worker was left"
    assert {worker["rows_lost"] for worker in info(run)["workers"].values()} == {0}
    assert len(read(run / "requests.csv")) == len(simulator.calls())
    assert (run / "report.md").exists()


def test_no_worker_can_take_part(place: Place, simulator: Simulator) -> None:
    """Workers without credentials: one reason, in the output and in the record, and the code of wrong settings."""
    place.env |= {"HOME": str(place.path), "AWS_EC2_METADATA_DISABLED": "true"}
    for name in [name for name in place.env if name.startswith("AWS_") and name != "AWS_EC2_METADATA_DISABLED"]:
        del place.env[name]
    code, output = place.run("--host", simulator.url, "--processes", "2", locustfile=own(place, "none"))
    assert code == BAD_INPUT, output
    (run,) = place.runs()
    assert info(run)["ended"] == "interrupted"
    assert info(run)["end_reason"].startswith("no worker could take part: no AWS credentials found")
    assert {worker["state"] for worker in info(run)["workers"].values()} == {"refused"}
    assert output.count("cannot take part: no AWS credentials found") == 2
    assert "Traceback" not in output
    assert (run / "report.md").exists()


@pytest.mark.usefixtures("no_report")
def test_stop_from_the_page(place: Place, simulator: Simulator) -> None:
    """The button ends a run with levels before its plan; the process goes on, and its code is that of its last run."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    place.configure({"concurrency": {"duration_seconds": 60}})
    process = place.start("--host", simulator.url, "--web-port", str(port))
    until(lambda: serves(url), "web UI")
    assert post(f"{url}/swarm")["success"]
    run = measuring(place)
    assert post(f"{url}/stop")["success"]
    until(lambda: info(run)["ended"] != "running", "end")
    assert info(run)["end_reason"] == "stopped before all levels had run"
    until((run / "report.md").exists, "report")
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == ENDED_EARLY, place.output(process)


def measuring(place: Place) -> Path:
    """The run folder, once the first level has calls in flight in its window."""
    until(lambda: any(row["measured_from"] for path in place.levels() for row in read(path)), "window")
    time.sleep(0.5)
    return place.runs()[0]


def assert_interrupted(run: Path, ledger: int) -> None:
    """The run is marked, the calls in flight are there as cut off, and levels that never ran are not."""
    rows = read(run / "requests.csv")
    assert [row["error"] for row in rows] == ["Cancelled"] * ledger
    assert all(row["ttft_ms"] and row["level"] == "streaming-1" for row in rows)
    assert info(run)["ended"] == "interrupted"
    (level,) = read(run / "levels.csv")
    assert level["level"] == "streaming-1"
    # The calls had a grace of 3 s, in which there was no load any more.
    assert float(level["measured_to"]) < float(rows[0]["started_at"]) + float(rows[0]["latency_ms"]) / 1000 - 1
    assert "interrupted" in (run / "report.md").read_text().lower()


@pytest.mark.usefixtures("no_charts")
@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["local", "processes"])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_signal(
    place: Place, start_simulator: Callable[..., Simulator], signum: signal.Signals, processes: tuple[str, ...]
) -> None:
    """Ctrl-C and SIGTERM stop a run; what was measured is reported."""
    simulator = start_simulator(*LONG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url, *processes)
    run = measuring(place)
    process.send_signal(signum)
    code = process.wait(DEADLINE_S)
    output = place.output(process)
    assert "Traceback" not in output, output
    assert code == ENDED_EARLY, output
    assert_interrupted(run, len(simulator.calls()))


@pytest.mark.usefixtures("no_charts")
def test_signal_to_all(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Ctrl-C in a terminal reaches the workers as well; nothing is lost."""
    simulator = start_simulator(*LONG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url, "--processes", "2")
    run = measuring(place)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(DEADLINE_S) == ENDED_EARLY
    assert_interrupted(run, len(simulator.calls()))


def test_second_ctrl_c(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """A second Ctrl-C ends at once; the report can be made from the folder."""
    simulator = start_simulator(*LONG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    run = measuring(place)
    process.send_signal(signal.SIGINT)
    place.said(process, "again to end at once")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == ENDED_AT_ONCE
    assert info(run)["ended"] == "running"


def test_before_the_workers_come(place: Place) -> None:
    """Ctrl-C while the master still waits for workers ends it."""
    process = place.start("--headless", "--master", "--master-bind-port", str(free_port()), "--expect-workers", "2")
    place.said(process, "Waiting for workers")
    process.send_signal(signal.SIGINT)
    assert process.wait(15) != 0
    assert "Traceback" not in place.output(process), place.output(process)
    assert not place.runs()


@pytest.mark.usefixtures("no_report")
def test_worker_alone(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Ctrl-C on one worker hands over its rows before it goes; the run goes on with the other."""
    simulator = start_simulator("--ttft-ms", "20", "--tpot-ms", "2", "--output-tokens", "10")
    place.configure({"concurrency": {"start": 2, "end": 2, "duration_seconds": 5}, "test": {"non_streaming": False}})
    port = str(free_port())
    workers = [place.start("--worker", "--master-port", port) for _ in range(2)]
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", port, "--expect-workers", "2")
    master = place.start("--headless", "--only-summary", *arguments)
    run = measuring(place)
    workers[0].send_signal(signal.SIGINT)
    workers[0].wait(20)
    assert master.wait(DEADLINE_S) == 0, "a call that is cut off is no failure"
    rows = read(run / "requests.csv")
    assert {row["request_id"] for row in rows if row["request_id"]} == {
        call["request_id"] for call in simulator.calls()
    }
    said = info(run)
    assert said["ended"] == "complete"
    (left,) = [change for change in said["worker_changes"] if change["what"] == "left"]
    assert left["levels"] == ["streaming-2"]
    assert said["workers"][left["worker"]]["reason"] == "left before the end"
    assert {worker["rows_lost"] for worker in said["workers"].values()} == {0}


@pytest.mark.usefixtures("no_report")
def test_run_time(place: Place, simulator: Simulator) -> None:
    """--run-time ends a run early."""
    place.configure({"concurrency": {"duration_seconds": 60}})
    code, output = place.run("--host", simulator.url, "--run-time", "4")
    assert code == ENDED_EARLY, output
    assert "--run-time ends it after 4 s, whatever levels are left" in output
    assert info(place.runs()[0])["ended"] == "interrupted"
    assert info(place.runs()[0])["end_reason"] == "stopped by --run-time, after 4 s, before all levels had run"
    assert len(read(place.runs()[0] / "requests.csv")) == len(simulator.calls())


def test_own_locustfile(place: Place, simulator: Simulator) -> None:
    """The example of a locustfile of one's own runs, without a shape, and leaves a report."""
    code, output = place.run(
        "--host", simulator.url, "--users", "2", "--run-time", "3", locustfile=ROOT / "examples" / "own_locustfile.py"
    )
    assert code == 0, output  # a call that is cut off is no failure
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    # Locust kills a user that waits at once, even if it has just begun its next call: that one is cut off.
    ended = {row["request_id"] for row in rows if row["error"] != "Cancelled"}
    assert ended == {call["request_id"] for call in simulator.calls() if call["outcome"] == "ok"}
    assert len(ended) > 2
    assert "short question" in {row["name"] for row in rows} <= {"short question", "first turn", "second turn"}
    assert {row["max_tokens"] for row in rows} == {"100"}
    assert "short question" in (run / "report.md").read_text()


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda signum: signum.name)
def test_a_run_that_began_by_itself_beside_the_page(place: Place, simulator: Simulator, signum: signal.Signals) -> None:
    """With --autostart a signal ends the run in good order, and then the process: its page does not stay behind."""
    place.configure({"concurrency": {"duration_seconds": 60}})
    process = place.start("--autostart", "--web-port", str(free_port()), "--host", simulator.url)
    until(lambda: len(simulator.calls()) > 3, "calls")
    process.send_signal(signum)
    assert process.wait(DEADLINE_S) == ENDED_EARLY
    output = place.output(process)
    assert "stopping (again to end at once)" in output
    assert "Traceback" not in output
    said = info(place.runs()[0])
    assert said["ended"] == "interrupted"
    name = {signal.SIGINT: "Ctrl-C"}.get(signum, signum.name)
    assert said["end_reason"].startswith(f"stopped by {name}")
    assert (place.runs()[0] / "report.md").exists()
