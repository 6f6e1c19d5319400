"""Histograms: any figure within 1 %, and sums that are what counting together would have given."""

from __future__ import annotations

import math

import pytest
from ddsketch.mapping import LogarithmicMapping
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.histogram import ACCURACY, FLOOR, Histogram, bucket

values = st.lists(st.floats(FLOOR, 1e7), min_size=1, max_size=200)


def of(some: list[float]) -> Histogram:
    """A histogram of these values."""
    histogram = Histogram()
    for value in some:
        histogram.add(value)
    return histogram


@given(values, st.floats(0, 1))
def test_quantiles(some: list[float], q: float) -> None:
    """A quantile is within 1 % of the value of that rank."""
    found = of(some).quantile(q)
    left, rank = sorted(some), q * (len(some) - 1)
    lower, upper = left[math.floor(rank)], left[math.ceil(rank)]
    exact = lower + (upper - lower) * (rank - math.floor(rank))
    assert found is not None
    assert abs(found - exact) <= exact * ACCURACY * 1.0001


@given(values, values)
def test_sums(one: list[float], other: list[float]) -> None:
    """The counts of two histograms added are those of all values."""
    both = of(one)
    both.merge(of(other).counts)
    assert both.counts == of(one + other).counts


@given(values)
def test_buckets_hold_their_values(some: list[float]) -> None:
    """The bounds of the buckets, in order, enclose the values counted in them."""
    left = sorted(some)
    for lower, upper, count in of(some).buckets():
        here, left = left[:count], left[count:]
        assert all(lower * 0.9999 <= value <= upper * 1.0001 for value in here)
    assert left == []


def test_nothing_and_less_than_nothing() -> None:
    """No value has no quantile, and a value of 0 counts as the smallest there is."""
    assert Histogram().quantile(0.5) is None
    found = of([0.0, -1.0]).quantile(1.0)
    assert found is not None
    assert abs(found - FLOOR) <= FLOOR * ACCURACY * 1.0001


@given(values)
def test_buckets_are_those_of_the_library(some: list[float]) -> None:
    """A bucket is that of DDSketch's mapping."""
    assert [bucket(value) for value in some] == [LogarithmicMapping(ACCURACY).key(value) for value in some]


@pytest.mark.parametrize("key", range(-230, 806, 37))
def test_a_bound_falls_on_the_same_side(key: int) -> None:
    """On the bound of a bucket, and next to it on both sides, as the library has it."""
    mapping = LogarithmicMapping(ACCURACY)
    bound = mapping.value(key) / (1 - ACCURACY)
    near = [math.nextafter(bound, 0), bound, math.nextafter(bound, math.inf)]
    assert [bucket(value) for value in near] == [mapping.key(value) for value in near]
    assert bucket(mapping.value(key)) == key
