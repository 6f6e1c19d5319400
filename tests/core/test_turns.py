"""Calls of one conversation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.schedule import Arrival
from bedrock_locust.arrivals.turns import Turns


def call(number: int, owner: int | None) -> Arrival:
    """A call of a conversation."""
    return Arrival(number, float(number), "a", "measure", owner=owner)


def test_one_waits_for_the_other() -> None:
    """In the order in which they were due; others do not wait."""
    turns = Turns()
    assert turns.may_begin(call(0, 0))
    assert not turns.may_begin(call(1, 0))
    assert turns.may_begin(call(2, 2))
    assert not turns.may_begin(call(3, 0))
    assert turns.ended(call(2, 2)) is None
    second = turns.ended(call(0, 0))
    assert second == call(1, 0)._replace(follows=True)
    third = turns.ended(call(1, 0))
    assert third
    assert third.number == 3
    assert turns.ended(third) is None
    assert turns.may_begin(call(4, 0))


def test_without_a_conversation() -> None:
    """Drawn arrivals never wait."""
    turns = Turns()
    assert turns.may_begin(call(0, None))
    assert turns.may_begin(call(1, None))
    assert turns.ended(call(0, None)) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=60))
def test_never_two_at_a_time(steps: list[tuple[int, bool]]) -> None:
    """Whatever comes and ends, a conversation has one call in flight, and its calls begin in order."""
    turns, flying, begun = Turns(), dict[int, Arrival](), dict[int, list[int]]()

    def begin(arrival: Arrival) -> None:
        assert arrival.owner is not None
        assert arrival.owner not in flying
        flying[arrival.owner] = arrival
        begun.setdefault(arrival.owner, []).append(arrival.number)

    for number, (owner, comes) in enumerate(steps):
        if comes:
            arrival = call(number, owner)
            if turns.may_begin(arrival):
                begin(arrival)
        elif owner in flying and (later := turns.ended(flying.pop(owner))):
            begin(later)
    assert all(numbers == sorted(numbers) for numbers in begun.values())
