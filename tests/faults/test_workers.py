"""Faults of workers: killed, frozen, late, all gone, a wrong clock, another version, no plugin."""

from __future__ import annotations

import re
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from bedrock_locust.exits import BAD_INPUT, ENDED_EARLY
from tests.e2e.checks import info, read
from tests.e2e.running import ROOT, free_port, until

from .team import DEADLINE_S, TIMEOUT_S, assert_accounted, assert_right_modes, changes, freeze, kill, swarm

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.e2e.running import Simulator

    from .team import Team

STREAMING = {"non_streaming": False}
FIRST, SECOND = "streaming-2", "streaming-4"
HOUR_S = 3600
WRONG_CLOCK = """
import time

real = time.time
time.time = lambda: real() + {ahead_s}
"""
"""A sitecustomize.py: a process on a machine whose clock is wrong, from before anything is imported. Its own sockets,
which take the kernel's stamps, would see two clocks: the test uses the SDK's."""
OTHER_VERSION = """
import sys

import bedrock_locust

bedrock_locust.__version__ = "0.0.1"
sys.path.insert(0, {root!r})
from locustfile import *
"""
NO_PLUGIN = """
from locust import User, constant, task


class StreamingUser(User):
    wait_time = constant(1)

    @task
    def nothing(self):
        pass


class NonStreamingUser(StreamingUser):
    pass
"""


STUBBORN = """
import signal
import sys

from gevent import monkey

signal.signal(signal.SIGCONT, lambda *_: monkey.get_original("time", "sleep")({seconds}))
sys.path.insert(0, {root!r})
from locustfile import *
"""
"""A process that stands still again, in another way, once it is woken."""


def levels(duration_s: float, end: int = 4) -> dict[str, float]:
    """Levels of 2 users, then of `end`."""
    return {"start": 2, "end": end, "step": 2, "duration_seconds": duration_s}


@pytest.mark.usefixtures("no_charts")
def test_killed(team: Team, simulator: Simulator) -> None:
    """One of two is killed in a level: the level is marked, the next has all of its users, the loss is stated."""
    team.place.configure({"concurrency": levels(4), "test": STREAMING})
    first, _ = team.work(), team.work()
    master = team.lead(simulator, 2)
    run = team.reported(FIRST)
    kill(first)
    assert master.wait(DEADLINE_S) == 1, team.place.output(master)
    output, said = team.place.output(master), info(run)
    assert_accounted(run, simulator.calls())
    assert said["ended"] == "complete"
    (lost,) = [worker for worker in said["workers"].values() if worker["state"] == "missing"]
    assert lost["rows_made"] > 0
    assert "not heard of since" in lost["reason"]
    assert FIRST in changes(run, "lost")[0]["levels"]
    assert {level["level"]: level["users_reached"] for level in read(run / "levels.csv")}[SECOND] == "4"
    assert "is missing: not heard of since" in output
    assert "was lost: for some seconds users were fewer" in output
    assert "Traceback" not in output
    assert "A worker was lost or left during the run" in (run / "report.md").read_text()


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("seconds", [8, pytest.param(30, marks=pytest.mark.long)])
def test_frozen(team: Team, simulator: Simulator, seconds: int) -> None:
    """One of two stands still, and comes back with an order that it had not read: each row is there, the run ends."""
    team.place.env["BEDROCK_WORKER_TIMEOUT"] = str(max(TIMEOUT_S, seconds + 10))
    team.place.configure({"concurrency": levels(seconds / 2, end=6), "test": STREAMING})
    first, second = team.work(), team.work()
    master = team.lead(simulator, 2)
    run = team.measuring(FIRST)
    time.sleep(seconds / 2 - 2)  # the next level begins while it stands still
    freeze(first, seconds)
    assert master.wait(DEADLINE_S + seconds) == 0, team.place.output(master)
    assert [first.wait(DEADLINE_S), second.wait(DEADLINE_S)] == [0, 0]
    assert_accounted(run, simulator.calls())
    assert_right_modes(run)
    assert info(run)["ended"] == "complete"
    assert FIRST in changes(run, "lost")[0]["levels"]
    assert len(changes(run, "back")) == 1


@pytest.mark.long
def test_a_minute_after_a_loss(team: Team, simulator: Simulator) -> None:
    """Locust drops a worker a minute after its loss and spreads all users anew: those of the level, and no others."""
    team.place.configure({"concurrency": levels(75, end=2), "test": {"non_streaming": True}})
    first, _ = team.work(), team.work()
    master = team.lead(simulator, 2, "--run-time", "78", "--loglevel", "DEBUG", "--bedrock-console", "off")
    run = team.reported(FIRST)
    kill(first)
    assert master.wait(DEADLINE_S + 60) == ENDED_EARLY, team.place.output(master)
    assert_accounted(run, simulator.calls())
    assert_right_modes(run)
    dropped = [line for line in team.place.output(master).splitlines() if "Sending spawn jobs of 2 users" in line]
    assert len(dropped) >= 4, "begun, measured, spread anew at the loss, and a minute later"


@pytest.mark.long
def test_frozen_for_good(team: Team, simulator: Simulator) -> None:
    """One that stands still until all is over comes to itself, keeps what it has in a file, and ends."""
    team.place.configure({"concurrency": levels(9, end=2), "test": STREAMING})
    first, _ = team.work(), team.work()
    master = team.lead(simulator, 2)
    run = team.reported(FIRST)
    first.send_signal(signal.SIGSTOP)
    assert master.wait(DEADLINE_S) == 1, team.place.output(master)
    first.send_signal(signal.SIGCONT)
    assert first.wait(DEADLINE_S) == 1, team.place.output(first)
    assert_accounted(run, simulator.calls())


def worker_process_of(master: subprocess.Popen[str]) -> psutil.Process:
    """A worker that `--processes` has made."""
    children = psutil.Process(master.pid).children()
    return next(child for child in children if "bedrock_locust.simulator" not in child.cmdline())


@pytest.mark.long
@pytest.mark.parametrize("for_good", [False, True])
def test_a_frozen_process(team: Team, simulator: Simulator, *, for_good: bool) -> None:
    """With `--processes`, one that stands still is woken when all is over, and keeps its rows; or else it is killed."""
    team.place.configure({"concurrency": levels(9, end=2), "test": STREAMING})
    locustfile = team.place.path / "stubborn.py"
    locustfile.write_text(STUBBORN.format(root=str(ROOT), seconds=300 if for_good else 0))
    arguments = ("--headless", "--only-summary", "--processes", "2", "--host", simulator.url)
    master = team.place.start(*arguments, locustfile=locustfile)
    run = team.measuring(FIRST)
    until(lambda: len(read(run / "requests.csv")) > 5, "rows", DEADLINE_S)
    child = worker_process_of(master)
    child.suspend()
    assert master.wait(DEADLINE_S) == 1, team.place.output(master)
    assert not child.is_running()
    output = team.place.output(master)
    assert f"worker process {child.pid} stands still: it is woken, to end" in output
    assert (f"worker process {child.pid} did not end within 25 s: killed" in output) == for_good
    assert_accounted(run, simulator.calls())
    kept = list((team.place.path / "results").glob("orphaned-*.csv"))
    assert len(kept) == (not for_good)


@pytest.mark.usefixtures("no_charts")
def test_all_gone(team: Team, simulator: Simulator) -> None:
    """The only worker is killed: the run ends after the timeout, says so, and is reported."""
    team.place.configure({"concurrency": levels(60), "test": STREAMING})
    worker = team.work()
    master = team.lead(simulator, 1)
    run = team.reported(FIRST)
    kill(worker)
    assert master.wait(DEADLINE_S) == ENDED_EARLY, team.place.output(master)
    assert_accounted(run, simulator.calls())
    said = info(run)
    assert (said["ended"], said["end_reason"]) == ("interrupted", "no worker was left")
    assert said["rows_written"] > 0
    assert "no worker was left" in (run / "report.md").read_text()
    assert "Traceback" not in team.place.output(master)


@pytest.mark.usefixtures("no_report")
def test_late_and_with_a_wrong_clock(team: Team, simulator: Simulator, tmp_path: Path) -> None:
    """One that joins in mid-run, from a machine whose clock is an hour ahead: its calls are where they belong.

    It goes by its own options, though the master's come before it has begun: one that allows no endpoint is refused.
    """
    team.place.configure({"concurrency": levels(12, end=2), "test": {**STREAMING, "transport": "botocore"}})
    team.work()
    master = team.lead(simulator, 1)
    run = team.measuring(FIRST)
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "sitecustomize.py").write_text(WRONG_CLOCK.format(ahead_s=HOUR_S))
    team.place.env |= {"PYTHONPATH": str(tmp_path / "late"), "BEDROCK_ALLOW_ENDPOINT": ""}
    team.work("--bedrock-allow-endpoint", simulator.url)
    wary = team.work()
    assert wary.wait(DEADLINE_S) == BAD_INPUT, "the master's --host is no endpoint of this worker's own"
    assert "gets no signature of this worker" in team.place.output(wary)
    assert master.wait(DEADLINE_S) == 0, team.place.output(master)
    assert_accounted(run, simulator.calls())
    (level,) = read(run / "levels.csv")
    # While users are spread anew there may be more of them for a moment.
    assert level["completed"] == "true"
    assert int(level["users_reached"]) >= int(level["users"])
    (late,) = {change["worker"] for change in changes(run, "joined")} & {
        row["worker"] for row in read(run / "requests.csv")
    }
    offset_ms = info(run)["workers"][late]["clock_offset_ms"]
    assert abs(offset_ms + HOUR_S * 1000) < 1000, f"{offset_ms} ms"
    told = {call["request_id"]: call["arrived_at_ns"] / 1e9 for call in simulator.calls()}
    own = [row for row in read(run / "requests.csv") if row["worker"] == late]
    assert own
    assert max(abs(float(row["started_at"]) - told[row["request_id"]]) for row in own) < 2
    # The first exchange is known to half of its round trip only, which takes long on a loaded machine.
    said = re.search(rf"the clock of worker {late} is (\d+) s ahead", team.place.output(master))
    assert said
    assert abs(int(said[1]) - HOUR_S) <= 2


@pytest.mark.usefixtures("no_charts")
def test_strangers(team: Team, simulator: Simulator, tmp_path: Path) -> None:
    """One of another version and one without the plugin are named and sent away, and none of their calls counts."""
    team.place.configure({"concurrency": levels(5, end=2), "test": STREAMING})
    other, none = tmp_path / "other_version.py", tmp_path / "no_plugin.py"
    other.write_text(OTHER_VERSION.format(root=str(ROOT)))
    none.write_text(NO_PLUGIN)
    web = free_port()
    master = team.lead(simulator, 0, "--web-port", str(web), headless=False)
    worker, old, bare = team.work(), team.work(locustfile=other), team.work(locustfile=none)
    until(lambda: team.place.output(master).count("reported as ready") == 3, "workers", DEADLINE_S)
    swarm(f"http://127.0.0.1:{web}")
    run = team.measuring(FIRST)
    until((run / "report.md").exists, "report", DEADLINE_S)
    assert (old.wait(DEADLINE_S), bare.wait(DEADLINE_S)) == (2, 0)
    master.send_signal(signal.SIGTERM)
    assert (master.wait(DEADLINE_S), worker.wait(DEADLINE_S)) == (0, 0), team.place.output(master)
    assert_accounted(run, simulator.calls())
    assert info(run)["ended"] == "complete"
    reasons = sorted(worker["reason"] for worker in info(run)["workers"].values() if worker["state"] == "refused")
    assert ["0.0.1 there" in reasons[0], "no bedrock-locust" in reasons[1]] == [True, True]
    assert team.place.output(master).count("cannot take part") == 2
    assert team.place.output(old).count("this worker cannot work with its master: bedrock-locust is") == 1
    assert "made by 1 worker; none lost" in team.place.output(master)
    assert "could not take part" in (run / "report.md").read_text()
    assert len({row["worker"] for row in read(run / "requests.csv")}) == 1


def test_a_master_without_the_plugin(team: Team, simulator: Simulator, tmp_path: Path) -> None:
    """A worker whose master has no plugin says so and ends."""
    none = tmp_path / "no_plugin.py"
    none.write_text(NO_PLUGIN)
    worker = team.work()
    master = team.lead(simulator, 1, "--run-time", "20", locustfile=none)
    assert worker.wait(DEADLINE_S) == 2, team.place.output(worker)
    assert "there is no bedrock-locust" in team.place.output(worker)
    assert "Traceback" not in team.place.output(worker)
    assert master.wait(DEADLINE_S) in (0, 1)
    assert simulator.calls() == []
