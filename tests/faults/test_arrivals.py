"""Faults of workers while calls arrive: each arrival is made once, dropped or missed, and counted."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.exits import ENDED_EARLY
from tests.e2e.checks import info, read
from tests.e2e.running import free_port, post, serves, until
from tests.e2e.test_arrivals import drawn

from .team import DEADLINE_S, freeze, kill

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Place, Simulator

    from .team import Team

pytestmark = pytest.mark.usefixtures("no_report")

RATE = 20
MOST_MISSED_S = 9.0
"""From the loss of a worker to the switch of its share: 3 s until it is noticed, a lease of 4 s, and what it had not
reported."""


def configure(team: Team, duration_s: float) -> None:
    """One level of arrivals."""
    arrivals = {"rates": [RATE], "duration_seconds": duration_s, "warmup_seconds": 0.5, "seed": 3}
    team.place.configure({"arrivals": arrivals, "test": {"non_streaming": False, "max_tokens": 20}})


def assert_each_once(run: Path, ledger: list[dict[str, Any]]) -> dict[str, int]:
    """No arrival was made twice, and those that were are of the sequence; what became of all of them."""
    [level] = read(run / "levels.csv")
    wanted = drawn(run, level)
    rows = read(run / "requests.csv")
    made = sorted(float(row["scheduled_at"]) for row in rows)
    numbers = [min(range(len(wanted)), key=lambda n: abs(wanted[n] - moment)) for moment in made]
    assert len(set(numbers)) == len(numbers), "an arrival was made twice"
    assert all(abs(wanted[number] - moment) < 0.02 for number, moment in zip(numbers, made, strict=True))
    assert len(rows) <= len(ledger)
    fate: dict[str, int] = info(run)["arrivals"]
    assert fate["made"] + fate["dropped"] + fate["missed"] == fate["due"]
    return fate


def assert_missed_for_a_while(run: Path, fate: dict[str, int], workers: int) -> None:
    """The share of one worker was missed from its loss to the switch, and all arrivals were due."""
    [level] = read(run / "levels.csv")
    assert fate["due"] == len(drawn(run, level))
    assert 0 < fate["missed"] <= 1.5 * RATE * MOST_MISSED_S / workers
    last = max(float(row["scheduled_at"]) for row in read(run / "requests.csv"))
    assert last > float(level["measured_to"]) - 1, "the others go on to the end"


@pytest.mark.long
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_a_worker_is_lost(team: Team, simulator: Simulator, how: str) -> None:
    """The others take over its share; a frozen one that goes on makes none of the arrivals that are past."""
    here = team
    configure(here, 25)
    master = here.lead(simulator, 2)
    first, _ = here.work(), here.work()
    here.measuring(f"streaming-rate-{RATE}")
    time.sleep(2)
    if how == "killed":
        kill(first)
    else:
        freeze(first, 12)
    master.wait(DEADLINE_S)
    [run] = here.place.runs()
    assert_missed_for_a_while(run, assert_each_once(run, simulator.calls()), 2)


@pytest.mark.long
def test_a_worker_stands_still_for_a_moment(team: Team, simulator: Simulator) -> None:
    """It is not lost, and named all the same: its arrivals of that time are missed, no others."""
    here = team
    configure(here, 12)
    master = here.lead(simulator, 2)
    first, _ = here.work(), here.work()
    here.measuring(f"streaming-rate-{RATE}")
    time.sleep(2)
    freeze(first, 2.2)
    master.wait(DEADLINE_S)
    [run] = here.place.runs()
    fate = assert_each_once(run, simulator.calls())
    assert 0 < fate["missed"] <= 1.5 * RATE * 2.2 / 2
    [change] = info(run)["worker_changes"]
    assert (change["what"], change["levels"]) == ("still", [f"streaming-rate-{RATE}"])
    assert 1.5 < change["lasted_s"] < 3
    assert f"worker {change['worker']} stood still for" in here.place.output(master)


@pytest.mark.long
def test_a_worker_joins_late(team: Team, simulator: Simulator) -> None:
    """It takes its share from the switch on, and nothing is missed."""
    here = team
    configure(here, 25)
    master = here.lead(simulator, 1)
    here.work()
    here.measuring(f"streaming-rate-{RATE}")
    here.work()
    assert master.wait(DEADLINE_S) == 0, here.place.output(master)
    [run] = here.place.runs()
    fate = assert_each_once(run, simulator.calls())
    assert (fate["missed"], fate["made"]) == (0, len(read(run / "requests.csv")))
    names = [row["worker"] for row in read(run / "requests.csv")]
    assert min(names.count(name) for name in set(names)) > RATE
    assert len(set(names)) == 2


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_stopped(team: Team, simulator: Simulator, number: int) -> None:
    """What was due until then is accounted for, calls in flight among it."""
    here = team
    configure(here, 60)
    master = here.lead(simulator, 2)
    here.work()
    here.work()
    here.measuring(f"streaming-rate-{RATE}")
    time.sleep(3)
    master.send_signal(number)
    assert master.wait(DEADLINE_S) == ENDED_EARLY
    [run] = here.place.runs()
    fate = assert_each_once(run, simulator.calls())
    assert fate["made"] == len(read(run / "requests.csv")) == len(simulator.calls())
    assert fate["missed"] <= 1


@pytest.mark.long
def test_the_master_stands_still(team: Team, simulator: Simulator) -> None:
    """The workers stop by themselves once their leases have run out, and go on with what is due then."""
    configure(team, 25)
    master = team.lead(simulator, 2)
    team.work()
    team.work()
    run = team.measuring(f"streaming-rate-{RATE}")
    time.sleep(2)
    freeze(master, 5.5)
    master.wait(DEADLINE_S)
    fate = assert_each_once(run, simulator.calls())
    assert fate["due"] == len(drawn(run, read(run / "levels.csv")[0]))
    assert 0 < fate["missed"] <= 5 * RATE


@pytest.mark.long
def test_it_is_stopped_in_one_process(place: Place, simulator: Simulator) -> None:
    """Ctrl-C: every arrival that was due until then has its row, those in flight too."""
    arrivals = {"rates": [RATE], "duration_seconds": 60, "seed": 3}
    place.configure({"arrivals": arrivals, "test": {"non_streaming": False, "max_tokens": 20}})
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    until(lambda: any(read(path) for path in place.levels()), "a level")
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_S) == ENDED_EARLY
    [run] = place.runs()
    fate = assert_each_once(run, simulator.calls())
    assert fate["made"] == len(read(run / "requests.csv")) == len(simulator.calls()) > 5
    assert fate["missed"] <= 1


@pytest.mark.long
@pytest.mark.parametrize("workers", [(), ("--processes", "3")], ids=["local", "three workers"])
def test_it_is_stopped_from_the_page(place: Place, simulator: Simulator, workers: tuple[str, ...]) -> None:
    """Every arrival that was due until then is accounted for, and each call has its row."""
    place.configure(
        {
            "arrivals": {"rates": [RATE], "duration_seconds": 60, "seed": 3},
            "test": {"non_streaming": False, "max_tokens": 20},
        }
    )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = place.start("--host", simulator.url, "--web-port", str(port), *workers)
    until(lambda: serves(url), "web UI", DEADLINE_S)
    until(lambda: post(f"{url}/swarm")["success"], "start", DEADLINE_S)
    until(lambda: any(row["measured_from"] for path in place.levels() for row in read(path)), "a level", DEADLINE_S)
    time.sleep(4)
    assert post(f"{url}/stop")["success"]
    [run] = place.runs()
    until(lambda: info(run)["ended"] != "running" and (run / "report.md").exists(), "end", DEADLINE_S)
    assert info(run)["end_reason"] == "stopped before all levels had run"
    fate = assert_each_once(run, simulator.calls())
    assert fate["made"] == len(read(run / "requests.csv")) == len(simulator.calls()) > RATE
    assert fate["missed"] <= (3 if workers else 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == ENDED_EARLY, place.output(process)
