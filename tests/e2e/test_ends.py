"""However a run ends, what was measured is kept and said."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import ROOT, free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .running import Place, Simulator

LONG = ("--ttft-ms", "50", "--tpot-ms", "500", "--output-tokens", "100", "--spread", "0")
"""Calls of 50 s: longer than the grace for calls in flight."""


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
    code = process.wait(30)
    output = place.output(process)
    assert "Traceback" not in output, output
    assert code == 1, f"a call that was cut off is a failure to Locust\n{output}"
    assert_interrupted(run, len(simulator.calls()))


def test_signal_to_all(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Ctrl-C in a terminal reaches the workers as well; nothing is lost."""
    simulator = start_simulator(*LONG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url, "--processes", "2")
    run = measuring(place)
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    assert_interrupted(run, len(simulator.calls()))


def test_second_ctrl_c(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """A second Ctrl-C ends at once; the report can be made from the folder."""
    simulator = start_simulator(*LONG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    run = measuring(place)
    process.send_signal(signal.SIGINT)
    place.said(process, "again to end at once")
    process.send_signal(signal.SIGINT)
    assert process.wait(2) == 130
    assert info(run)["ended"] == "running"


def test_before_the_workers_come(place: Place) -> None:
    """Ctrl-C while the master still waits for workers ends it."""
    process = place.start("--headless", "--master", "--master-bind-port", str(free_port()), "--expect-workers", "2")
    place.said(process, "Waiting for workers")
    process.send_signal(signal.SIGINT)
    assert process.wait(15) != 0
    assert "Traceback" not in place.output(process), place.output(process)
    assert not place.runs()


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
    assert master.wait(60) in (0, 1)
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


def test_run_time(place: Place, simulator: Simulator) -> None:
    """--run-time ends a run early."""
    place.configure({"concurrency": {"duration_seconds": 60}})
    code, output = place.run("--host", simulator.url, "--run-time", "4")
    assert code in (0, 1), output
    assert info(place.runs()[0])["ended"] == "interrupted"
    assert len(read(place.runs()[0] / "requests.csv")) == len(simulator.calls())


def test_own_locustfile(place: Place, simulator: Simulator) -> None:
    """The example of a locustfile of one's own runs, without a shape, and leaves a report."""
    code, output = place.run(
        "--host", simulator.url, "--users", "2", "--run-time", "3", locustfile=ROOT / "examples" / "own_locustfile.py"
    )
    assert code in (0, 1), output
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    # Locust kills a user that waits at once, even if it has just begun its next call: that one is cut off.
    ended = {row["request_id"] for row in rows if row["error"] != "Cancelled"}
    assert ended == {call["request_id"] for call in simulator.calls() if call["outcome"] == "ok"}
    assert len(ended) > 2
    assert "short question" in {row["name"] for row in rows} <= {"short question", "first turn", "second turn"}
    assert {row["max_tokens"] for row in rows} == {"100"}
    assert "short question" in (run / "report.md").read_text()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda signum: signum.name)
def test_a_run_that_began_by_itself_beside_the_page(place: Place, simulator: Simulator, signum: signal.Signals) -> None:
    """With --autostart a signal ends the run in good order, and then the process: its page does not stay behind."""
    place.configure({"concurrency": {"duration_seconds": 60}})
    process = place.start("--autostart", "--web-port", str(free_port()), "--host", simulator.url)
    until(lambda: len(simulator.calls()) > 3, "calls")
    process.send_signal(signum)
    assert process.wait(30) in (0, 1)  # 1 if calls were cut off
    output = place.output(process)
    assert "stopping (again to end at once)" in output
    assert "Traceback" not in output
    said = info(place.runs()[0])
    assert said["ended"] == "interrupted"
    name = {signal.SIGINT: "Ctrl-C"}.get(signum, signum.name)
    assert said["end_reason"].startswith(f"stopped by {name}")
    assert (place.runs()[0] / "report.md").exists()
