"""What is known of one worker: batches counted once whatever their order, states, and what is said at the end."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.recording.worker_record import WorkerRecord, manifest
from bedrock_locust.recording.worker_rows import RowsReport

SINCE = "since its last report at 00:01:01 UTC"


def report(rows_made: int = 0, last: int | None = None) -> RowsReport:
    """A report without rows."""
    return RowsReport("run-1", rows_made, cpu_percent=5.0, last=last)


@given(st.integers(0, 12), st.integers(0, 2**31), st.integers(1, 3))
def test_batches_count_once_whatever_their_order(count: int, seed: int, times: int) -> None:
    """Sent again or late, each is new once; whole is what has all batches up to the last."""
    batches = list(range(1, count + 1)) * times
    random.Random(seed).shuffle(batches)
    record, new = WorkerRecord(), set[int]()
    for batch in batches:
        record.note(report(last=count if batch == count else None), at=1.0)
        assert record.is_new(batch) == (batch not in new)
        new.add(batch)
    if count:
        assert record.is_whole
        assert not record._beyond
    record = WorkerRecord()
    record.note(report(last=count + 1), at=1.0)
    for batch in range(1, count + 1):
        record.is_new(batch)
    assert not record.is_whole


def test_reports_out_of_order_lower_no_count() -> None:
    """Rows that were made are not unmade by an older report; CPU is that of the last to come."""
    record = WorkerRecord()
    record.note(report(rows_made=9, last=2), at=1.0, warning="few files")
    record.note(report(rows_made=5), at=2.0)
    assert (record.rows_made, record._last, record.last_report_at, record.warning) == (9, 2, 2.0, "")


def test_states_follow_each_other() -> None:
    """Silent, back, done; a worker that is done has no reason left."""
    record = WorkerRecord()
    record.lose(0)
    assert (record.state, record.reason, record.is_done) == ("missing", "not heard of since 00:00:00 UTC", False)
    record.come_back()
    assert (record.state, record.reason) == ("running", "")
    assert record.leave()
    assert not record.leave()
    record.finish()
    assert (record.state, record.reason, record.is_done) == ("finished", "", True)
    record.end()
    assert record.state == "finished"


def test_who_has_not_handed_over_is_missing_at_the_end() -> None:
    """With the reason that is known, if any."""
    silent, gone, refused = WorkerRecord(), WorkerRecord(), WorkerRecord()
    gone.leave()
    refused.refuse("another version")
    for record in (silent, gone, refused):
        record.end()
    assert [record.state for record in (silent, gone, refused)] == ["missing", "missing", "refused"]
    assert [record.reason for record in (silent, gone)] == ["did not hand over at the end", "left before the end"]


def test_rows_are_lost_only_where_that_is_known() -> None:
    """A worker that never handed over may have made more than it said."""
    record = WorkerRecord(rows_made=9, rows_received=7)
    assert (record.rows_lost, record.least_lost) == (None, 2)
    record.finish()
    assert (record.rows_lost, record.public()["rows_lost"]) == (2, 2)
    assert WorkerRecord(rows_received=3).least_lost == 0


@pytest.mark.parametrize(
    ("records", "lines"),
    [
        ([WorkerRecord(rows_made=5, rows_received=5, state="finished")], ["5 of 5 made by 1 worker; none lost"]),
        (
            [
                WorkerRecord(rows_made=5, rows_received=3, state="finished"),
                WorkerRecord(state="refused", reason="no keys"),
            ],
            [
                "3 of 5 made by 1 worker; 2 lost",
                "worker w_0 made 5 rows, 2 of them are lost",
                "worker w_1 was refused: no keys",
            ],
        ),
        (
            [WorkerRecord(rows_made=1_500, rows_received=1_500, state="missing", reason="gone", last_report_at=61.0)],
            [
                "1,500 of at least 1,500 made by 1 worker; some may be lost",
                f"worker w_0 is missing: gone; how many calls it made {SINCE} is not known",
            ],
        ),
    ],
)
def test_the_end_of_a_run_names_what_is_missing(records: list[WorkerRecord], lines: list[str]) -> None:
    """Rows made and received, and each worker that did not end well."""
    assert manifest({f"w_{place}": record for place, record in enumerate(records)}) == lines
