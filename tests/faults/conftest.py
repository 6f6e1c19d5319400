"""Fixtures: those of the whole runs."""

from __future__ import annotations

from tests.e2e.conftest import place, simulator, start_simulator

__all__ = ["place", "simulator", "start_simulator"]
