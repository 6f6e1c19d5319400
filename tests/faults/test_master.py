"""Faults of the master: signals, a terminal that goes away, a hard death, a stop by hand; and a second run after it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.exits import ENDED_AT_ONCE, ENDED_EARLY
from tests.e2e.checks import assert_whole, info, read
from tests.e2e.running import LOCUST, ROOT, free_port, until

from .team import DEADLINE_S, assert_accounted, kill, swarm

if TYPE_CHECKING:
    from tests.e2e.running import Place, Simulator

    from .team import Team

STREAMING = {"non_streaming": False}
LEVEL = "streaming-2"
FOR_LONG = {"start": 2, "end": 2, "step": 2, "duration_seconds": 60}
BRIEF = {"start": 2, "end": 2, "step": 2, "duration_seconds": 2}


def test_killed(team: Team, simulator: Simulator) -> None:
    """A master that is killed leaves a folder that makes a report; its worker ends soon, and keeps the other rows."""
    team.place.configure({"concurrency": FOR_LONG, "test": STREAMING})
    worker = team.work()
    master = team.lead(simulator, 1)
    run = team.reported(LEVEL)
    kill(master)
    killed_at = time.monotonic()
    assert worker.wait(DEADLINE_S) == 1, team.place.output(worker)
    assert time.monotonic() - killed_at < 30
    (orphaned,) = (team.place.path / "results").glob("orphaned-*.csv")
    ledger, rows, kept = simulator.calls(), read(run / "requests.csv"), read(orphaned)
    said = re.search(r"(\d+) rows of this worker were not handed over", team.place.output(worker))
    assert said, team.place.output(worker)
    assert int(said[1]) == len(kept)
    # A row whose answer the worker had not got is in both files.
    assert {row["request_id"] for row in (*rows, *kept)} == {call["request_id"] for call in ledger}
    assert len({row["request_id"] for row in rows}) == len(rows)
    assert len({row["request_id"] for row in kept}) == len(kept)
    done = subprocess.run(
        [sys.executable, "-m", "reports", str(run)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "or the run crashed" in (run / "report.md").read_text()


@pytest.mark.usefixtures("no_report")
def test_the_terminal_goes_away(team: Team, simulator: Simulator) -> None:
    """Workers and master of one terminal, which is closed: the run ends in good order, and nothing is lost."""
    team.place.configure({"concurrency": FOR_LONG, "test": STREAMING})
    child, terminal = pty.fork()
    if not child:
        os.chdir(team.place.path)
        port = str(team.port)
        more = ("--headless", "--processes", "2", "--master-port", port, "--master-bind-port", port)
        os.execve(
            LOCUST, [str(LOCUST), "-f", str(team.place.locustfile), *more, "--host", simulator.url], team.place.env
        )
    run = team.measuring(LEVEL)
    until(lambda: len(read(run / "requests.csv")) > 5, "rows", DEADLINE_S)
    os.close(terminal)
    (code,) = until(lambda: ended(child), "end of the process", DEADLINE_S)
    assert code == ENDED_EARLY
    assert_accounted(run, simulator.calls())
    assert info(run)["end_reason"].startswith("stopped by SIGHUP")
    assert all(worker["state"] == "finished" for worker in info(run)["workers"].values())
    assert (run / "report.md").exists()


def ended(child: int) -> list[int]:
    """The exit code of a child, once it has ended."""
    pid, status = os.waitpid(child, os.WNOHANG)
    return [os.waitstatus_to_exitcode(status)] if pid else []


@pytest.mark.long
def test_ended_at_once(team: Team, simulator: Simulator) -> None:
    """Ctrl-C twice, the second while the last rows are awaited: the workers end soon, and keep what was not taken."""
    team.place.configure({"concurrency": FOR_LONG, "test": STREAMING})
    frozen, other = team.work(), team.work()
    master = team.lead(simulator, 2)
    run = team.reported(LEVEL)
    frozen.send_signal(signal.SIGSTOP)
    master.send_signal(signal.SIGINT)
    team.place.said(master, "again to end at once")
    time.sleep(1)
    master.send_signal(signal.SIGINT)
    assert master.wait(5) == ENDED_AT_ONCE
    frozen.send_signal(signal.SIGCONT)
    assert [frozen.wait(30), other.wait(30)] == [1, 1], "not only when Locust notices, after a minute"
    kept = [row for path in (team.place.path / "results").glob("orphaned-*.csv") for row in read(path)]
    rows = [*read(run / "requests.csv"), *kept]
    assert sorted(row["request_id"] for row in rows) == sorted(call["request_id"] for call in simulator.calls())
    assert info(run)["ended"] == "running"


@pytest.mark.long
def test_stopped_by_hand_and_run_again(team: Team, simulator: Simulator) -> None:
    """Stop in the web UI: every row is in, and the next run of the same processes is whole."""
    team.place.configure({"concurrency": FOR_LONG, "test": STREAMING})
    for _ in range(2):
        team.work()
    web = free_port()
    url = f"http://127.0.0.1:{web}"
    master = team.lead(simulator, 2, "--web-port", str(web), headless=False)
    team.place.said(master, "2 workers connected")
    team.place.said(master, "Starting web interface")
    swarm(url)
    run = team.reported(LEVEL)
    urllib.request.urlopen(f"{url}/stop", b"", timeout=60).close()
    until((run / "report.md").exists, "report", DEADLINE_S)
    first = simulator.calls()
    assert_accounted(run, first)
    assert info(run)["end_reason"] == "stopped before all levels had run"

    team.place.configure({"concurrency": BRIEF, "test": STREAMING})
    swarm(url)
    until(lambda: len(team.place.runs()) == 2 and (team.place.runs()[1] / "report.md").exists(), "report", DEADLINE_S)
    assert_whole(team.place.runs()[1], simulator.calls()[len(first) :], [LEVEL])
    master.send_signal(signal.SIGTERM)
    assert master.wait(DEADLINE_S) in (0, 1), team.place.output(master)


@pytest.mark.usefixtures("no_report")
def test_stands_still(place: Place, simulator: Simulator) -> None:
    """A run whose process was frozen for some seconds says so, and has every row."""
    place.configure({"concurrency": {"end": 1, "duration_seconds": 3}, "test": STREAMING})
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    until(lambda: len(simulator.calls()) > 3, "calls")
    process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    process.send_signal(signal.SIGCONT)
    assert process.wait(DEADLINE_S) == 0
    assert "bedrock-locust: this process stood still for" in place.output(process)
    assert_accounted(place.runs()[0], simulator.calls())
