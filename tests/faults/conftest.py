"""Fixtures: those of the whole runs, a master with workers, and that nothing of them is left."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.e2e.conftest import no_charts, no_report, place, quick_simulator, simulator, start_simulator
from tests.e2e.running import until

from .team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.running import Place

__all__ = ["no_charts", "no_report", "place", "quick_simulator", "simulator", "start_simulator"]


@pytest.fixture
def team(place: Place) -> Iterator[Team]:
    """A master and workers; nothing of them is left in the end."""
    made = Team(place)
    yield made
    made.end()


def left_of(place: Place) -> list[int]:
    """The processes that were started by the commands of a test, and still run."""
    sessions = {process.pid for process in place.started}
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(pid) in sessions and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left(place: Place) -> Iterator[None]:
    """A run that is over has no process left: no worker, no simulator, no report."""
    yield
    until(lambda: not left_of(place), "end of all processes", 15)
