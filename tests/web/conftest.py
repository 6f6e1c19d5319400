"""Fixtures: a browser, and pages that take note of all that must not happen in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.conftest import place, quick_simulator, simulator, start_simulator

from .visit import CHROMIUM, FLAGS, Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.running import Place

__all__ = ["place", "quick_simulator", "simulator", "start_simulator"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; it keeps its files in a folder of its own."""
    if not CHROMIUM.exists() and not os.environ.get("CI"):
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(place: Place, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Start locust with a web UI and visit it; in the end no page may have complained or looked elsewhere."""
    visits: list[Visit] = []

    def start(*arguments: str, **options: Any) -> Visit:
        visits.append(Visit(place, browser, *arguments, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.close()
        assert one.complaints == []
        assert one.hosts <= {one.host}, "requests to another host"
