"""Positions: each is handed out once."""

from __future__ import annotations

import contextlib
from typing import Any

import gevent
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.positions import MOST, HandedOut, NoneLeftError, Positions, local_positions


@given(st.lists(st.tuples(st.sampled_from(["", "a"]), st.integers(-5, 10**9))))
def test_ranges_follow_each_other(asked: list[tuple[str, int]]) -> None:
    """Each position of each sequence is in one range, and no range is without bounds."""
    handed_out, found = HandedOut(), dict[str, list[int]]()
    for level, wanted in asked[:5]:
        dealt = handed_out.deal(level, wanted)
        assert 1 <= len(dealt) <= MOST
        found.setdefault(level, []).extend(dealt)
    assert all(positions == list(range(len(positions))) for positions in found.values())
    assert handed_out.dealt == sum(map(len, found.values()))


def test_one_process_takes_them_in_turn() -> None:
    """And begins anew with each level, where that is wanted."""
    positions = local_positions(HandedOut())
    assert [positions.take() for _ in range(5)] == [0, 1, 2, 3, 4]
    positions = local_positions(HandedOut())
    assert [positions.take("a"), positions.take("a"), positions.take("b"), positions.take("b")] == [0, 1, 0, 1]


def test_processes_share_a_sequence() -> None:
    """With answers that come late, in any order, or not at all: none twice, and nobody waits for good."""
    handed_out, lost = HandedOut(), [True]
    late: list[Any] = []

    def process() -> Positions:
        def ask(level: str, number: int) -> None:
            if lost.pop() if lost else False:
                return
            dealt = handed_out.deal(level, number)
            late.append(gevent.spawn_later(0.01, lambda: positions.give(level, dealt)))

        positions = Positions(ask)
        return positions

    found = list[int]()

    def user(positions: Positions) -> None:
        for _ in range(20):
            found.append(positions.take())

    processes = [process() for _ in range(3)]
    users = [gevent.spawn(user, one) for one in processes for _ in range(4)]
    assert gevent.joinall(users, timeout=30, raise_error=True) == users or len(users) == 12
    assert len(found) == len(set(found)) == 240
    assert max(found) < handed_out.dealt


def test_what_belongs_to_another_level_is_not_taken() -> None:
    """An answer that comes after its level is over is thrown away."""
    asked = list[tuple[str, int]]()
    positions = Positions(lambda level, number: asked.append((level, number)))
    taking = gevent.spawn(positions.take, "b")
    gevent.sleep(0.01)
    positions.give("a", range(100, 200))
    positions.give("b", range(7, 9))
    assert taking.get(timeout=10) == 7
    assert asked[0][0] == "b"


def test_a_sequence_with_an_end() -> None:
    """Each position once, also where several processes are ahead of their needs; then nobody waits any more."""
    handed_out, dry = HandedOut(50), list[int]()
    found = list[int]()

    def process(number: int) -> Positions:
        def ask(level: str, wanted: int) -> None:
            if wanted:
                positions.give(level, handed_out.deal(level, wanted))
            else:
                dry.append(number)

        positions = Positions(ask)
        return positions

    def user(positions: Positions) -> None:
        with contextlib.suppress(NoneLeftError):
            for _ in range(100):
                found.append(positions.take())
                gevent.sleep(0)

    users = [gevent.spawn(user, process(number)) for number in range(3)]
    gevent.joinall(users, timeout=30, raise_error=True)
    assert sorted(found) == list(range(50))
    assert sorted(dry) == [0, 1, 2]
    assert handed_out.is_over
    assert not HandedOut().is_over
