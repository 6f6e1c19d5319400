"""Rows that contradict themselves or each other, just within and just beyond what is taken for rounding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers.consistency import TIMES, crowded, duplicates, impossible

from .few_calls import call, run_of
from .run_folders import T0

if TYPE_CHECKING:
    from pathlib import Path

KEY = "streaming-02"


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([], 0),
        ([{}], 1),
        ([{}, {}], 2),
        ([{"started_at": T0 + 1.5}, {}], 1),
        ([{"started_at": T0 + 1.000_001}], 0),
        ([{"latency_ms": 1001}], 0),
        ([{"worker": "w2"}], 0),
        ([{"name": "other"}], 0),
        ([{"error": "ModelError"}], 0),
        ([{"request_id": "another", "input_tokens": 7}], 1),
    ],
    ids=str,
)
def test_rows_that_are_there_twice(tmp_path: Path, others: list[dict[str, Any]], count: int) -> None:
    """The same worker, start, length, name and outcome; the first of them is no copy."""
    same = {"worker": "w1", "name": "n"}
    run, _ = run_of(tmp_path, [call(KEY, **same), *(call(KEY, **same | other) for other in others)])
    assert duplicates(run.calls) == count
    assert duplicates(run.calls.iloc[:0]) == 0


LONG = 1_000_000


@pytest.mark.parametrize(
    ("cells", "is_wrong"),
    [
        *(({name: -1.0}, False) for name in TIMES),
        *(({name: -1.1}, True) for name in TIMES),
        ({"ttft_ms": 401.0, "last_token_ms": 400}, False),
        ({"ttft_ms": 401.1, "last_token_ms": 400}, True),
        ({"last_token_ms": 1001.0}, False),
        ({"last_token_ms": 1001.1}, True),
        ({"ttft_ms": 1001.0}, False),
        ({"ttft_ms": 1001.1}, True),
        ({"ttft_ms": LONG + 10.5, "latency_ms": LONG}, False),
        ({"ttft_ms": LONG + 11.5, "latency_ms": LONG}, True),
        ({"ttft_ms": 400, "last_token_ms": 900}, False),
        ({"first_text_ms": 5000, "max_gap_ms": 5000, "send_delay_ms": 5000}, False),
    ],
    ids=str,
)
def test_times_that_cannot_be(tmp_path: Path, cells: dict[str, Any], *, is_wrong: bool) -> None:
    """Below zero, or out of order, by more than 1 ms and a hundred-thousandth."""
    run, _ = run_of(tmp_path, [call(KEY), call(KEY, 2, **cells)])
    assert impossible(run.calls) == is_wrong


@pytest.mark.parametrize(
    ("spans", "most"),
    [
        ([(0, 1000), (0.5, 1000)], None),
        ([(0, 1000), (0.5, 1000), (0.9, 1000)], 3.0),
        ([(0, 1000), (0.5, 1000), (0.994, 1000)], 3.0),
        ([(0, 1000), (0.5, 1000), (0.996, 1000)], None),
        ([(0.9, 1000), (0.5, 1000), (0, 1000), (0.95, 1000), (3, 9000)], 4.0),
    ],
    ids=str,
)
def test_more_calls_at_a_time_than_users(tmp_path: Path, spans: list[tuple[float, float]], most: float | None) -> None:
    """Two users: calls that seem to overlap by 5 ms come one after the other. An open loop has no such bound."""
    calls = [call(KEY, at, latency_ms=latency_ms) for at, latency_ms in spans]
    aside = [call(KEY, 0.2, phase="warmup"), call(KEY, 0.3, error="Cancelled"), call("streaming-09", 0.4)]
    _, known = run_of(tmp_path, [*calls, *aside])
    assert crowded(known, KEY) == most
    assert crowded(known, "streaming-09") is None
    assert crowded(replace(known, table=known.table.assign(unit="rate")), KEY) is None
    empty = replace(known, calls=known.calls.iloc[:0])
    assert crowded(empty, KEY) is None
