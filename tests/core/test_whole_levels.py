"""When the figures of a level are whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_locust.level import Level
from bedrock_locust.live import whole_levels
from bedrock_locust.live.output import ROWS_WITHIN_S
from bedrock_locust.live.tally import Tally
from bedrock_locust.live.whole_levels import WholeLevels

from .test_output import CALL, STATE

LEVEL = Level(key="streaming-02", mode="streaming", users=2, phase="measure", started_at=1.0, measured_from=2.0)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the waits."""
    made = Clock()
    monkeypatch.setattr(whole_levels, "time", made)
    return made


def levels() -> WholeLevels:
    """Those of a run with a call of 4 s in the level."""
    tally = Tally()
    made = WholeLevels(tally)
    for level in (LEVEL, replace(LEVEL, key="streaming-04")):
        tally.level(level)
    tally.add(replace(CALL, level=LEVEL.key, phase="measure", latency_ms=4000.0))
    return made


def test_a_level_is_whole_once_its_rows_are_here(clock: Clock) -> None:
    """After its longest call and the time that rows of workers take; it is told once."""
    found = levels()
    found.level(LEVEL)
    assert list(found.whole(STATE)) == []
    found.level(replace(LEVEL, phase="drain", measured_to=9.0))
    found.level(replace(LEVEL, key="streaming-04"))
    clock.now += 4 + ROWS_WITHIN_S - 0.1
    assert list(found.whole(STATE)) == []
    clock.now += 0.2
    assert list(found.whole(STATE)) == ["streaming-02"]
    assert list(found.whole(STATE)) == []


def test_levels_keep_their_order(clock: Clock) -> None:
    """One whose calls were short waits for the one before it, whose calls may go on."""
    found = levels()
    found.level(replace(LEVEL, phase="drain", measured_to=9.0))
    clock.now += 1
    found.level(replace(LEVEL, key="streaming-04", phase="drain", measured_to=10.0))
    clock.now += 2 + ROWS_WITHIN_S
    assert list(found.whole(STATE)) == []
    clock.now += 1
    assert list(found.whole(STATE)) == ["streaming-02", "streaming-04"]


def test_at_the_end_all_are_whole() -> None:
    """Also the one in which the run was cut off, and nobody closed its window."""
    found = levels()
    found.level(replace(LEVEL, measured_to=9.0))
    found.level(replace(LEVEL, key="streaming-04"))
    assert list(found.whole(replace(STATE, stage="ending"))) == []
    assert list(found.whole(replace(STATE, stage="recorded"))) == ["streaming-02", "streaming-04"]
    found.level(None)
    assert list(found.whole(replace(STATE, stage="recorded"))) == []


def test_whoever_knows_that_rows_are_here_need_not_wait() -> None:
    """As a search does, which has waited for them: levels that are over, and not the present one."""
    found = levels()
    found.level(replace(LEVEL, measured_to=9.0))
    found.level(replace(LEVEL, key="streaming-04"))
    assert list(found.all()) == ["streaming-02"]
