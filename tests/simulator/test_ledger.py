"""What the simulator keeps of its calls."""

from __future__ import annotations

import json

import pytest

from bedrock_locust.simulator.ledger import Ledger


def test_ledger_drops_the_oldest() -> None:
    """A full ledger drops the oldest calls, and says how many."""
    ledger = Ledger(2)
    for _ in range(5):
        ledger.close(ledger.open("converse", "model", stream=False))
    assert b"".join(ledger.lines()).count(b"\n") == 2
    assert (ledger.stats()["kept"], ledger.stats()["dropped"], ledger.stats()["calls"]) == (2, 3, 5)


def test_ledger_forgets_calls_that_were_running_when_it_was_cleared() -> None:
    """A call that arrived before the ledger was cleared is not entered in the new one."""
    ledger = Ledger(10)
    old = ledger.open("converse", "model", stream=False)
    ledger.clear()
    new = ledger.open("converse", "model", stream=False)
    ledger.close(old)
    assert ledger.stats() | {"in_flight": 1, "max_in_flight": 1, "kept": 0} == ledger.stats()
    ledger.close(new)
    assert ledger.stats()["kept"] == 1


def test_ledger_packs_what_it_keeps() -> None:
    """Thousands of calls are kept whole and in their order, and the oldest are dropped one by one."""
    ledger = Ledger(1500)
    for _ in range(2000):
        ledger.close(ledger.open("converse", "model", stream=False))
    rows = [json.loads(line) for line in b"".join(ledger.lines()).splitlines()]
    assert [row["index"] for row in rows] == list(range(500, 2000))
    assert (ledger.stats()["kept"], ledger.stats()["dropped"]) == (1500, 500)


@pytest.mark.parametrize("size", [100, 1500])
def test_a_ledger_is_read_from_a_place_on(size: int) -> None:
    """Wherever that is: among those that were unpacked to be dropped, in a pack, or among the newest."""
    ledger = Ledger(size)
    for _ in range(2000):
        ledger.close(ledger.open("converse", "model", stream=False))
    kept = [json.loads(line)["index"] for line in b"".join(ledger.lines()).splitlines()]
    for place in (0, 1, 11, 12, 13, 255, 256, 257, 700, size - 1, size, size + 1):
        assert [json.loads(line)["index"] for line in ledger.lines_from(place)] == kept[place:]
