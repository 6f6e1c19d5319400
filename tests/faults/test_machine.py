"""Faults of the machine that leads a run."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.e2e.checks import assert_whole, info, read
from tests.e2e.running import ROOT, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.running import Place, Simulator

    from .team import Team

STEPPED = """
import os, sys, time

real = time.time
time.time = lambda: real() + {step} * os.path.exists("stepped")
sys.path.insert(0, {root!r})
from locustfile import *
"""
"""A locustfile on a machine whose wall clock is set while the run goes on."""


def measured(place: Place, level: str) -> Path:
    """The run folder, once a level has been measured for some calls."""
    until(
        lambda: any(row["level"] == level and row["measured_from"] for path in place.levels() for row in read(path)),
        f"window of {level}",
    )
    return place.runs()[0]


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    ("step", "processes"),
    [
        pytest.param(-3600, (), id="back"),
        pytest.param(-3600, ("--processes", "2"), marks=pytest.mark.long, id="back-processes"),
        pytest.param(3600, ("--processes", "2"), marks=pytest.mark.long, id="forth-processes"),
    ],
)
def test_a_clock_that_is_set(place: Place, simulator: Simulator, step: int, processes: tuple[str, ...]) -> None:
    """A step of the wall clock moves no call out of its level and bends no duration; it is said."""
    locustfile = place.path / "stepped_locustfile.py"
    locustfile.write_text(STEPPED.format(root=str(place.locustfile.parent), step=step))
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 2, "end": 4, "duration_seconds": 2}})
    arguments = ("--headless", "--only-summary", "--host", simulator.url, *processes)
    process = place.start(*arguments, locustfile=locustfile)
    run = measured(place, "streaming-2")
    (place.path / "stepped").touch()
    assert process.wait(60) == 0, place.output(process)
    output = place.output(process)
    assert f"the clock of this machine was set by {step:+.1f} s in mid-run" in output
    assert "Traceback" not in output
    said = info(run)
    assert said["ended"] == "complete"
    assert abs(said["clock_step_ms"] - step * 1000) < 1000
    assert 0 < said["ended_at"] - said["started_at"] < 60
    windows = {
        row["level"]: (float(row["measured_from"]), float(row["measured_to"])) for row in read(run / "levels.csv")
    }
    assert all(float(row["Requests/s"]) >= 0 for row in read(run / "stats.csv"))
    rows = read(run / "requests.csv")
    assert len(rows) == len(simulator.calls())
    assert {row["level"] for row in rows if row["phase"] == "measure"} == {"streaming-2", "streaming-4"}
    for row in rows:
        started_at = float(row["started_at"])
        assert said["started_at"] - 1 < started_at < said["ended_at"]
        if row["phase"] == "measure":
            begin, end = windows[row["level"]]
            assert begin - 1 < started_at < end + 1, "a call outside of the window in which it was made"


FEW_FILES = """
import resource, sys

resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
sys.path.insert(0, {root!r})
from locustfile import *
"""


@pytest.mark.usefixtures("no_charts")
def test_too_few_open_files(place: Place, simulator: Simulator) -> None:
    """It is said before the run; calls fail as this machine's own fault, with the remedy; the run is written whole."""
    locustfile = place.path / "few_files.py"
    locustfile.write_text(FEW_FILES.format(root=str(place.locustfile.parent)))
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 80, "end": 80, "duration_seconds": 2}})
    code, output = place.run("--host", simulator.url, locustfile=locustfile)
    assert code == 1, output
    assert "80 calls in flight need about 144 open files, but the limit is 60" in output
    assert "Traceback" not in output, output
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    lacking = [row for row in rows if row["error"]]
    assert {(row["error"], row["error_code"], row["error_stage"]) for row in lacking} == {
        ("ClientResourceError", "EMFILE", "connect")
    }
    assert len(rows) - len(lacking) == len(simulator.calls()) > 0
    assert info(run)["ended"] == "complete"
    assert "ulimit -n" in (run / "report.md").read_text()


@pytest.mark.long
def test_too_few_open_files_in_one_worker(team: Team, simulator: Simulator) -> None:
    """One of two has too few: it says so itself, so does the master, and only its calls fail for it."""
    locustfile = team.place.path / "few_files.py"
    locustfile.write_text(FEW_FILES.format(root=str(ROOT)))
    team.place.configure(
        {"test": {"non_streaming": False}, "concurrency": {"start": 80, "end": 80, "duration_seconds": 3}}
    )
    few, _ = team.work(locustfile=locustfile), team.work()
    master = team.lead(simulator, 2)
    assert master.wait(60) == 1, team.place.output(master)
    line = "40 calls in flight need about 104 open files, but the limit is 60: calls will fail with ClientResourceError"
    outputs = [team.place.output(process) for process in (few, team.workers[1], master)]
    assert [output.count(line) for output in outputs] == [1, 0, 1]
    (run,) = team.place.runs()
    warned = {name: worker["warning"] for name, worker in info(run)["workers"].items()}
    (name,) = [name for name, warning in warned.items() if line in warning]
    assert f"bedrock-locust: worker {name}: {line}" in outputs[2]
    lacking = [row for row in read(run / "requests.csv") if row["error"]]
    assert {(row["worker"], row["error_code"]) for row in lacking} == {(name, "EMFILE")}
    assert "Traceback" not in "".join(outputs)


def lack_memory(process: subprocess.Popen[str]) -> None:
    """No process of this run gets more address space than the first one has; what draws charts reserves gigabytes."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0])
    size = pages * os.sysconf("SC_PAGESIZE") + 2**26
    resource.prlimit(process.pid, resource.RLIMIT_AS, (size, size))


def kill_the_report(process: subprocess.Popen[str]) -> None:
    """The process that makes the report is killed, as the kernel does when memory runs out."""
    lead = psutil.Process(process.pid)
    child = until(lambda: next(iter(lead.children()), None), "process of the report")
    child.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("strike", [lack_memory, pytest.param(kill_the_report, marks=pytest.mark.long)])
def test_no_memory_for_the_report(
    place: Place, simulator: Simulator, strike: Callable[[subprocess.Popen[str]], None]
) -> None:
    """The run stays whole; one line says how to make its report later, and that works."""
    place.configure({"test": {"non_streaming": False}, "concurrency": {"end": 1, "duration_seconds": 2}})
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    run = measured(place, "streaming-1")
    strike(process)
    assert process.wait(60) == 1, place.output(process)
    output = place.output(process)
    (line,) = [line for line in output.splitlines() if "bedrock-locust: no report" in line]
    again = f"python -m reports {run.relative_to(place.path)} --report-file benchmark_report.md"
    assert line.endswith(f"make it with: {again}")
    assert "Traceback" not in output
    assert f"Run folder  {run.relative_to(place.path)}" in output
    assert_whole(run, simulator.calls(), ["streaming-1"])
    assert not (run / "report.md").exists()
    subprocess.run([sys.executable, *again.split()[1:]], cwd=place.path, check=True, timeout=60)
    assert "# Bedrock load test" in (run / "report.md").read_text()
    assert (place.path / "benchmark_report.md").exists()
