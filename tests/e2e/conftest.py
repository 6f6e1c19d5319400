"""Fixtures: a folder to run locust in, and simulators."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .running import QUICK, Place, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start_simulator() -> Iterator[Callable[..., Simulator]]:
    """Start simulators with options; they end with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Simulator:
        command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"listening on (\S+)", line)
        assert found, f"the simulator said {line!r}"
        return Simulator(found[1], process)

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
        assert process.stdout
        process.stdout.close()


@pytest.fixture
def simulator(start_simulator: Callable[..., Simulator]) -> Simulator:
    """A quick simulator."""
    return start_simulator(*QUICK)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A folder to run locust in."""
    here = Place(tmp_path)
    yield here
    here.end()


@pytest.fixture
def no_report(place: Place) -> None:
    """Runs of the stock locustfile make no report: for tests that read nothing of it."""
    place.replace_report("nothing")


@pytest.fixture
def no_charts(place: Place) -> None:
    """Reports of the stock locustfile are their text: for tests that read nothing else of them."""
    place.replace_report("text")
