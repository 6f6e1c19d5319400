"""The order of records."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.order import Order


@given(st.integers(1, 200), st.booleans(), st.integers(0, 5), st.integers(0, 3))
def test_each_pass_has_each_record_once(records: int, shuffled: bool, seed: int, passed: int) -> None:
    """Whatever the order, whichever pass, in whichever process."""
    positions = range(passed * records, (passed + 1) * records)
    one, other = (Order(records, shuffled=shuffled, seed=seed) for _ in range(2))
    found = [one.record(position) for position in positions]
    assert sorted(found) == list(range(records))
    assert found == [other.record(position) for position in reversed(positions)][::-1]
    assert shuffled or found == list(range(records))


def test_passes_and_seeds_differ() -> None:
    """A shuffled order is another in each pass and for each seed."""
    order, other = Order(50, shuffled=True, seed=1), Order(50, shuffled=True, seed=2)
    passes = [tuple(order.record(position) for position in range(50 * k, 50 * k + 50)) for k in range(4)]
    assert len({*passes, tuple(other.record(position) for position in range(50))}) == 5
