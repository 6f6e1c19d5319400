"""A worker's rows until the master has confirmed them."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.call import Call
from bedrock_locust.histogram import bucket
from bedrock_locust.live.health import Pulse
from bedrock_locust.team.clock_offset import ClockOffset
from bedrock_locust.team.worker_buffer import BATCH_ROWS, MOST_ROWS, Buffer

if TYPE_CHECKING:
    from collections.abc import Callable

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")


def new_buffer(offset: ClockOffset | None = None) -> Buffer:
    """The buffer of a worker in a run."""
    return Buffer("run-1", Pulse(lambda: ""), offset)


def batches_of(buffer: Buffer) -> list[int]:
    """The numbers of the batches in the next report."""
    return [batch.number for batch in buffer.report(hearing=True).batches]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the clock by which batches become due again."""
    return lambda now: monkeypatch.setattr(time, "monotonic", lambda: now)


def test_a_batch_is_due_again_later_and_later(at: Callable[[float], None]) -> None:
    """What is not confirmed is sent again, after twice the time each time: a slow link is not flooded."""
    buffer = new_buffer()
    buffer.add(CALL)
    sent_at = []
    for second in range(60):
        at(1000 + second)
        if 1 in batches_of(buffer):
            sent_at.append(second)
    assert sent_at == [0, 3, 9, 21, 45]


def test_a_slow_link_is_given_two_round_trips(at: Callable[[float], None]) -> None:
    """On a link whose round trip is longer than a report's interval, nothing is sent twice before its answer is due."""
    offset = ClockOffset()
    offset.add(asked_at=0.0, took_s=10.0, answered_at=5.0)
    buffer = new_buffer(offset)
    buffer.add(CALL)
    sent_at = []
    for second in range(30):
        at(1000 + second)
        if 1 in batches_of(buffer):
            sent_at.append(second)
    assert sent_at == [0, 20]


def test_nothing_piles_up_on_a_silent_link() -> None:
    """While the master is not heard rows wait here, and come in one batch afterwards."""
    buffer = new_buffer()
    for _ in range(3):
        buffer.add(CALL)
        assert buffer.report(hearing=False).batches == ()
        assert buffer.unsent
    (batch,) = buffer.report(hearing=True).batches
    assert len(batch.rows) == 3
    assert not buffer.unsent


def test_what_waits_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Beyond the bound rows are counted as made, and lost, and that is said once."""
    buffer = new_buffer()
    for _ in range(MOST_ROWS + 1):
        buffer.add(CALL)
    assert len(caplog.records) == 1, "at the first one"
    buffer.add(CALL)
    report = buffer.report(hearing=True)
    assert (report.rows_made, buffer.left, buffer.lost) == (MOST_ROWS + 2, MOST_ROWS, 2)
    assert (MOST_ROWS, len(report.batches[0].rows)) == (50_000, 5_000)
    assert len(caplog.records) == 1
    buffer.confirm([1])
    buffer.add(CALL)
    assert buffer.left == MOST_ROWS - BATCH_ROWS + 1


def test_only_what_is_confirmed_is_forgotten() -> None:
    """The rows that a worker still answers for are those that the master has not confirmed, in the order of calls."""
    buffer = new_buffer()
    for number in range(3):
        buffer.add(replace(CALL, request_id=str(number)))
        buffer.report(hearing=True)
    assert (buffer.left, len(buffer.rows)) == (3, 3)
    buffer.confirm([2, 2, 7])
    assert [Call.from_row(row).request_id for row in buffer.rows] == ["0", "2"]
    assert buffer.left == 2
    buffer.confirm([1, 3])
    assert (buffer.left, buffer.rows) == (0, [])


def test_a_message_has_a_bounded_number_of_rows(at: Callable[[float], None]) -> None:
    """However many rows wait, a report holds no more than one batch of the full size."""
    buffer = new_buffer()
    for _ in range(2 * BATCH_ROWS + 1):
        buffer.add(CALL)
    at(1000)
    seen = []
    buffer.close()
    for _ in range(3):
        report = buffer.report(hearing=True)
        assert sum(len(batch.rows) for batch in report.batches) <= BATCH_ROWS
        assert report.last == 3
        seen += [batch.number for batch in report.batches]
    assert seen == [1, 2, 3]
    assert batches_of(buffer) == []
    at(1003)
    assert batches_of(buffer) == [1]


def test_a_report_has_the_count_of_all() -> None:
    """A batch has the rows since the last one, also none; a report has the count of all rows that were made."""
    buffer = new_buffer()
    buffer.add(CALL)
    first, second = buffer.report(hearing=True), buffer.report(hearing=True)
    assert (len(first.batches[0].rows), first.rows_made) == (1, 1)
    assert (second.batches[0].rows, second.rows_made) == ([], 1)
    assert first.run == second.run == "run-1"
    assert (first.last, second.last) == (None, None)
    assert first.cpu_percent is not None
    assert first.cpu_percent >= 0


def test_nothing_is_taken_after_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """A call after the end counts as made and lost. A run without a call ends with one batch, so that it can end."""
    buffer = new_buffer()
    buffer.close()
    buffer.close()
    assert buffer.closed
    with caplog.at_level(logging.ERROR):
        buffer.add(CALL)
    assert (buffer.lost, buffer.left, caplog.records) == (1, 0, [])
    report = buffer.report(hearing=True)
    assert (report.rows_made, report.last, [len(batch.rows) for batch in report.batches]) == (1, 1, [0])


def test_silences_travel_with_their_rows() -> None:
    """A batch has the silences of its own calls, by level."""
    buffer = new_buffer()
    measured = replace(CALL, level="streaming-1", phase="measure")
    buffer.add(replace(measured, gaps={bucket(20.0): 3}))
    (first,) = buffer.report(hearing=True).batches
    buffer.add(replace(measured, gaps={bucket(500.0): 1}))
    second = buffer.report(hearing=True).batches[-1]
    assert first.gaps == {"streaming-1": {bucket(20.0): 3}}
    assert second.gaps == {"streaming-1": {bucket(500.0): 1}}
