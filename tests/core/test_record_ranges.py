"""Positions on their way from the master to its workers."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bedrock_locust.recording.worker_check import WrongReportError
from bedrock_locust.team.record_ranges import GIVEN, WANTED, Dealer, Given, Taker, Wanted
from bedrock_locust.workload.positions import NoneLeftError


class Wire:
    """Stands for Locust's runner on both sides: messages arrive at once."""

    def __init__(self) -> None:
        self.listeners: dict[str, Any] = {}
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def register_message(self, kind: str, listener: Any) -> None:
        """As Locust does."""
        self.listeners[kind] = listener

    def send_message(self, kind: str, data: dict[str, Any], client_id: str = "w") -> None:
        """As Locust does."""
        self.sent.append((kind, data))
        self.listeners[kind](environment=None, msg=Message(data, client_id))


class Message:
    """One of Locust's."""

    def __init__(self, data: Any, node_id: str = "w") -> None:
        self.data, self.node_id = data, node_id


def both_sides() -> tuple[Wire, Dealer, Taker, list[str]]:
    """A master and a worker, and the reasons for which workers are turned away."""
    wire, away = Wire(), list[str]()
    runner = cast("Any", wire)
    return wire, Dealer(runner, lambda _, why: away.append(why)), Taker(runner), away


def test_a_worker_takes_what_its_master_hands_out() -> None:
    """In turn, and anew in a new run."""
    wire, dealer, taker, away = both_sides()
    for run in ("one", "two"):
        handed_out = dealer.begin(run)
        positions = taker.begin(run)
        assert [positions.take() for _ in range(9)] == list(range(9))
        assert handed_out.dealt >= 9
    assert {kind for kind, _ in wire.sent} == {WANTED, GIVEN}
    assert away == []


def test_the_master_knows_who_has_records_left() -> None:
    """A worker that was given some, until it has taken them all and asks for none."""
    _, dealer, taker, _ = both_sides()
    handed_out, positions = dealer.begin("r", 7), taker.begin("r")
    assert [positions.take() for _ in range(6)] == list(range(6))
    assert handed_out.holders == {"w"}
    assert positions.take() == 6
    with pytest.raises(NoneLeftError):
        positions.take()
    assert handed_out.is_over
    assert handed_out.holders == set()


def test_what_belongs_to_another_run_is_dropped() -> None:
    """On both sides."""
    wire, dealer, taker, _ = both_sides()
    handed_out = dealer.begin("now")
    wire.listeners[WANTED](environment=None, msg=Message(Wanted("before", "", 5).to_plain()))
    assert handed_out.dealt == 0
    positions = taker.begin("now")
    wire.listeners[GIVEN](environment=None, msg=Message(Given("before", "", 50, 60).to_plain()))
    assert positions.take() == 0


@pytest.mark.parametrize(
    "data",
    [
        None,
        5,
        {},
        {"run": "r", "level": "", "number": -1},
        {"run": "r", "level": 5, "number": 1},
        {"run": [], "level": "", "number": 1},
    ],
)
def test_a_worker_that_asks_for_nonsense_is_turned_away(data: Any) -> None:
    """Its request is checked whole."""
    wire, dealer, _, away = both_sides()
    dealer.begin("r")
    with pytest.raises(WrongReportError):
        Wanted.from_plain(data)
    wire.listeners[WANTED](environment=None, msg=Message(data))
    assert len(away) == 1
