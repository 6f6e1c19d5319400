"""How far a run is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_locust.level import Level
from bedrock_locust.outputs.progress import Progress

PLANNED = [Level(key=f"streaming-{n}", mode="streaming", users=n, duration_s=60, warmup_s=5) for n in (1, 2, 3)]
FIRST = replace(PLANNED[0], started_at=100.0)
MEASURED = replace(FIRST, phase="measure", measured_from=106.0)


@pytest.mark.parametrize(
    ("level", "number", "now", "words"),
    [
        (FIRST, 1, 101.0, "warming up, 1 min 4 s left; of the run about 3 min 14 s"),
        (FIRST, 1, 190.0, "warming up, 1 min left; of the run about 3 min 10 s"),
        (
            replace(FIRST, phase="measure", measured_from=106.0),
            1,
            126.0,
            "measuring, 40 s left; of the run about 2 min 50 s",
        ),
        (replace(FIRST, phase="measure", measured_from=106.0), 3, 126.0, "measuring, 40 s left; of the run about 40 s"),
        (
            replace(FIRST, phase="drain", measured_from=106.0, measured_to=166.0),
            1,
            170.0,
            "last calls, 0 s left; of the run about 2 min 10 s",
        ),
        (replace(FIRST, duration_s=None), 1, 130.0, "warming up, 30 s since it began"),
    ],
)
def test_progress(level: Level, number: int, now: float, words: str) -> None:
    """Phase, what is left of the level and of the run; a level without a length says how long it has run."""
    found = Progress.of(level, number, PLANNED, now)
    assert str(found) == words
    assert (found.number, found.levels) == (number, 3)


def test_a_run_whose_next_level_has_no_length_has_no_end() -> None:
    """What is not known is not said."""
    planned = [PLANNED[0], replace(PLANNED[1], duration_s=None)]
    assert str(Progress.of(FIRST, 1, planned, 101.0)) == "warming up, 1 min 4 s left"


def test_a_plan_that_is_the_most() -> None:
    """The levels of a search have no name before they begin."""
    found = Progress.of(replace(FIRST, key="streaming-7", kind="search"), 2, PLANNED, 101.0)
    assert str(found) == "warming up, at most 1 min 4 s left; of the run at most 2 min 9 s"
    assert (found.place, Progress.of(FIRST, 1, PLANNED, 101.0).place) == ("Probe 2 of at most 3", "Level 1 of 3")
