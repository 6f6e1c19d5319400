"""Faults of the machine that leads a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.checks import info, read
from tests.e2e.running import ROOT, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Place, Simulator

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


@pytest.mark.parametrize(
    ("step", "processes"),
    [
        pytest.param(-3600, (), marks=pytest.mark.long, id="back"),
        pytest.param(-3600, ("--processes", "2"), id="back-processes"),
        pytest.param(3600, ("--processes", "2"), marks=pytest.mark.long, id="forth-processes"),
    ],
)
def test_a_clock_that_is_set(place: Place, simulator: Simulator, step: int, processes: tuple[str, ...]) -> None:
    """A step of the wall clock moves no call out of its level and bends no duration; it is said."""
    locustfile = place.path / "stepped_locustfile.py"
    locustfile.write_text(STEPPED.format(root=str(ROOT), step=step))
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
