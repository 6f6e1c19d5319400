"""Fixtures: those of the whole runs, and a master with workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import place, simulator, start_simulator

from .team import Team

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.running import Place

__all__ = ["place", "simulator", "start_simulator"]


@pytest.fixture
def team(place: Place) -> Iterator[Team]:
    """A master and workers; nothing of them is left in the end."""
    made = Team(place)
    yield made
    made.end()
