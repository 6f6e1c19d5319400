"""How far a worker's clock is from the master's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.team.clock_offset import ClockOffset

DELAYS = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5))


def trip(offset: ClockOffset, true_s: float, there_s: float, back_s: float) -> None:
    """A round trip of a worker whose clock has to be put forward by `true_s`."""
    offset.add(asked_at=1.8e9, took_s=there_s + back_s, answered_at=1.8e9 + there_s + true_s)


@given(st.floats(-7200, 7200), st.lists(DELAYS, min_size=1, max_size=12))
def test_the_estimate_is_within_half_of_a_trip(true_s: float, delays: list[tuple[float, float]]) -> None:
    """However uneven the two ways are, the error is at most half of the fastest trip among the last eight."""
    offset = ClockOffset()
    for there_s, back_s in delays:
        trip(offset, true_s, there_s, back_s)
    assert offset.offset_s is not None
    assert abs(offset.offset_s - true_s) <= min(sum(delay) for delay in delays[-8:]) / 2 + 1e-6


def test_what_a_slow_trip_could_feign_is_not_corrected() -> None:
    """A clock that is right stays alone, on a slow and uneven link, too; one that is surely wrong is corrected."""
    offset = ClockOffset()
    assert (offset.offset_s, offset.correction_s, offset.trip_s) == (None, 0.0, 0.0)
    trip(offset, 0.0, 2.0, 0.1)
    assert offset.offset_s == pytest.approx(0.95)
    assert offset.correction_s == 0
    trip(offset, -30.0, 2.0, 0.1)
    assert offset.correction_s == pytest.approx(-29.05)


def test_a_clock_that_is_set_is_believed_at_once() -> None:
    """Faster trips from before a step of the clock do not count any more."""
    offset = ClockOffset()
    trip(offset, 0.0, 0.001, 0.001)
    trip(offset, 60.0, 0.2, 0.2)
    assert offset.correction_s == pytest.approx(60.0)


TRIPS = (
    # the offset and the length of each trip, and the estimate, the correction and the last length after it
    (((5.0, 0.2),), 5.0, 5.0, 0.2),
    (((5.0, 0.2), (5.05, 0.1)), 5.05, 5.05, 0.1),
    (((5.0, 0.2), (5.05, 0.4)), 5.0, 5.0, 0.4),
    (((0.09, 0.2),), 0.09, 0.0, 0.2),
    (((0.11, 0.2),), 0.11, 0.11, 0.2),
    (((-0.11, 0.2),), -0.11, -0.11, 0.2),
    (((0.009, 0.001),), 0.009, 0.0, 0.001),
    (((0.011, 0.001),), 0.011, 0.011, 0.001),
    # they agree as far as both trips and 10 ms may differ; beyond that a clock has been set
    (((5.0, 0.2), (5.309, 0.4)), 5.0, 5.0, 0.4),
    (((5.0, 0.2), (5.311, 0.4)), 5.311, 5.311, 0.4),
    (((5.0, 0.2), (4.689, 0.4)), 4.689, 4.689, 0.4),
    # the eighth trip still counts the first, the ninth does not
    (((5.0, 0.1), *((5.05, 0.2),) * 7), 5.0, 5.0, 0.2),
    (((5.0, 0.1), *((5.05, 0.2),) * 8), 5.05, 5.05, 0.2),
)


@pytest.mark.parametrize(("trips", "estimate", "correction", "last"), TRIPS)
def test_estimates_at_their_bounds(
    trips: tuple[tuple[float, float], ...], estimate: float, correction: float, last: float
) -> None:
    """Which trip counts, and what is corrected."""
    offset = ClockOffset()
    for of_clock_s, took_s in trips:
        offset.add(asked_at=100.0, took_s=took_s, answered_at=100.0 + took_s / 2 + of_clock_s)
    assert offset.offset_s == pytest.approx(estimate)
    assert offset.correction_s == pytest.approx(correction)
    assert offset.trip_s == last
