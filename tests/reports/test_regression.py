"""The regression gate, decided from figures alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.numbers import comparison, regression
from reports.numbers.comparison import Comparison, Share
from reports.numbers.intervals import Change

if TYPE_CHECKING:
    from reports.numbers.comparison import Level

LEVEL: Level = ("streaming", 8.0)
SAME = Share(LEVEL, 1.0, 1.0, -0.02, 0.02)


def time(after: float, change: Change | None, *, clear: bool = False) -> comparison.Test:
    """P95 of the latency, 100 ms in the base."""
    return comparison.Test(LEVEL, "latency_ms", 95, 100.0, after, change, clear)


@pytest.mark.parametrize(
    ("found", "passed"),
    [
        (Comparison([time(101, Change(-0.02, 0.04, 0.4))], [SAME], []), True),
        (Comparison([time(130, Change(0.2, 0.4, 0.0), clear=True)], [SAME], []), False),
        (Comparison([time(108, Change(0.02, 0.14, 0.0), clear=True)], [SAME], []), True),
        (Comparison([time(130, None), time(101, Change(-0.02, 0.04, 0.4))], [SAME], []), False),
        (Comparison([time(101, Change(-0.02, 0.04, 0.4))], [Share(LEVEL, 1.0, 0.5, -0.6, -0.4)], []), False),
        (Comparison([time(101, Change(-0.02, 0.04, 0.4))], [SAME], [("streaming", 16.0)]), False),
        (Comparison([], [], []), False),
    ],
    ids=["alike", "slower", "a little slower", "too few calls", "fewer succeed", "a level is missing", "nothing"],
)
def test_one_reason_is_enough(found: Comparison, passed: bool) -> None:
    """With a limit of 10 %, any of the reasons fails the gate, beside a run that is fine."""
    fine = Comparison([time(100, Change(-0.05, 0.05, 1.0))], [SAME], [])
    assert regression.gate({"B": fine}, 10).passed
    assert regression.gate({"B": fine, "C": found}, 10).passed is passed
