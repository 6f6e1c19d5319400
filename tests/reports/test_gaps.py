"""The gaps between tokens, against all of them."""

from __future__ import annotations

import csv
import json
import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reports
from bedrock_locust.histogram import ACCURACY, Histogram
from reports.numbers.analysis import analyse
from reports.reading.run import read

from . import run_folders as make
from .test_numbers import plain_percentile
from .whole import whole_report

if TYPE_CHECKING:
    from pathlib import Path

FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=300))
def test_percentiles_are_within_1_percent(tmp_path: Path, gaps_ms: list[float]) -> None:
    """What the recorder writes of gaps gives their percentiles back, whatever the other levels have."""
    histogram = Histogram()
    for gap_ms in gaps_ms:
        histogram.add(gap_ms)
    folder = make.shaped(("streaming",), (2, 4), length_s=3).write(tmp_path)
    with (folder / "gaps.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(make.GAP_COLUMNS)
        rows.writerow(["streaming-04", "5000000.0000", "5100000.0000", 7])
        rows.writerows(("streaming-02", f"{low:.4f}", f"{high:.4f}", count) for low, high, count in histogram.buckets())
    figures = analyse(read(folder)).figures.loc["streaming-02"]
    assert figures["gap_ms_count"] == len(gaps_ms)
    for percent in (50, 95, 99):
        exact = plain_percentile(gaps_ms, percent)
        assert abs(figures[f"gap_ms_p{percent}"] - exact) <= exact * (ACCURACY + 1e-4)


@pytest.mark.parametrize("content", [None, b"", b"level,lower_ms\nstreaming-02,3", b"\x00\xff\n1,2", b"a,b\n1,2\n"])
def test_without_them_the_report_says_so(tmp_path: Path, content: bytes | None) -> None:
    """A file that is missing, or none of its kind, costs the percentiles only."""
    folder = make.shaped(("streaming",), (2,), length_s=3).write(tmp_path)
    (folder / "gaps.csv").unlink()
    if content is not None:
        (folder / "gaps.csv").write_bytes(content)
    reports.write(folder, formats=["json"])
    assert "Only the longest gap of each call is known" in whole_report(folder)
    [level] = json.loads((folder / "report.json").read_text(encoding="utf-8"))["levels"]
    assert level["gap_ms_p95"] is None
    assert level["max_gap_ms_p50"] > 0


def test_without_levels_they_are_those_of_the_name(tmp_path: Path) -> None:
    """A run without a shape has its gaps by name; calls without streaming of the same name have none."""
    calls = [
        make.call(random.Random(at), make.T0 + at, name="x", mode=mode)
        for at in range(20)
        for mode in ("streaming", "non_streaming")
    ]
    figures = analyse(read(make.Folder(calls, [], {}).write(tmp_path))).figures.set_index("mode")
    assert figures.loc["streaming", "gap_ms_count"] == sum(call["chunks"] - 1 for call in calls if "chunks" in call)
    assert figures.loc["non_streaming"].isna()["gap_ms_count"]
