"""Exit codes: which of several holds."""

from __future__ import annotations

from itertools import combinations

import pytest

from bedrock_locust import exits
from reports.__main__ import EXIT_GATE


def test_the_order_of_codes() -> None:
    """Wrong settings, ended at once, ended early, gate, failures: what comes first is the more important."""
    assert exits.ORDER == (2, 130, 4, 3, 1)


@pytest.mark.parametrize("pair", list(combinations((2, 130, 4, 3, 1), 2)))
def test_of_two_codes_the_first_holds(pair: tuple[int, int]) -> None:
    """In whatever order they are found."""
    assert exits.first(pair) == exits.first(reversed(pair)) == pair[0]


def test_without_a_reason_there_is_no_code() -> None:
    """Locust decides then: by the calls that failed, with --exit-code-on-error."""
    assert exits.first([]) is None


def test_a_code_of_nobody_is_refused() -> None:
    """Nothing ends with a code that means nothing."""
    with pytest.raises(ValueError, match="not in tuple"):
        exits.first([1, 5])


def test_the_commands_of_reports_have_the_same_gate() -> None:
    """A pipeline asks for one code, whether the run or a report of it fails the gate."""
    assert EXIT_GATE == exits.GATE
