"""Fixtures: a folder to run locust in, and simulators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .running import QUICK, Place, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def start_simulator() -> Iterator[Callable[..., Simulator]]:
    """Start simulators with options; they end with the test."""
    started: list[Simulator] = []

    def start(*options: str) -> Simulator:
        started.append(Simulator.start(*options))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture(scope="session")
def quick_simulator() -> Iterator[Simulator]:
    """The simulator that the tests of a process share, as its start costs half a second of CPU."""
    shared = Simulator.start(*QUICK)
    yield shared
    shared.end()


@pytest.fixture
def simulator(quick_simulator: Simulator) -> Simulator:
    """A quick simulator that no test ends or changes; its ledger is empty."""
    quick_simulator.forget()
    return Simulator(quick_simulator.url, quick_simulator.process)


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
