"""The silences between tokens, level by level."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bedrock_locust.call import Call
from bedrock_locust.histogram import bucket
from bedrock_locust.live.gaps import Gaps

SHORT, LONG = bucket(10.0), bucket(500.0)
CALL = Call(
    started_at=0,
    mode="streaming",
    operation="o",
    model_id="m",
    name="question",
    level="a",
    phase="measure",
    latency_ms=900,
    gaps={SHORT: 3},
)


def counted(*calls: Call) -> dict[str, dict[int, int]]:
    """The counts of calls."""
    gaps = Gaps()
    for call in calls:
        gaps.add(call)
    return gaps.take()


def test_each_level_has_its_own() -> None:
    """Silences are added up level by level."""
    other = replace(CALL, level="b", gaps={LONG: 1})
    assert counted(CALL, other, replace(CALL, gaps={SHORT: 2, LONG: 5})) == {"a": {SHORT: 5, LONG: 5}, "b": {LONG: 1}}


@pytest.mark.parametrize(
    "about",
    [{"phase": "warmup"}, {"phase": "drain"}, {"error": "ThrottlingError"}, {"error": "Cancelled"}, {"gaps": {}}],
)
def test_only_measured_successes_count(about: dict[str, Any]) -> None:
    """Failures, warm-up and drain have no part in it, and a call without silences makes no level."""
    assert counted(replace(CALL, **about)) == {}


def test_without_levels_the_name_of_the_call_counts() -> None:
    """A run without levels has the kinds of call in their place."""
    assert counted(replace(CALL, level="", phase="")) == {"question": {SHORT: 3}}


def test_what_was_taken_is_not_taken_again() -> None:
    """A worker reports each silence once, and the master adds up what workers report."""
    worker, master = Gaps(), Gaps()
    worker.add(CALL)
    master.merge(worker.take())
    assert worker.take() == {}
    worker.add(CALL)
    master.merge(worker.take())
    assert master.take() == {"a": {SHORT: 6}}


def test_rows() -> None:
    """A row has a level, the bounds of a bucket with its values between them, and the count."""
    gaps = Gaps()
    gaps.merge({"a": {LONG: 1, SHORT: 3}, "b": {SHORT: 2}})
    header, *rows = gaps.rows()
    assert header == ("level", "lower_ms", "upper_ms", "count")
    assert [(row[0], row[3]) for row in rows] == [("a", 3), ("a", 1), ("b", 2)]
    for row, value in zip(rows, (10, 500, 10), strict=True):
        assert float(row[1]) <= value <= float(row[2])
        assert float(row[2]) / float(row[1]) == pytest.approx(1.02, abs=0.001)
