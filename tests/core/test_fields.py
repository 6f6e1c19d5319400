"""The types of the settings' fields."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bedrock_locust.settings.fields import Amount, NotNegative, Number, Percent, Positive, Seconds, Section, Text, Users


class Fields(Section):
    """A field of each type."""

    number: Number = 0
    positive: Positive = 1
    amount: Amount = 1
    not_negative: NotNegative = 0
    percent: Percent = 1
    users: Users = 1
    seconds: Seconds = 1
    text: Text = "x"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("number", [-1.5, 0, 1e300, "7"]),
        ("positive", [1, 10**18, "7"]),
        ("amount", [1e-9, 1e300]),
        ("not_negative", [0, 0.5]),
        ("percent", [1e-9, 100]),
        ("users", [1, 100_000]),
        ("seconds", [1e-9, 604_800]),
        ("text", ["x", " x "]),
    ],
)
def test_values_up_to_the_bounds_are_taken(field: str, values: list[Any]) -> None:
    """The bounds themselves are values, and numbers may be text, as in an environment variable."""
    for value in values:
        expected = value.strip() if field == "text" else float(value)
        assert getattr(Fields.model_validate({field: value}), field) == expected


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("number", [True, "x", float("nan"), float("inf")]),
        ("positive", [0, -1, 1.5, True]),
        ("amount", [0, -1, True]),
        ("not_negative", [-1e-9, False]),
        ("percent", [0, 100.01]),
        ("users", [0, 100_001]),
        ("seconds", [0, 604_800.1]),
        ("text", ["", " "]),
    ],
)
def test_values_beyond_the_bounds_are_refused(field: str, values: list[Any]) -> None:
    """A value just beyond a bound is a mistake, and so are `true`, NaN and infinity."""
    for value in values:
        with pytest.raises(ValidationError):
            Fields.model_validate({field: value})


def test_a_section_cannot_be_changed() -> None:
    """Settings are shared by all users of a process, and must not change during a run."""
    with pytest.raises(ValidationError, match="frozen"):
        Fields().users = 5  # type: ignore[misc]  # that is what must fail


def test_errors_of_a_section_show_no_value() -> None:
    """A value may be secret, also under a key that does not exist."""
    with pytest.raises(ValidationError) as refused:
        Fields.model_validate({"password": "5ecret", "users": "5ecret"})
    assert "5ecret" not in str(refused.value)
    assert "Extra inputs are not permitted" in str(refused.value)
