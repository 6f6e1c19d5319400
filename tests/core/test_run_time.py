"""Locust's --run-time."""

from __future__ import annotations

from argparse import Namespace

import pytest

from bedrock_locust.settings.run_time import run_time_of


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, None),
        (90, 90),
        ("", None),
        ("90", 90),
        ("1h20m", 4800),
        ("2m", 120),
        ("soon", None),
        ("0", None),
        (0, None),
    ],
)
def test_as_given(given: object, seconds: float | None) -> None:
    """A number of the command line, or a text of the form."""
    assert run_time_of(Namespace(run_time=given)) == seconds


def test_not_at_all() -> None:
    """Options of another program."""
    assert run_time_of(Namespace()) is None
