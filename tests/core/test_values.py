"""Values from the service: what is taken of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.formats.values import LIMIT, count, members, milliseconds, objects, text

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (5, 5),
        ("5", 5),
        ("007", 7),
        (5.0, 5),
        (LIMIT - 1, 999_999_999_999),
        (LIMIT, None),
        (10**12, None),
        ("9" * 12, 999_999_999_999),
        ("1" + "0" * 12, None),
        (1e300, None),
        (float("inf"), None),
        (float("nan"), None),
        (5.5, None),
        (-1, None),
        (-0.0, 0),
        ("-1", None),
        ("5.0", None),
        ("", None),
        (" 5", None),
        ("²", None),
        ("٣", None),
        ("9" * 5000, None),
        ([5], None),
        ({"x": 5}, None),
        (None, None),
        (True, None),
        (b"5", None),
    ],
)
def test_a_count_is_whole_and_not_negative(value: object, expected: int | None) -> None:
    """A text of digits and a zero fraction are counts, too; all else is not known."""
    found = count(value)
    assert found == expected
    assert found is None or type(found) is int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((1.5, 1.5), (3, 3), ("3", 3), (0.0, 0.0), (999_999_999_999.5, 999_999_999_999.5)),
        *((-0.5, None), (1e12, None), (1e300, None), (float("nan"), None), (True, None), ("1.5", None)),
    ],
)
def test_a_time_may_have_a_fraction(value: object, expected: float | None) -> None:
    """Otherwise it is as a count."""
    assert milliseconds(value) == expected


@given(ANY_JSON)
def test_any_value_is_of_its_type_or_absent(value: Any) -> None:
    """None of these fails on anything that JSON can hold, and what they give can be written as JSON again."""
    number, time_ms = count(value), milliseconds(value)
    assert number is None or 0 <= number < LIMIT
    assert time_ms is None or 0 <= time_ms < LIMIT
    assert text(value) == (value if isinstance(value, str) else "")
    assert dict(members(value)) == (value if isinstance(value, dict) else {})
    assert all(isinstance(item, dict) for item in objects(value))
    json.dumps([number, time_ms])
