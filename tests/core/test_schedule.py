"""A schedule of arrivals."""

from __future__ import annotations

import math
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from locust.rpc.protocol import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals import sequence
from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.level import Level, LevelError
from bedrock_locust.settings import arrivals

from .replays import replayed

if TYPE_CHECKING:
    from pathlib import Path


def level(key: str = "a", rate: float = 10.0, **fields: Any) -> Level:
    """A level of arrivals."""
    return Level(key=key, mode="streaming", rate_per_s=rate, **{"duration_s": 5.0, "warmup_s": 1.0, **fields})


def schedule(*levels: Level, **fields: Any) -> Schedule:
    """A schedule with constant gaps."""
    about: dict[str, Any] = {"start_at": 1000.0, "user_class": "A", "burstiness": None, "seed": 1, "max_in_flight": 9}
    return Schedule(levels=levels or (level(),), **{**about, **fields})


def test_positions_go_on_from_schedule_to_schedule() -> None:
    """What an arrival sends does not depend on who makes it."""
    assert [arrival.position for arrival in schedule(first_position=7).arrivals()][:3] == [7, 8, 9]
    levels = level("a", 2), level("b", 2)
    again = [arrival.position for arrival in schedule(*levels, restarts=True).arrivals()]
    assert again == [*range(12), *range(12)]
    assert [arrival.position for arrival in schedule(*levels).arrivals()] == list(range(24))


def test_a_million_arrivals_cost_no_memory() -> None:
    """They are drawn as they are asked for: 20,000 are enough to see a growth."""
    made = schedule(level(rate=10_000, warmup_s=0.0, duration_s=100.0), burstiness=1.0)
    tracemalloc.start()
    arrivals = made.arrivals()
    next(arrivals)
    before, _ = tracemalloc.get_traced_memory()
    drawn = sum(1 for _ in islice(arrivals, 20_000))
    after, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert drawn == 20_000
    assert after - before < 10_000
    assert most - before < 50_000
    assert abs(sum(1 for _ in arrivals) + 20_001 - 1_000_000) < 3000


def test_the_arrivals_of_a_trace(tmp_path: Path) -> None:
    """In the one level there is, with warm-up and window; they know their line, mode and conversation."""
    calls = [{"timestamp": 1000.5 * n, "input_length": 5, "session_id": "s", "operation": "converse"} for n in range(4)]
    made = replace(schedule(level(warmup_s=1.5), is_replay=True), replay=replayed(tmp_path, calls))
    assert Schedule.from_plain(made.to_plain()) == replace(made, replay=None)
    found = list(made.arrivals())
    assert [(arrival.number, arrival.phase, arrival.position) for arrival in found] == [
        *((0, "warmup", 0), (1, "warmup", 1), (2, "measure", 2)),
        (3, "measure", 3),
    ]
    assert {(arrival.level, arrival.owner, arrival.mode) for arrival in found} == {("a", 0, "non_streaming")}


@pytest.mark.parametrize(("to", "may_follow_later"), [(10, False), (None, True)])
def test_a_turn_may_follow_until_the_end(tmp_path: Path, to: float | None, may_follow_later: bool) -> None:
    """The load is over then; a trace that is replayed to its end has all its calls, however late."""
    drawn = schedule(level("a"), level("b"))
    assert drawn.may_follow(drawn.length_s - 0.001)
    assert not drawn.may_follow(drawn.length_s)
    traced = replayed(tmp_path, [{"timestamp": 1000, "input_length": 5}], {"to": to} if to else {})
    made = replace(schedule(is_replay=True), replay=traced)
    assert made.may_follow(made.length_s - 0.001)
    assert made.may_follow(made.length_s) == may_follow_later


@given(st.floats(0, 1e9), st.none() | st.floats(0.1, 9), st.integers(0, 10**9), st.floats(0.1, 1e3))
def test_a_schedule_travels_as_it_is(start_at: float, burstiness: float | None, seed: int, rate: float) -> None:
    """Through Locust's messages and back: all processes draw the same arrivals."""
    made = schedule(level(rate=rate), start_at=start_at, burstiness=burstiness, seed=seed)
    message = Message("bedrock_lease", {"schedule": made.to_plain()}, "id")
    back = Schedule.from_plain(Message.unserialize(message.serialize()).data["schedule"])
    assert back == made
    assert list(islice(back.arrivals(), 20)) == list(islice(made.arrivals(), 20))


def test_an_arrival_knows_its_level_and_its_phase() -> None:
    """By its moment: warm-up and window of each level, one after the other, numbered through."""
    made = schedule(level("a", 2), level("b", 10, warmup_s=0.0, rate_from_per_s=2.0, rate_to_per_s=18.0))
    found = list(made.arrivals())
    assert [arrival.number for arrival in found] == list(range(62))
    assert Counter((arrival.level, arrival.phase) for arrival in found) == {
        ("a", "warmup"): 2,
        ("a", "measure"): 10,
        ("b", "measure"): 50,
    }
    assert made.length_s == 11
    assert all(arrival.due_s < 6 for arrival in found if arrival.level == "a")


def test_the_level_at_a_moment() -> None:
    """What runs now; nothing before the start and after the end."""
    made = schedule()
    found = [made.at(moment) for moment in (-0.1, 0.5, 1.0, 5.9, 6.0)]
    assert [each and (each.key, each.phase) for each in found] == [
        *(None, ("a", "warmup"), ("a", "measure"), ("a", "measure")),
        None,
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (4, "as a schedule, without 'start_at'"),
        (
            {**schedule().to_plain(), "levels": [{"level": "a", "mode": "m", "phase": "warmup", "users": 3}]},
            "rate_per_s",
        ),
        ({name: value for name, value in schedule().to_plain().items() if name != "seed"}, "without 'seed'"),
        *(({**schedule().to_plain(), "burstiness": wrong}, "0.01 or more") for wrong in (0.0, 1e-300, -1.0, math.nan)),
    ],
)
def test_what_is_no_schedule_is_refused(wrong: Any, words: str) -> None:
    """In one sentence that names what is missing."""
    with pytest.raises(LevelError, match=words):
        Schedule.from_plain(wrong)


def test_the_least_burstiness_is_that_of_the_settings() -> None:
    """A shape of a locustfile does not come past it either."""
    assert sequence.LEAST_BURSTINESS == arrivals.LEAST_BURSTINESS
