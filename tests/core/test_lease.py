"""Leases of arrivals."""

from __future__ import annotations

import math

from locust.rpc.protocol import Message

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.lease import NOTHING, Lease, Part, alone

PARTS = st.lists(st.builds(Part, st.integers(0, 50), st.lists(st.sampled_from("abc"), unique=True).map(tuple)))
LEASES = st.builds(
    Lease,
    PARTS.map(lambda parts: tuple(sorted(parts))),
    st.floats(-10, 1e6),
    st.integers(1, 1000),
)


@given(LEASES)
def test_a_lease_travels_as_it_is(lease: Lease) -> None:
    """Through Locust's messages and back."""
    message = Message("bedrock_lease", lease.to_plain(), "id")
    assert Lease.from_plain(Message.unserialize(message.serialize()).data) == lease


def test_arrivals_are_made_in_turn() -> None:
    """By their numbers, and from a number on by others."""
    lease = Lease((Part(0, ("a", "b")), Part(4, ("b",)), Part(6, ("a", "b", "c"))))
    assert [lease.maker(number) for number in range(9)] == ["a", "b", "a", "b", "b", "b", "a", "b", "c"]


def test_a_conversation_stays_with_its_maker() -> None:
    """Its calls are made by who makes the first of them, until others come or go."""
    lease = Lease((Part(0, ("a", "b")), Part(40, ("b", "c"))))
    assert {lease.maker(number, 3) for number in range(40)} == {"b"}
    assert {lease.maker(number, 3) for number in range(40, 50)} == {"c"}


def test_nothing_and_all() -> None:
    """Before the first lease nobody makes an arrival; a process that is alone makes all of them, for good."""
    assert NOTHING.maker(0) is None
    assert Lease((Part(0, ()),)).maker(3) is None
    assert {alone("local", 5).maker(number) for number in range(9)} == {"local"}
    assert (alone("local", 5).until_s, alone("local", 5).max_in_flight) == (math.inf, 5)
