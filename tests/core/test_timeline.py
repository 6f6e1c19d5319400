"""A run over time in a bounded number of points."""

from __future__ import annotations

from dataclasses import replace
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.live.timeline import MOST_BUCKETS, Timeline

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
    timeline = Timeline(T0, 1)
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


def test_percentiles_have_one_decimal() -> None:
    """A page reads thousands of them: more digits than the histogram knows would be for nothing."""
    odd = replace(CALL, ttft_ms=12.3456, latency_ms=3456.789)
    point = list(made(odd, now=T0 + 10).points(T0 + 6, running=False))[3]
    assert [point[name] for name in ("ttft_p50", "latency_p50")] == pytest.approx([12.3456, 3456.789], rel=0.01)
    assert all(value == round(value, 1) for name, value in point.items() if "_p" in name)


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
    """In ten hours no call and no token is lost, and the number of points stays bounded."""
    timeline = Timeline(T0, 1)
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


@given(st.lists(st.tuples(st.integers(0, 40_000), *[st.integers(0, 8_000)] * 3), max_size=8), st.integers(1, 60))
def test_rates_from_the_start(drawn: list[tuple[int, int, int, int]], length: int) -> None:
    """Rates up to a whole second are those of the plain definition: calls that ended, tokens spread over each call."""
    calls = []
    for start_ms, *times in drawn:
        first, last, latency = sorted(map(float, times))
        at = T0 + start_ms / 1000
        calls.append(replace(CALL, started_at=at, ttft_ms=first, last_token_ms=last, latency_ms=latency))
    rates = made(*calls, now=T0 + 100).rates(T0 + length)
    assert rates is not None
    ended = sum(floor(call.started_at + call.latency_ms / 1000) < T0 + length for call in calls)
    assert rates[0] * length == pytest.approx(ended)
    # Near a second's edge a float of this size can be a microsecond off.
    assert rates[1] * length == pytest.approx(sum(before(call, T0 + length) for call in calls), abs=0.5)


def before(call: Call, end: float) -> float:
    """The output tokens of a call up to a time, by the definition."""
    assert call.ttft_ms is not None
    assert call.last_token_ms is not None
    assert call.output_tokens is not None
    first, last = call.started_at + call.ttft_ms / 1000, call.started_at + call.last_token_ms / 1000
    if last <= first:
        return call.output_tokens if first < end else 0
    return call.output_tokens * max(0.0, min(end, last) - first) / (last - first)


def test_rates_of_a_part_of_a_second() -> None:
    """Of a second that the time cuts there is its share; where there is no time, there is no rate."""
    timeline = made(CALL, now=T0 + 5)
    assert timeline.rates(T0 + 2.5) == pytest.approx((0, 150 / 2.5))
    assert timeline.rates(T0 + 4.5) == pytest.approx((0.5 / 4.5, 200 / 4.5))
    assert timeline.rates(T0) is timeline.rates(T0 - 5) is None


def test_the_last_part_of_a_second() -> None:
    """At the end of a run half a second is a point, with rates by its length; less is none, and none while it runs."""
    timeline = made(CALL, now=T0 + 5)
    assert len(list(timeline.points(T0 + 4.4, running=False))) == 4
    *_, last = timeline.points(T0 + 4.5, running=False)
    assert (last["t"], last["requests_per_s"]) == ((T0 + 4) * 1000, 2)
    assert len(list(timeline.points(T0 + 4.9, running=True))) == 4


def test_the_width_doubles_when_there_are_too_many() -> None:
    """Up to 300 points there is one a second; the next second makes them half as many and twice as wide."""
    timeline = made(now=T0)
    timeline.observe(1, T0 + MOST_BUCKETS - 1)
    assert (timeline.width_s, len(list(timeline.points(T0 + MOST_BUCKETS, running=False)))) == (1, MOST_BUCKETS)
    timeline.observe(1, T0 + MOST_BUCKETS)
    assert (timeline.width_s, len(list(timeline.points(T0 + MOST_BUCKETS + 2, running=False)))) == (2, 151)


def test_wider_points_have_what_the_narrow_ones_had() -> None:
    """Two seconds become one point: the most users, all calls, tokens, failures and percentiles of both."""
    short = replace(CALL, ttft_ms=100, last_token_ms=500, latency_ms=500)
    late = replace(short, started_at=T0 + 1, ttft_ms=300, latency_ms=700, last_token_ms=700)
    failed = replace(late, error="ThrottlingError")
    timeline = made(short, late, failed, failed, failed, now=T0 + 5)
    timeline.observe(3, T0)
    timeline.observe(2, T0)
    timeline.observe(7, T0 + 1)
    before = list(timeline.points(T0 + 2, running=False))
    assert [point["users"] for point in before] == [3, 7]
    assert [point["ttft_p99"] for point in before] == pytest.approx([100, 300], rel=0.01)
    timeline.observe(1, T0 + MOST_BUCKETS)
    first = next(timeline.points(T0 + MOST_BUCKETS, running=False))
    assert (first["t"], first["users"], first["requests_per_s"]) == (T0 * 1000, 7, 1)
    assert first["tokens_per_s"] == pytest.approx(200)
    assert first["in_flight"] == pytest.approx((0.5 + 4 * 0.7) / 2)
    assert (first["ttft_p50"], first["latency_p95"]) == pytest.approx((200, 690), rel=0.01)
    [failures] = timeline.failures()
    assert failures == {"t": T0 * 1000, "to": (T0 + 2) * 1000, "category": "ThrottlingError", "per_s": 1.5}


def test_a_point_without_users_is_not_known() -> None:
    """Where nobody looked how many users run, it is not 0."""
    timeline = made(CALL, now=T0 + 5)
    timeline.observe(4, T0 + 2)
    assert [point["users"] for point in timeline.points(T0 + 4, running=False)] == [None, None, 4, None]


def test_calls_of_long_ago_do_not_hide_the_present() -> None:
    """How long calls take at present is what those of the last minute took."""
    slow = replace(CALL, latency_ms=30_000, last_token_ms=30_000)
    quick = replace(CALL, started_at=T0 + 99, ttft_ms=100, last_token_ms=500, latency_ms=500)
    points = list(made(slow, quick, now=T0 + 100).points(T0 + 100, running=True))
    assert [point["tokens_per_s"] is None for point in points][-2:] == [False, True]
    assert len(points) == 100


def test_the_present_is_a_minute_at_any_width() -> None:
    """Where points are two seconds wide, a slow call that ended 90 s ago hides nothing either."""
    now = T0 + 2 * MOST_BUCKETS - 2
    slow = replace(CALL, started_at=now - 120, latency_ms=30_000, last_token_ms=30_000)
    quick = replace(CALL, started_at=now - 1, ttft_ms=100, last_token_ms=500, latency_ms=500)
    timeline = made(slow, quick, now=now)
    assert timeline.width_s == 2
    assert [point["tokens_per_s"] is None for point in timeline.points(now, running=True)][-2:] == [False, True]


def test_tokens_of_one_event_count_in_its_second() -> None:
    """An answer without a stream has its tokens over its whole length, an answer in one event at that event."""
    whole = replace(CALL, ttft_ms=None, last_token_ms=None)
    at_once = replace(CALL, ttft_ms=2500, last_token_ms=2500)
    assert [p["tokens_per_s"] for p in made(whole, now=T0 + 5).points(T0 + 4, running=False)] == [50, 50, 50, 50]
    assert [p["tokens_per_s"] for p in made(at_once, now=T0 + 5).points(T0 + 4, running=False)] == [0, 0, 200, 0]
