"""Faults of the network between workers and master: it stands still, is slow, is cut, and says things twice."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.exits import ENDED_EARLY
from tests.e2e.checks import info, read
from tests.e2e.running import ROOT

from .relay import Relay
from .team import DEADLINE_S, TIMEOUT_S, assert_accounted, assert_right_modes, changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Simulator

    from .team import Team

pytestmark = pytest.mark.usefixtures("no_report")

STREAMING = {"non_streaming": False}
LEVEL = "streaming-2"
STUTTER = """
import sys

from locust import events

sys.path.insert(0, {root!r})
from locustfile import *


@events.init.add_listener
def stutter(environment, runner, **_):
    reports = []

    def again(data, **_):
        if report := data.get("bedrock"):
            reports.append(report)
            runner.send_message("bedrock_rows", report)
            for late in reports[-3:-1]:
                runner.send_message("bedrock_rows", late)

    environment.events.report_to_master.add_listener(again)
"""
"""A worker of which each report comes at once, once more with Locust's, and twice again later."""


@pytest.fixture
def relay(team: Team) -> Iterator[Relay]:
    """A relay in front of the master's port."""
    made = Relay(team.port)
    yield made
    made.close()


def one_level(duration_s: float) -> dict[str, float]:
    """A level of 2 users."""
    return {"start": 2, "end": 2, "step": 2, "duration_seconds": duration_s}


@pytest.mark.parametrize(
    ("seconds", "cut"), [(6, True), pytest.param(20, False, marks=pytest.mark.long)], ids=["and-cut", "20-s"]
)
def test_blocked(team: Team, relay: Relay, simulator: Simulator, seconds: int, *, cut: bool) -> None:
    """The network to the only worker stands still, and what is on its way is lost: the run goes on, rows are there."""
    team.place.env["BEDROCK_WORKER_TIMEOUT"] = str(max(TIMEOUT_S, seconds + 5))
    team.place.configure({"concurrency": one_level(seconds + 3), "test": STREAMING})
    worker = team.work(port=relay.port)
    master = team.lead(simulator, 1)
    run = team.measuring(LEVEL)
    relay.block()
    time.sleep(seconds)
    if cut:
        relay.cut()
    relay.unblock()
    assert master.wait(DEADLINE_S) == 0, team.place.output(master)
    assert worker.wait(DEADLINE_S) == 0, team.place.output(worker)
    assert_accounted(run, simulator.calls())
    assert info(run)["ended"] == "complete"
    assert all(worker["rows_lost"] == 0 for worker in info(run)["workers"].values())
    assert [changes(run, "lost")[0]["levels"], len(changes(run, "back"))] == [[LEVEL], 1]


@pytest.mark.long
def test_blocked_for_too_long(team: Team, relay: Relay, simulator: Simulator) -> None:
    """The network stays away: both sides give each other up, and what was not handed over is in a file."""
    team.place.configure({"concurrency": one_level(60), "test": STREAMING})
    worker = team.work(port=relay.port)
    master = team.lead(simulator, 1)
    run = team.reported(LEVEL)
    relay.block()
    assert master.wait(DEADLINE_S) == ENDED_EARLY, team.place.output(master)
    assert worker.wait(DEADLINE_S) == 1, team.place.output(worker)
    assert "no word from the master" in team.place.output(worker)
    assert info(run)["end_reason"] == "no worker was left"
    assert_accounted(run, simulator.calls())
    kept = [row for path in (team.place.path / "results").glob("orphaned-*.csv") for row in read(path)]
    known = {row["request_id"] for row in (*read(run / "requests.csv"), *kept)}
    assert known == {call["request_id"] for call in simulator.calls()}


def test_blocked_at_the_end(team: Team, relay: Relay, simulator: Simulator) -> None:
    """The network stands still when the run ends: the master waits for the worker, and gets all of its rows."""
    team.place.env["BEDROCK_WORKER_TIMEOUT"] = "20"
    team.place.configure({"concurrency": one_level(4), "test": STREAMING})
    worker = team.work(port=relay.port)
    master = team.lead(simulator, 1, "--run-time", "4")
    run = team.measuring(LEVEL)
    relay.block()
    team.place.said(master, "waiting for")
    master.send_signal(signal.SIGINT)  # it is ending already: this takes nothing from it
    team.place.said(master, "again to end at once")
    relay.unblock()
    assert master.wait(DEADLINE_S) in (0, 1, ENDED_EARLY), team.place.output(master)
    assert worker.wait(DEADLINE_S) in (0, 1), team.place.output(worker)
    assert_accounted(run, simulator.calls())
    assert [said["state"] for said in info(run)["workers"].values()] == ["finished"]
    assert info(run)["end_reason"] == "stopped by --run-time, after 4 s, before all levels had run"


def test_cut(team: Team, relay: Relay, simulator: Simulator) -> None:
    """Connections are cut while reports are on their way: what was lost is sent again."""
    team.place.configure({"concurrency": one_level(10), "test": STREAMING})
    worker = team.work(port=relay.port)
    master = team.lead(simulator, 1)
    run = team.measuring(LEVEL)
    for _ in range(3):
        relay.block()  # what is sent now is on its way
        time.sleep(1.5)
        relay.cut()
        relay.unblock()
        time.sleep(1.5)
    assert master.wait(DEADLINE_S) == 0, team.place.output(master)
    assert worker.wait(DEADLINE_S) == 0, team.place.output(worker)
    assert_accounted(run, simulator.calls())
    assert info(run)["ended"] == "complete"
    assert all(worker["rows_lost"] == 0 for worker in info(run)["workers"].values())


@pytest.mark.long
def test_slow(team: Team, relay: Relay, simulator: Simulator) -> None:
    """A link of 300 ms and 64 kbit/s to one of two workers: both modes, each call in its level, each row once."""
    relay.delay_s, relay.bytes_per_s = 0.15, 8000
    team.place.configure({"concurrency": {"start": 2, "end": 2, "step": 2, "duration_seconds": 3}})
    workers = [team.work(port=relay.port), team.work()]
    master = team.lead(simulator, 2)
    assert master.wait(DEADLINE_S) == 0, team.place.output(master)
    assert [worker.wait(DEADLINE_S) for worker in workers] == [0, 0]
    (run,) = team.place.runs()
    assert_accounted(run, simulator.calls())
    assert_right_modes(run)
    assert info(run)["ended"] == "complete"


def test_twice_and_late(team: Team, simulator: Simulator, tmp_path: Path) -> None:
    """Reports that come twice, late and out of order: each row is there once."""
    stutter = tmp_path / "stutter.py"
    stutter.write_text(STUTTER.format(root=str(ROOT)))
    team.place.configure({"concurrency": one_level(5), "test": STREAMING})
    worker = team.work(locustfile=stutter)
    master = team.lead(simulator, 1)
    assert master.wait(DEADLINE_S) == 0, team.place.output(master)
    assert worker.wait(DEADLINE_S) == 0, team.place.output(worker)
    (run,) = team.place.runs()
    assert_accounted(run, simulator.calls())
    assert info(run)["ended"] == "complete"
    assert [worker["rows_lost"] for worker in info(run)["workers"].values()] == [0]
