"""What failed, counted by kind and by level; and which levels fail more than is tolerable."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from scipy import stats

from reports.numbers import failures
from reports.reading.levels import levels
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.reading.levels import Levels


def call(at: float, error: str = "", code: str = "", stage: str = "", **cells: Any) -> make.Row:
    """A call of a level of two streaming ones, whose request id is its second."""
    kind = {"error": error, "error_code": code, "error_stage": stage, "error_message": f"{error} at {at}" * bool(error)}
    told = {"level": "streaming-04", "mode": "streaming", "users": 4, "phase": "measure", "latency_ms": 100}
    return told | kind | {"started_at": make.T0 + at, "request_id": f"r{at:g}"} | cells


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Levels:
    """Eleven calls, of which seven failed in four ways and two were cut off."""
    eight: dict[str, Any] = {"level": "streaming-08", "users": 8}
    calls = [
        call(1, "ModelError", "x", "stream", phase="warmup"),
        call(6),
        call(7, "ThrottlingError", "slow", "response"),
        call(8, "ThrottlingError", "slow", "response"),
        call(9, "ModelError", "y", "stream"),
        call(10, "ModelError", "x", "stream"),
        call(11, "Cancelled"),
        call(50, **eight),
        call(51, "ThrottlingError", "slow", "response", **eight),
        call(52, "AccessDeniedError", "no", "response", phase="drain", **eight),
        call(53, "Cancelled", phase="drain", **eight),
    ]
    table = [make.level("streaming", users, make.T0 + at) for users, at in ((4, 0), (8, 45))]
    return levels(read(make.Folder(calls, table, {}).write(tmp_path_factory.mktemp("some"))))


def test_kinds_that_are_as_frequent_stand_in_the_order_of_their_names(tmp_path: Path) -> None:
    """By category, then code, then stage, whichever came first."""
    kinds = [
        ("B", "a", "stream"),
        ("A", "b", "response"),
        ("A", "a", "stream"),
        ("A", "a", "response"),
        ("A", "c", "x"),
    ]
    calls = [call(at, *kind) for at, kind in enumerate(kinds, 6)]
    found = failures.by_kind(read(make.Folder(calls, [], {}).write(tmp_path)).calls)
    assert list(map(tuple, found[failures.KIND].to_numpy().tolist())) == sorted(kinds)


def test_kinds_of_failure(some: Levels) -> None:
    """Most frequent first, then by name; the share is of the calls that ended, message and request id of the first."""
    found = failures.by_kind(some.calls)
    assert list(map(tuple, found.to_numpy().tolist())) == [
        ("ThrottlingError", "slow", "response", 3, pytest.approx(3 / 9), "ThrottlingError at 7", "r7"),
        ("ModelError", "x", "stream", 2, pytest.approx(2 / 9), "ModelError at 1", "r1"),
        ("AccessDeniedError", "no", "response", 1, pytest.approx(1 / 9), "AccessDeniedError at 52", "r52"),
        ("ModelError", "y", "stream", 1, pytest.approx(1 / 9), "ModelError at 9", "r9"),
    ]
    assert list(found.columns) == [*failures.KIND, "calls", "share", "error_message", "request_id"]
    assert failures.by_kind(some.calls[some.calls["error"].isin(["", "Cancelled"])]).empty


def test_failures_of_levels(some: Levels) -> None:
    """Those that count and the others, in order of level and name; the most frequent of a level first."""
    found = failures.by_level(some)
    rows = zip(found.index, found["error"], found["measured"], found["other"], strict=True)
    assert list(rows) == [
        ("streaming-04", "ModelError", 2, 1),
        ("streaming-04", "ThrottlingError", 2, 0),
        ("streaming-08", "AccessDeniedError", 0, 1),
        ("streaming-08", "ThrottlingError", 1, 0),
    ]
    assert failures.by_frequency(found, "streaming-04") == ["ModelError", "ThrottlingError"]
    assert failures.by_frequency(found, "streaming-08") == ["ThrottlingError"]
    assert failures.by_frequency(found, "streaming-16") == []
    assert failures.measured(found, ["streaming-04", "streaming-08"], "ThrottlingError") == 3
    assert failures.measured(found, ["streaming-08"], "ThrottlingError") == 1
    assert failures.measured(found, ["streaming-08"], "AccessDeniedError") == 0
    assert failures.measured(found, [], "ThrottlingError") == 0


def test_totals(some: Levels) -> None:
    """Of all calls, or of those chosen; the rate is of those that ended, and not known of none."""
    found = failures.total_counts(some.calls)
    assert found.to_dict() == {"ok": 2, "failed": 7, "cancelled": 2}
    measured = failures.total_counts(some.calls, some.counted)
    assert measured.to_dict() == {"ok": 2, "failed": 5, "cancelled": 1}
    assert failures.total_success_rate(found) == pytest.approx(2 / 9)
    assert failures.total_success_rate(pd.Series({"ok": 3, "failed": 0, "cancelled": 1})) == 1
    assert failures.total_success_rate(pd.Series({"ok": 0, "failed": 2, "cancelled": 1})) == 0
    assert math.isnan(failures.total_success_rate(pd.Series({"ok": 0, "failed": 0, "cancelled": 9})))


@pytest.mark.parametrize(
    ("ok", "failed", "tolerable", "bad"),
    [
        (0, 1, 0.01, False),
        (1, 1, 0.01, False),
        (0, 2, 0.01, True),
        (10, 2, 0.01, True),
        (98, 2, 0.01, False),
        (200, 9, 0.01, True),
        (200, 9, 0.05, False),
        (0, 0, 0.01, False),
    ],
)
def test_levels_that_fail_too_much(*, ok: float, failed: float, tolerable: float, bad: bool) -> None:
    """Where Wilson's interval is all above what is tolerable, by scipy; one failure may be chance."""
    table = pd.DataFrame({"ok": [ok, 100.0], "failed": [failed, 0.0]}, index=["one", "sound"])
    assert failures.failing(table, tolerable) == ["one"] * bad
    if ok + failed:
        most = stats.binomtest(int(ok), int(ok + failed)).proportion_ci(method="wilson").high
        assert bad is bool(most < 1 - tolerable and failed >= 2)


def figures(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    """Levels with so many successes and failures, a design effect, and the upper end of their success rate."""
    names = ["ok", "failed", "success_rate_effect", "success_rate_high"]
    return pd.DataFrame(rows, columns=names, index=[f"s-{number}" for number in range(1, len(rows) + 1)])


@pytest.mark.parametrize(
    ("below", "row", "shown"),
    [
        ([], (90, 10, 1, 0.95), True),
        ([], (90, 10, 1, 0.99), False),
        ([], (90, 10, 1, 0.9899), True),
        ([(100, 0, 1, 1)], (90, 10, 1, 0.95), True),
        ([(99, 1, 1, 1)], (96, 4, 1, 0.98), False),
        ([(90, 10, 1, 0.95)], (88, 12, 1, 0.93), False),
        ([(98, 2, 1, 1)], (90, 10, 1, 0.98), False),
        ([(99, 1, 1, 1)], (88, 12, 9, 0.98), False),
        ([(990, 10, 1, 1)], (90, 10, 1, 0.98), True),
        ([(60, 0, 1, 1), (39, 1, 1, 1)], (88, 12, 1, 0.95), True),
        ([(39, 1, 1, 1), (60, 0, 1, 1)], (88, 12, 1, 0.95), True),
        ([(19, 1, 1, 1)], (80, 20, 1, 0.9), False),
    ],
    ids=str,
)
def test_failures_that_are_more_than_at_lower_loads(
    below: list[tuple[float, ...]], row: tuple[float, ...], *, shown: bool
) -> None:
    """By more than chance, with as many calls as their dependence leaves; where none failed below, any is more."""
    table = figures(*below, row)  # type: ignore[arg-type]  # rows of four figures
    assert failures.is_shown(table, str(table.index[-1]), 0.01) is shown


@pytest.mark.parametrize(("failed", "calls", "share"), [(0, 5, 0.3), (3, 5, 0.3), (5, 5, 0.3), (2, 400, 0.01)])
def test_the_chance_of_so_many_failures_is_that_of_the_binomial(failed: int, calls: int, share: float) -> None:
    """That many or more, by scipy."""
    assert failures.at_least(failed, calls, share) == pytest.approx(stats.binom.sf(failed - 1, calls, share))


def records(*failed: tuple[int, int], error: str = "ModelError") -> pd.DataFrame:
    """Calls of records 0, 1 and so on: of so many each, so many failed."""
    rows = [
        {"record": float(record), "error": error if number < bad else ""}
        for record, (calls, bad) in enumerate(failed)
        for number in range(calls)
    ]
    return pd.DataFrame(rows).astype({"error": "category"})


@pytest.mark.parametrize(
    ("failed", "found"),
    [
        ([(5, 0)] * 40, {}),
        ([(5, 5), *[(5, 0)] * 40], {0: (5, 5)}),
        ([(5, 1), *[(5, 0)] * 40], {}),
        ([(5, 2), *[(5, 0)] * 400], {0: (5, 2)}),
        ([(5, 2), *[(5, 0)] * 40], {}),
        ([(5, 3), *[(5, 0)] * 39, (6, 6)], {40: (6, 6), 0: (5, 3)}),
        ([(5, 4), *[(5, 0)] * 40, (4, 4)], {0: (5, 4), 41: (4, 4)}),
        ([(5, 4)] * 10, {}),
    ],
    ids=lambda one: str(one)[:30],
)
def test_records_that_fail_more_often_than_others(
    failed: list[tuple[int, int]], found: dict[int, tuple[int, int]]
) -> None:
    """Most failures first, then by number; what is found is not held against the rest."""
    table = failures.by_record(records(*failed))
    counts = zip(map(int, table.index), table["calls"], table["failed"], strict=True)
    assert [(record, (calls, bad)) for record, calls, bad in counts] == list(found.items())
    assert set(table["error"]) <= {"ModelError"}
