"""Which arrivals a schedule has, at which moments and in which phase, in a golden file; and what becomes of them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.counts import Account, Due, Fate, Made, merged
from bedrock_locust.arrivals.lease import Lease, Part, alone
from bedrock_locust.arrivals.schedule import Arrival, Schedule
from bedrock_locust.arrivals.sequence import Piece, gaps, moments
from bedrock_locust.level import LevelError

from .approved import check_lines, flat
from .replays import replayed
from .test_schedule import level, schedule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

RAMP = {"rate_from_per_s": 0.0, "rate_to_per_s": 8.0, "warmup_s": 0.0}
SCHEDULES: dict[str, Schedule] = {
    "constant": schedule(level("a", 2.0)),
    "constant, faster": schedule(level("a", 2.5, duration_s=1.0, warmup_s=0.5)),
    "Poisson": schedule(level("a", 2.0), burstiness=1.0),
    "another seed": schedule(level("a", 2.0), burstiness=1.0, seed=2),
    "smooth": schedule(level("a", 2.0, warmup_s=0.0), burstiness=4.0),
    "bursts": schedule(level("a", 2.0, warmup_s=0.0), burstiness=0.25),
    "two levels": schedule(level("a", 1.0, duration_s=2.0), level("b", 2.0, duration_s=1.0), first_position=5),
    "two levels from 0": schedule(level("a", 1.0, duration_s=2.0), level("b", 2.0, duration_s=1.0), restarts=True),
    "a ramp": schedule(level("a", 4.0, duration_s=3.0, **RAMP), level("b", 8.0, duration_s=1.0, warmup_s=0.0)),
    "a ramp down": schedule(level("a", 4.0, duration_s=3.0, **{**RAMP, "rate_from_per_s": 8.0, "rate_to_per_s": 0.0})),
    "none": schedule(level("a", 0.1, duration_s=1.0)),
    "no level": Schedule(start_at=5.0, user_class="A", levels=(), burstiness=None, seed=1, max_in_flight=9),
}


def listed(arrivals: Iterable[Arrival]) -> list[str]:
    """What differs of each, a line each."""
    return [
        f"  {one.number} at {one.due_s:.4f} s: {one.level} {one.phase}, position {one.position}"
        + (f", owner {one.owner}, {one.mode}" if one.owner is not None else "")
        for one in arrivals
    ]


def test_the_arrivals_of_schedules(tmp_path: Path) -> None:
    """Drawn, and of a trace; with the places of the levels."""
    lines = []
    for name, made in SCHEDULES.items():
        places = [(place.level.key, place.from_s, place.measured_s, place.to_s) for place in made.stretches]
        lines += [f"{name}: {made.key!r}, {made.length_s} s, {places}", *listed(made.arrivals())]
    calls = [
        {"timestamp": 500.0 * n, "input_length": 5, "operation": "converse" if n % 3 else "converse_stream", **more}
        for n, more in enumerate([{}, {"session_id": "s"}, {}, {"session_id": "s"}, {"session_id": "t"}])
    ]
    traced = Schedule.from_plain(schedule(level("r", 2.0, duration_s=1.5), is_replay=True).to_plain())
    with pytest.raises(
        LevelError, match=r"a schedule of a trace was announced, and the settings have no arrivals\.trace"
    ):
        list(traced.arrivals())
    object.__setattr__(traced, "replay", replayed(tmp_path, calls))
    check_lines("arrivals.txt", [*lines, "a trace:", *listed(traced.arrivals())])


@pytest.mark.parametrize(
    ("elapsed_s", "found"),
    [
        (-0.001, None),
        (0.0, ("a", "warmup")),
        (0.999, ("a", "warmup")),
        (1.0, ("a", "measure")),
        (5.999, ("a", "measure")),
        (6.0, ("b", "warmup")),
        (7.0, ("b", "measure")),
        (11.999, ("b", "measure")),
        (12.0, None),
    ],
)
def test_the_level_at_each_side_of_a_moment(elapsed_s: float, found: tuple[str, str] | None) -> None:
    """A level begins with its first moment, and is over at its last."""
    at = schedule(level("a"), level("b")).at(elapsed_s)
    assert (at and (at.key, at.phase)) == found


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        (None, "the load shape announced None as a schedule, without 'start_at'"),
        ({}, "the load shape announced {} as a schedule, without 'start_at'"),
        ("x" * 300, f"the load shape announced '{'x' * 199} as a schedule, without 'start_at'"),
        (
            {**schedule().to_plain(), "burstiness": 0.009},
            "the burstiness of a schedule is 0.009: give 0.01 or more",
        ),
        (
            {**schedule().to_plain(), "levels": [{**level().to_plain(), "duration_s": None}]},
            "the level 'a' of a schedule needs rate_per_s and duration_s",
        ),
        (
            {**schedule().to_plain(), "levels": [{**level().to_plain(), "rate_per_s": None, "users": 3}]},
            "the level 'a' of a schedule needs rate_per_s and duration_s",
        ),
    ],
)
def test_what_is_said_of_a_wrong_schedule(plain: Any, words: str) -> None:
    """The whole sentence."""
    with pytest.raises(LevelError) as refused:
        Schedule.from_plain(plain)
    assert str(refused.value) == words


def test_what_a_schedule_may_leave_out() -> None:
    """Constant gaps and the least burstiness are right."""
    plain = schedule().to_plain()
    found = Schedule.from_plain({name: plain[name] for name in plain if name not in {"is_replay", "restarts"}})
    assert (found.is_replay, found.first_position, found.restarts) == (False, 0, False)
    assert Schedule.from_plain({**plain, "burstiness": 0.01}).burstiness == 0.01
    assert Schedule.from_plain({**plain, "burstiness": None}).burstiness is None


@pytest.mark.parametrize(
    ("piece", "arrivals", "reached"),
    [
        (Piece(4, 2, 2), 8, [(0, 0), (1, 0.5), (8, 4)]),
        (Piece(4, 0, 2), 4, [(0, 0), (0.25, 1), (1, 2), (4, 4)]),
        (Piece(4, 2, 0), 4, [(0, 0), (1.75, 1), (3, 2), (4, 4)]),
        (Piece(2, 1, 3), 4, [(1.5, 1), (4, 2), (9, 2)]),
    ],
)
def test_where_the_integral_of_a_rate_is(piece: Piece, arrivals: float, reached: list[tuple[float, float]]) -> None:
    """By hand: `from * t + slope * t^2 / 2`."""
    assert piece.arrivals == arrivals
    for count, seconds in reached:
        assert piece.reached_s(count) == pytest.approx(seconds)


@given(st.floats(0.1, 100), st.floats(0, 50), st.floats(0, 50), st.floats(0, 1))
def test_the_integral_is_what_it_reaches(seconds: float, first: float, last: float, share: float) -> None:
    """The integral up to the moment found is the number that was asked for."""
    piece = Piece(seconds, first, last)
    wanted = share * piece.arrivals
    at = piece.reached_s(wanted)
    assert 0 <= at <= seconds
    assert first * at + (last - first) / seconds * at * at / 2 == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_gaps() -> None:
    """Constant ones begin with a half; drawn ones have a mean of 1, and the variation asked for."""
    assert list(islice(gaps(None, 1), 3)) == [0.5, 1.0, 1.0]
    for burstiness in (1.0, 4.0, 0.25):
        drawn = list(islice(gaps(burstiness, 3), 10_000))
        mean = sum(drawn) / len(drawn)
        variance = sum((one - mean) ** 2 for one in drawn) / len(drawn)
        assert mean == pytest.approx(1, abs=0.05)
        assert variance == pytest.approx(1 / burstiness, rel=0.1)
        assert list(islice(gaps(burstiness, 3), 5)) == drawn[:5]
        assert list(islice(gaps(burstiness, 4), 5)) != drawn[:5]
    assert list(moments([Piece(1, 2, 2)], None)) == [0.25, 0.75]
    assert len(list(moments([Piece(100, 2, 2)]))) == len(list(moments([Piece(100, 2, 2)], 1.0, 0)))


REPORTS = [{"a": {"warmup": [1, 0], "measure": [3, 1]}}, {"a": {"measure": [2, 0]}, "b": {"measure": [4, 2]}}]


@pytest.mark.parametrize(
    ("now", "place", "fate"),
    [
        (999.9, None, Fate(13, 10, 3, 0)),
        (1000.25, ("a", "warmup"), Fate(1, 1, 0, 0)),
        (1000.75, ("a", "warmup"), Fate(2, 1, 0, 1)),
        (1001.25, ("a", "measure"), Fate(6, 5, 1, 0)),
        (1003.75, ("a", "measure"), Fate(6, 5, 1, 0)),
        (1004.25, ("a", "measure"), Fate(7, 5, 1, 1)),
        (1006.0, ("a", "measure"), Fate(10, 5, 1, 4)),
        (1006.0, ("b", "measure"), Fate(6, 4, 2, 0)),
        (1006.0, ("b", "warmup"), Fate(0, 0, 0, 0)),
        (1006.0, None, Fate(18, 10, 3, 5)),
    ],
)
def test_what_became_of_arrivals(now: float, place: tuple[str, str] | None, fate: Fate) -> None:
    """Two a second, from 1000.25 on: those that were due, and what two processes say."""
    account = Account()
    account.begin(schedule(level("a", 2.0)), 1000.0)
    account.advance(now)
    assert account.fate(REPORTS, place) == fate
    assert account.due(now) == len([n for n in range(12) if 1000.25 + 0.5 * n <= now])


def test_what_was_due_when_the_load_ended() -> None:
    """Later moments are no arrivals any more; a schedule that follows counts on, after those before it."""
    account = Account()
    account.begin(schedule(level("a", 2.0)), 1000.0)
    account.stop(1002.25)
    assert account.due(1010.0) == 5
    assert account.fate([], heard=True) == Fate(5, 0, 0, 5)
    account.begin(schedule(level("b", 2.0), start_at=1020.0), 1015.0)
    account.advance(1020.75, 0.5)
    assert account.fate([]) == Fate(7, 0, 0, 7)
    assert account.fate([], heard=True) == Fate(7, 0, 0, 6)
    account.begin(schedule(level("c", 2.0), start_at=1030.0), 1021.25)
    assert account.due(1030.0) == 8
    due = Due()
    due.advance(5.0)
    assert due.counts.total() == 0


@pytest.mark.parametrize(
    ("fate", "is_other"),
    [
        (Fate(100, 99, 1, 0), False),
        (Fate(100, 98, 1, 1), True),
        (Fate(100, 99, 0, 1), False),
        (Fate(0, 0, 0, 0), False),
        (Fate(99, 98, 0, 1), True),
    ],
)
def test_when_the_load_was_another_one(fate: Fate, is_other: bool) -> None:
    """From more than a hundredth of the arrivals on, dropped and missed together."""
    assert fate.is_other_load is is_other


def test_counts_that_travel() -> None:
    """As they are, and merged as the later of two."""
    made = Made()
    made.made.update({("a", "warmup"): 2, ("a", "measure"): 3})
    made.dropped.update({("a", "measure"): 1, ("b", "measure"): 4})
    assert made.to_plain() == {"a": {"warmup": [2, 0], "measure": [3, 1]}, "b": {"measure": [0, 4]}}
    older, newer = {"a": {"warmup": [2, 1]}, "b": {"measure": [5, 0]}}, {"a": {"warmup": [3, 0], "measure": [1, 1]}}
    assert merged(older, newer) == {"a": {"warmup": [3, 1], "measure": [1, 1]}, "b": {"measure": [5, 0]}}
    assert older == {"a": {"warmup": [2, 1]}, "b": {"measure": [5, 0]}}


@pytest.mark.parametrize(
    ("parts", "makers"),
    [
        ([], [None] * 6),
        ([(0, "ab")], ["a", "b", "a", "b", "a", "b"]),
        ([(2, "ab")], [None, None, "a", "b", "a", "b"]),
        ([(0, "a"), (3, "bc")], ["a", "a", "a", "c", "b", "c"]),
        ([(0, "a"), (2, ""), (4, "b")], ["a", "a", None, None, "b", "b"]),
    ],
)
def test_who_makes_which(parts: list[tuple[int, str]], makers: list[str | None]) -> None:
    """The last part that has begun counts; by the number of the owner, where there is one."""
    lease = Lease(tuple(Part(begin, tuple(names)) for begin, names in parts))
    assert [lease.maker(number) for number in range(6)] == makers
    assert lease.maker(5, 4) == makers[4]
    assert lease.maker(5, 0) in (makers[5], makers[4], makers[0])


def test_a_lease_as_it_travels() -> None:
    """In plain types."""
    lease = Lease((Part(0, ("a", "b")), Part(7, ("c",))), 12.5, 3)
    assert flat(lease.to_plain()) == '{"parts": [[0, ["a", "b"]], [7, ["c"]]], "until_s": 12.5, "max_in_flight": 3}'
    assert Lease.from_plain(lease.to_plain()) == lease
    assert Lease(()).max_in_flight == 1
    assert alone("me", 4).to_plain() == {"parts": [[0, ["me"]]], "until_s": float("inf"), "max_in_flight": 4}
    for name in ("parts", "until_s", "max_in_flight"):
        with pytest.raises(KeyError):
            Lease.from_plain({key: value for key, value in lease.to_plain().items() if key != name})
