"""Why answers ended, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from reports.numbers.answers import AT_THE_LIMIT, EMPTY, NO_ANSWERS, cut_short, no_answers, stop_reasons, unanswered

from .few_calls import call, run_of

if TYPE_CHECKING:
    from pathlib import Path

ROW = ["level", "stop_reason", "calls", "share"]


def test_stop_reasons_of_each_level(tmp_path: Path) -> None:
    """Of measured successes, the most frequent first; an empty answer is in a row of its own, too."""
    calls = [
        *(call("streaming-08", stop_reason="max_tokens", output_tokens=9) for _ in range(1)),
        *(call("streaming-08", stop_reason="end_turn", output_tokens=9) for _ in range(3)),
        *(call("streaming-04", stop_reason="end_turn", output_tokens=0) for _ in range(2)),
        call("streaming-04", stop_reason="", output_tokens=1),
        call("streaming-04", stop_reason="refusal", phase="warmup"),
        call("streaming-04", stop_reason="refusal", error="ModelError"),
        call("streaming-04", stop_reason="refusal", error="Cancelled"),
    ]
    _, known = run_of(tmp_path, calls)
    assert stop_reasons(known)[ROW].to_numpy().tolist() == [
        ["streaming-04", "end_turn", 2.0, 2 / 3],
        ["streaming-04", EMPTY, 2.0, 2 / 3],
        ["streaming-04", "", 1.0, 1 / 3],
        ["streaming-08", "end_turn", 3.0, 0.75],
        ["streaming-08", "max_tokens", 1.0, 0.25],
    ]
    assert list(stop_reasons(known).columns) == ROW
    assert list(stop_reasons(known).index) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("reason", "output", "cut", "whole", "found"),
    [
        ("max_tokens", 89, 2, 0, 2),
        ("max_tokens", 90, 2, 0, None),
        ("max_tokens", 1, 2, 0, 2),
        ("max_tokens", 0, 2, 0, None),
        ("max_tokens", 89, 1, 0, None),
        ("max_tokens", 89, 2, 198, None),
        ("max_tokens", 89, 2, 197, 2),
        ("max_tokens", 89, 3, 290, 3),
        ("end_turn", 89, 2, 0, None),
        *((reason, 89, 2, 0, 2) for reason in AT_THE_LIMIT),
    ],
)
def test_answers_that_something_else_cut(
    tmp_path: Path, *, reason: str, output: int, cut: int, whole: int, found: int | None
) -> None:
    """Ended by length below nine tenths of their limit: more than one in 100, and more than one."""
    calls = [call("streaming-04", stop_reason=reason, output_tokens=output, max_tokens=100) for _ in range(cut)]
    calls += [call("streaming-04", stop_reason="end_turn", output_tokens=9, max_tokens=100) for _ in range(whole)]
    _, known = run_of(tmp_path, [*calls, call("streaming-08", stop_reason=reason, output_tokens=output)])
    expected = {} if found is None or 100 * found <= cut + whole else {"streaming-04": found}
    assert cut_short(known) == expected


@pytest.mark.parametrize(
    ("calls", "share", "is_named"), [(2.0, 0.011, True), (2.0, 0.01, False), (1.0, 0.5, False), (3.0, 1.0, True)]
)
def test_levels_with_answers_that_are_none(calls: float, share: float, *, is_named: bool) -> None:
    """More than one call, and more than one in 100, by any one reason."""
    rows = [("a", reason, calls, share) for reason in (*NO_ANSWERS, EMPTY)]
    usual = [("b", "end_turn", 90.0, 0.9), ("b", "", 9.0, 0.09), ("b", "tool_use", 1.0, 0.01)]
    for row in rows:
        table = pd.DataFrame([row, *usual], columns=ROW)
        assert no_answers(table).to_numpy().tolist() == [list(row)]
        assert unanswered(table) == (["a"] if is_named else [])
    assert unanswered(pd.DataFrame(usual, columns=ROW)) == []
