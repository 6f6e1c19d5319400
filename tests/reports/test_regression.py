"""The regression gate, decided from figures alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from reports.numbers import regression
from reports.numbers.comparison import THROUGHPUT, Answers, Comparison, Difference, Share
from reports.numbers.intervals import Change
from reports.numbers.regression import Limits

if TYPE_CHECKING:
    from reports.numbers.sides import Level

LEVEL: Level = ("streaming", 8.0)
SAME = Change(-0.02, 0.04, 0.4)
LIMITS = Limits(10)


def time(after: float, change: Change | None = SAME, **given: bool) -> Difference:
    """P95 of the latency, 100 ms in the base."""
    return Difference(LEVEL, "latency_ms", 95, 100.0, after, change, **given)


def rate(after: float, *, clear: bool) -> Difference:
    """Output tokens/s, 100 in the base."""
    return Difference(LEVEL, THROUGHPUT, None, 100.0, after, SAME, clear)


def share(before: float, after: float, low: float = -0.02, calls: float = 200) -> Share:
    """A success rate in both."""
    return Share(LEVEL, before, after, low, 0.02, calls=calls)


def compared(
    *tests: Difference, shares: tuple[Share, ...] = (share(1, 1),), rates: tuple[Difference, ...] = (), **lists: object
) -> Comparison:
    """A comparison in which all is well but for what is given."""
    rest: dict[str, object] = {"missing": [], "lacking": [], "answers": []}
    return Comparison(list(tests) or [time(101)], list(shares), throughput=list(rates), **{**rest, **lists})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (compared(), True),
        (compared(time(130, Change(0.2, 0.4, 0.0), clear=True)), False),
        (compared(time(108, Change(0.02, 0.14, 0.0), clear=True)), True),
        (compared(time(130, Change(0.2, 0.4, 0.0), clear=True, counts=False)), True),
        (compared(time(130, None), time(101)), False),
        (compared(rates=(rate(33, clear=True),)), False),
        (compared(rates=(rate(133, clear=True),)), True),
        (compared(rates=(rate(95, clear=True),)), True),
        (compared(shares=(share(1, 0.985),)), False),
        (compared(shares=(share(1, 0.99),)), True),
        (compared(shares=(share(0.99, 0.98),)), True),
        (compared(shares=(share(1, 1, low=-0.5, calls=4),)), False),
        (compared(shares=(share(1, 1, low=-0.15, calls=25),)), True),
        (compared(missing=[("streaming", 16.0)]), False),
        (compared(lacking=[(LEVEL, "tpot_ms")]), False),
        (compared(answers=[Answers(LEVEL, 200, 100)]), False),
        (compared(answers=[Answers(LEVEL, math.nan, math.nan)]), False),
        (Comparison([], [], [], [], [], []), False),
    ],
    ids=[
        *("alike", "slower", "a little slower", "slower for other answers", "too few calls", "less throughput"),
        *("more throughput", "a little less throughput", "fewer succeed", "one point less", "one point less again"),
        *("too few calls for success", "calls enough for success", "a level is missing", "a metric is missing"),
        *("shorter answers", "other max_tokens", "nothing"),
    ],
)
def test_one_reason_is_enough(found: Comparison, passed: bool) -> None:
    """With limits of 10 % and one point, any of the reasons fails the gate, beside a run that is fine."""
    assert regression.gate({"B": compared()}, LIMITS).passed
    assert regression.gate({"B": compared(), "C": found}, LIMITS).passed is passed


def test_a_larger_drop_may_be_allowed() -> None:
    """Three points are not more than three points."""
    found = {"B": compared(shares=(share(1, 0.97),))}
    assert regression.gate(found, Limits(10, 3)).passed
    assert not regression.gate(found, Limits(10, 2.9)).passed
