"""Exceptions in tasks, as Locust counts them."""

from __future__ import annotations

import pytest

from bedrock_locust.live.task_errors import TaskErrors
from bedrock_locust.redaction import know


def entry(message: str, count: int) -> dict[str, object]:
    """What a runner has of an exception that was raised at one place."""
    return {"msg": message, "count": count, "traceback": "x", "nodes": {"local"}}


def test_the_most_frequent_first() -> None:
    """One message at two places is one; three are quoted, each on one line."""
    errors = TaskErrors.of([entry("b", 2), entry("a\nb", 5), entry("c", 1), entry("b", 4), entry("", 3)])
    assert errors.total == 15
    assert errors.top == [("b", 6), ("a b", 5), ("no message", 3)]
    assert str(errors) == ("15 exceptions in tasks, most often: b (6 times), a b (5 times), no message (3 times)")


def test_once() -> None:
    """One is one."""
    assert str(TaskErrors.of([entry("x", 1)])) == "1 exception in tasks, most often: x (1 time)"


def test_none() -> None:
    """A run without exceptions."""
    assert TaskErrors.of([]).total == 0
    assert not TaskErrors.of([]).spin(0)


@pytest.mark.parametrize(("raised", "calls", "spins"), [(10, 100, False), (11, 100, True), (1, 0, True)])
def test_tasks_that_spin(raised: int, calls: int, spins: bool) -> None:
    """From one exception in ten calls on."""
    assert TaskErrors.of([entry("x", raised)]).spin(calls) is spins


def test_no_secret_and_no_end() -> None:
    """A message may hold what it must not, and be as long as it likes."""
    know("a-secret-of-this-test")
    said = str(TaskErrors.of([entry("a-secret-of-this-test " + "x" * 1000, 1)]))
    assert "a-secret-of-this-test" not in said
    assert len(said) < 200
