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


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "its request for records lacks parts"),
        ([], "its request for records lacks parts"),
        ({"run": "r", "level": ""}, "its request for records lacks parts"),
        ({"run": 5, "level": "", "number": 1}, "run is 5, not a text"),
        ({"run": "r", "level": None, "number": 1}, "level is None, not a text"),
        ({"run": "r", "level": "x" * 2049, "number": 1}, "level is "),
        ({"run": "x" * 2049, "level": "", "number": 1}, "run is "),
        ({"run": "r", "level": "", "number": "1"}, "number of records is "),
        ({"run": "r", "level": "", "number": 1.5}, "number of records is "),
        ({"run": "r", "level": "", "number": True}, "number of records is "),
    ],
)
def test_a_wrong_request_word_by_word(data: Any, why: str) -> None:
    """What is wrong of it; the longest key of a level is taken."""
    with pytest.raises(WrongReportError) as refused:
        Wanted.from_plain(data)
    assert str(refused.value).startswith(why)
    longest = {"run": "x" * 2048, "level": "y" * 2048, "number": 0, "later": 1}
    assert Wanted.from_plain(longest) == Wanted("x" * 2048, "y" * 2048, 0)


def test_what_is_dealt_goes_to_who_asked() -> None:
    """Each range once; the last one is cut, and then there is nothing; a level has a sequence of its own."""
    wire, dealer, _, away = both_sides()
    wire.listeners[GIVEN] = lambda **_: None
    handed_out = dealer.begin("r", 12)
    asked = (("a", "", 5), ("b", "", 5), ("a", "", 5), ("c", "", 5), ("a", "level", 5), ("a", "", 0), ("b", "", 0))
    for worker, level, number in asked:
        wire.listeners[WANTED](environment=None, msg=Message(Wanted("r", level, number).to_plain(), worker))
    given = [(data["level"], data["begin"], data["end"]) for kind, data in wire.sent if kind == GIVEN]
    assert given[:3] == [("", 0, 5), ("", 5, 10), ("", 10, 12)]
    assert given[3][1] == given[3][2]
    assert all(data["run"] == "r" for _, data in wire.sent)
    assert "c" not in handed_out.holders
    assert not {"a", "b"} & handed_out.holders
    assert dealer.sequence is handed_out
    assert away == []
