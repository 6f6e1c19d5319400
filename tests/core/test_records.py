"""Values of records."""

from __future__ import annotations

import pytest

from bedrock_locust.workload.records import RecordError, count_of, list_of, object_of, text_of


@pytest.mark.parametrize(("value", "count"), [(5, 5), (5.0, 5), (None, None)])
def test_a_count(value: object, count: int | None) -> None:
    """A whole number above 0, or nothing."""
    assert count_of(value, "x") == count


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "5", [], float("nan"), float("inf"), 1e300])
def test_what_is_no_count_is_named(value: object) -> None:
    """By its place."""
    with pytest.raises(RecordError, match=r"^x must be a whole number above 0$"):
        count_of(value, "x")


def test_values_of_another_type_are_named() -> None:
    """And not shown."""
    for check in (text_of, list_of, object_of):
        with pytest.raises(RecordError, match=r"^x must be "):
            check(5, "x")
