"""Calls that arrive at rates: each arrival that was drawn is made once, or accounted for."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.level import Level

from .checks import info, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .running import Place, Simulator

ARRIVALS = {"duration_seconds": 1.5, "warmup_seconds": 0.5, "seed": 7}
STREAMING = {"prompt_size": 200, "max_tokens": 20, "non_streaming": False}


def drawn(run: Path, level: dict[str, str]) -> list[float]:
    """The moments of all arrivals of a level, drawn once more from the settings; Unix seconds."""
    said: dict[str, Any] = info(run)["settings"]["arrivals"]
    lengths = {"warmup_s": said["warmup_seconds"], "duration_s": said["duration_seconds"]}
    plan = Schedule(
        start_at=float(level["started_at"]),
        user_class="",
        levels=(Level(key="", mode="", rate_per_s=float(level["rate_per_s"]), **lengths),),
        burstiness=said["burstiness"],
        seed=said["seed"],
        max_in_flight=said["max_in_flight"],
    )
    return [plan.start_at + arrival.due_s for arrival in plan.arrivals()]


def assert_drawn(run: Path, ledger: list[dict[str, Any]]) -> None:
    """The calls of a complete run are the sequence that was drawn, each once, in its level; the columns add up."""
    rows = read(run / "requests.csv")
    assert {row["request_id"] for row in rows} == {call["request_id"] for call in ledger}
    assert len(rows) == len(ledger)
    for level in read(run / "levels.csv"):
        own = [row for row in rows if row["level"] == level["level"]]
        made = [float(row["scheduled_at"]) for row in own]
        assert sorted(made) == pytest.approx(drawn(run, level), abs=0.005)
        assert level["completed"] == "true"
        window = float(level["measured_from"]), float(level["measured_to"])
        measured = sum(row["phase"] == "measure" for row in own)
        assert measured == sum(window[0] <= moment < window[1] for moment in drawn(run, level))
        counts = [int(level[f"arrivals_{name}"]) for name in ("due", "dropped", "missed")]
        assert counts == [measured, 0, 0]
    fate = info(run)["arrivals"]
    assert fate == {"due": len(rows), "made": len(rows), "dropped": 0, "missed": 0}


@pytest.mark.usefixtures("no_charts")
def test_local(place: Place, simulator: Simulator) -> None:
    """In one process: the plan names the rates, and the users of the same file are left alone."""
    place.configure({"arrivals": {**ARRIVALS, "rates": [20]}, "test": STREAMING})
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    assert "1 level, up to 20 requests/s" in output
    assert "test.load is rates: the users of concurrency are left out" in output
    assert_drawn(place.runs()[0], simulator.calls())


@pytest.mark.usefixtures("no_report")
def test_divided_among_workers(place: Place, simulator: Simulator) -> None:
    """The same sequence with two workers, each of which makes every second arrival."""
    place.configure({"arrivals": {**ARRIVALS, "rates": [30]}, "test": STREAMING})
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    assert_drawn(run, simulator.calls())
    in_order = sorted(read(run / "requests.csv"), key=lambda row: float(row["scheduled_at"]))
    workers = [row["worker"] for row in in_order]
    assert len(set(workers)) == 2
    assert all(one != other for one, other in pairwise(workers))


@pytest.mark.usefixtures("no_report")
@pytest.mark.long
def test_three_workers(place: Place, simulator: Simulator) -> None:
    """At a higher rate, in two levels: none missing and none twice, and each worker makes its third."""
    place.configure({"arrivals": {**ARRIVALS, "rates": [40, 80], "duration_seconds": 8}, "test": STREAMING})
    code, output = place.run("--processes", "3", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    assert_drawn(run, simulator.calls())
    made = Counter(row["worker"] for row in read(run / "requests.csv"))
    assert len(made) == 3
    assert max(made.values()) - min(made.values()) <= 2


@pytest.mark.usefixtures("no_report")
@pytest.mark.long
@pytest.mark.parametrize("processes", [(), ("--processes", "2")])
def test_a_ramp(place: Place, start_simulator: Callable[..., Simulator], processes: tuple[str, ...]) -> None:
    """A 503 in the first level halves the rate; then it goes up by half, back to what was asked for."""
    fault = '[{"fault": "ServiceUnavailableException", "calls": [12]}]'
    simulator = start_simulator("--ttft-ms", "20", "--tpot-ms", "1", "--fault-schedule", fault)
    place.configure({"arrivals": {"rates": [20], "ramp": "aws", "duration_seconds": 3}, "test": STREAMING})
    code, output = place.run(*processes, "--host", simulator.url)
    assert "a ramp to 20 requests/s in at most 12 steps" in output
    assert "all levels ran" in output
    assert code == 1, "a call has failed"
    [run] = place.runs()
    levels = read(run / "levels.csv")
    assert [float(level["rate_per_s"]) for level in levels] == [20, 10, 15, 20]
    assert [level["level"] for level in levels] == [f"streaming-ramp-{number:02d}" for number in range(1, 5)]
    assert info(run)["levels_planned"] == 4
    assert info(run)["arrivals"]["made"] == len(simulator.calls()) == len(read(run / "requests.csv"))
