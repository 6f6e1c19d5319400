"""Locust's lines about users on the console of a run with levels."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bedrock_locust.outputs.console.spawning import LOGGER, SpawnNews, spare_spawn_news

if TYPE_CHECKING:
    import pytest

LEVEL = [
    "Shape test updating to 2 users at 6.00 spawn rate",
    "Ramping to 2 users at a rate of 6.00 per second",
    'All users spawned: {"StreamingUser": 2} (2 total users)',
]
OF_MASTER = "Sending spawn jobs of {} users at {:.2f} spawn rate to 3 ready workers"


def passed(lines: list[str], level: int = logging.INFO) -> list[str]:
    """The lines that are left."""
    news = SpawnNews()
    records = [logging.LogRecord(LOGGER, level, "", 0, line, (), None) for line in lines]
    return [record.getMessage() for record in records if news.filter(record)]


def test_each_level_has_one_line() -> None:
    """A new order for the same users is none."""
    again = [line.replace("6.00", "7.00") for line in LEVEL]
    more = [line.replace("2 ", "5 ").replace(": 2", ": 5") for line in LEVEL]
    assert passed(["Shape test starting.", *LEVEL, *again, *more, *LEVEL]) == [
        "Shape test starting.",
        LEVEL[-1],
        more[-1],
        LEVEL[-1],
    ]


def test_a_master_says_once_what_it_sends() -> None:
    """By the users, and the workers that get them, whatever the rate."""
    lines = [OF_MASTER.format(2, 6), OF_MASTER.format(2, 7), OF_MASTER.format(4, 6)]
    fewer = OF_MASTER.format(4, 6).replace("3 ready", "2 ready")
    assert passed([*lines, fewer, fewer]) == [lines[0], lines[2], fewer]


def test_warnings_and_other_lines_stay() -> None:
    """Whatever they begin with."""
    assert passed(LEVEL * 2, logging.WARNING) == LEVEL * 2
    assert passed(["Worker x quit. 2 workers ready."] * 2) == ["Worker x quit. 2 workers ready."] * 2


def test_the_filter_is_set_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a program makes several environments."""
    logger = logging.getLogger(LOGGER)
    monkeypatch.setattr(logger, "filters", [])
    spare_spawn_news()
    spare_spawn_news()
    assert len(logger.filters) == 1
