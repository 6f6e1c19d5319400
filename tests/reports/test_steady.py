"""Whether a level was steady, just below and just above each bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers import steady
from reports.reading.levels import levels
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.reading.levels import Levels

KEY = "streaming-04"


def level_of(path: Path, calls: list[tuple[float, float]], window_s: float = 100) -> Levels:
    """A level with calls of this start, in seconds of its window, and latency in ms."""
    cells: dict[str, Any] = {"mode": "streaming", "level": KEY, "users": 4, "phase": "measure"}
    rows = [cells | {"started_at": make.T0 + at, "latency_ms": latency_ms} for at, latency_ms in calls]
    level = make.level("streaming", 4, make.T0) | {"measured_from": make.T0, "measured_to": make.T0 + window_s}
    return levels(read(make.Folder(rows, [level], {}).write(path)))


def parts(medians: list[float], counts: list[int]) -> list[tuple[float, float]]:
    """Calls in each tenth of a window of 100 s: as many as asked for, with this median."""
    return [
        (10 * place + number + 0.5, median)
        for place, (median, count) in enumerate(zip(medians, counts, strict=True))
        for number in range(count)
    ]


FIVE = [5] * 10


@pytest.mark.parametrize(
    ("medians", "counts", "change"),
    [
        ([1000] * 10, FIVE, None),
        ([1000 + 28 * place for place in range(10)], FIVE, None),
        ([1000 + 29 * place for place in range(10)], FIVE, 290 / 1130.5),
        ([1261 - 29 * place for place in range(10)], FIVE, -290 / 1130.5),
        ([1000 + 100 * place for place in (3, 2, 1, 0, 5, 4, 6, 7, 8, 9)], FIVE, 0.69),  # z = 30 / 11.2
        ([1000 + 100 * place for place in (3, 2, 1, 0, 5, 4, 7, 6, 8, 9)], FIVE, None),  # z = 28 / 11.2
        ([1000 + 100 * place for place in range(10)], [5] * 9 + [4], None),
        ([1000 + 100 * place for place in range(10)], [9] + [4] + [5] * 8, None),
    ],
    ids=str,
)
def test_a_drift_is_shown(tmp_path: Path, medians: list[float], counts: list[int], change: float | None) -> None:
    """By Mann and Kendall's z above 2.58 and a change of more than a quarter, with five calls in each tenth."""
    found = steady.drift(level_of(tmp_path, parts(medians, counts)), KEY)
    assert (found is None) is (change is None)
    if found is not None and change != 0.69:
        assert found.change == pytest.approx(change, rel=1e-5)
    elif found is not None:
        assert 0.5 < found.change < 0.8


@pytest.mark.parametrize(
    ("first", "rest", "change"),
    [
        ([2000] * 7, 40, 1.0),
        ([500] * 7, 40, -0.5),
        ([2000] * 6, 40, None),
        ([2000] * 4, 40, None),
        ([2000] * 7, 5, 1.0),
        ([2000] * 7, 4, None),
        ([1250] * 9, 40, None),
        ([1251] * 9, 40, 0.251),
        ([749] * 9, 40, -0.251),
        ([], 40, None),
    ],
    ids=lambda one: str(one)[:20],
)
def test_a_slow_start(tmp_path: Path, first: list[float], rest: int, change: float | None) -> None:
    """The first tenth against the rest: by more than chance, and by more than a quarter."""
    calls = [(at + 0.5, latency_ms) for at, latency_ms in enumerate(first)]
    calls += [(10 + 2 * at, 1000) for at in range(rest)]
    found = steady.slow_start(level_of(tmp_path, calls), KEY)
    assert found == (None if change is None else pytest.approx(change))


@pytest.mark.parametrize(
    ("calls", "share", "length_s", "needed_s"),
    [
        ([], 0, 0, None),
        ([(5, 10_000)] * 3 + [(25, 10_000)], 0.25, 10, None),
        ([(5, 10_000)] * 2 + [(25, 10_000)] * 2, 0.5, 10, 40),
        ([(20, 10_000)] * 2 + [(25, 10_000)] * 2, 0.5, 10, 40),
        ([(5, 1_000)] * 2 + [(25, 6_000)] * 2, 0.5, 3.5, 60),
        ([(5, 7_500), (25, 7_500)], 0.5, 7.5, 60),
    ],
    ids=str,
)
def test_how_long_a_level_would_have_to_be(
    tmp_path: Path, calls: list[tuple[float, float]], *, share: float, length_s: float, needed_s: float | None
) -> None:
    """Where more than a quarter of its calls end after it: four times their length, or by how many there were."""
    known = level_of(tmp_path, calls, window_s=30)
    assert steady.late_share(known, KEY) == pytest.approx((share, length_s))
    assert steady.needed_s(known, KEY) == needed_s
