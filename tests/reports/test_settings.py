"""The settings of a run as a flat list."""

from __future__ import annotations

from typing import Any

import pytest

from reports.reading.settings import flat


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"a": {"b": 1, "c": {"d": None}}, "e": [1]}, {"a.b": 1, "a.c.d": None, "e": [1]}),
        (
            {"aws": {"region": "r", "access_key_id": "k", "secret_access_key": "s", "session_token": "t"}},
            {"aws.region": "r"},
        ),
        ({"session_token": {"a": 1}, "b": {}}, {}),
        (None, {}),
        (["a"], {}),
    ],
    ids=str,
)
def test_settings_are_flat_and_without_credentials(settings: Any, expected: dict[str, Any]) -> None:
    """Each by the way to it; credentials are left out wherever they stand."""
    assert dict(flat(settings)) == expected
