"""A run over time in a bounded number of points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bedrock_locust.call import Call
from bedrock_locust.timeline import MOST_BUCKETS, Timeline

T0 = 1_800_000_000.0
CALL = Call(
    started_at=T0,
    mode="streaming",
    operation="o",
    model_id="m",
    name="n",
    ttft_ms=1000,
    last_token_ms=3000,
    latency_ms=4000,
    output_tokens=200,
)


def made(*calls: Call, now: float) -> Timeline:
    """A timeline of calls."""
    timeline = Timeline(T0)
    for call in calls:
        timeline.add(call, now)
    return timeline


def test_tokens_and_duration_are_spread() -> None:
    """Tokens count from the first to the last, time in flight from start to end, the call at its end."""
    points = list(made(CALL, now=T0 + 10).points(T0 + 6, running=False))
    assert [point["tokens_per_s"] for point in points] == [0, 100, 100, 0, 0]
    assert [point["in_flight"] for point in points] == [1, 1, 1, 1, 0]
    assert [point["requests_per_s"] for point in points] == [0, 0, 0, 0, 1]
    assert points[4]["latency_p99"] == pytest.approx(4000, rel=0.01)
    assert points[4]["ttft_p50"] == pytest.approx(1000, rel=0.01)
    assert "ttft_p50" not in points[3]


def test_what_may_change_is_not_shown_while_running() -> None:
    """While a run goes on, spread figures are unknown where calls of the present length may be in flight."""
    timeline = made(CALL, now=T0 + 4)
    timeline.observe(3, T0 + 9)
    points = list(timeline.points(T0 + 9.5, running=True))
    assert len(points) == 9
    assert [point["tokens_per_s"] is None for point in points] == [False] * 5 + [True] * 4


def test_failures_are_counted_by_category() -> None:
    """A failure is neither a request that succeeded nor a latency; a call that was cut off is nothing at all."""
    failed, cut = replace(CALL, error="ThrottlingError"), replace(CALL, error="Cancelled")
    timeline = made(failed, failed, cut, now=T0 + 5)
    assert list(timeline.failures()) == [
        {"t": (T0 + 4) * 1000, "to": (T0 + 5) * 1000, "category": "ThrottlingError", "per_s": 2}
    ]
    assert all(point["requests_per_s"] == 0 for point in timeline.points(T0 + 5, running=False))


def test_hours_stay_bounded() -> None:
    """In ten hours no call and no token is lost, and there are never more than so many points."""
    timeline = Timeline(T0)
    for second in range(0, 36_000, 30):
        timeline.add(replace(CALL, started_at=T0 + second), T0 + second + 4)
        timeline.observe(second // 1000, T0 + second)
    points = list(timeline.points(T0 + 36_000, running=False))
    assert MOST_BUCKETS / 2 <= len(points) <= MOST_BUCKETS
    assert sum(point["requests_per_s"] for point in points) * timeline.width_s == pytest.approx(1200, rel=0.01)
    assert sum(point["tokens_per_s"] for point in points) * timeline.width_s == pytest.approx(1200 * 200, rel=0.01)
    assert points[-1]["users"] == 35


def test_a_wrong_clock_makes_no_points() -> None:
    """A call of a worker whose clock is years off counts at the edge of what has been."""
    late, early = replace(CALL, started_at=T0 + 1e9), replace(CALL, started_at=T0 - 1e9)
    points = list(made(late, early, now=T0 + 5).points(T0 + 6, running=False))
    assert sum(point["requests_per_s"] for point in points) == 2
    assert len(points) == 6
