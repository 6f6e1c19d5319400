"""Failures that cluster on records of the workload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import reports
from reports.edition import edition
from reports.numbers.failures import at_least
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make
from .test_schema import check

if TYPE_CHECKING:
    from pathlib import Path

    from .run_folders import Folder


def run_with(failing: set[int], error: str = "ValidationError") -> Folder:
    """A run over 40 records, of which some fail whenever they are sent."""
    run = make.shaped(("streaming",), (4, 8))
    for number, row in enumerate(run.requests):
        row["record"] = number % 40
        if row["record"] in failing:
            row.update(dict.fromkeys(make.ANSWER_COLUMNS))
            row.update(error=error, error_code="ValidationException")
    return run


def test_records_that_fail_again_and_again_are_named(tmp_path: Path) -> None:
    """With how often, and of what."""
    found = edition(read(run_with({3, 17}).write(tmp_path)))
    assert sorted(found.failed_records.index) == [3, 17]
    assert set(found.failed_records["error"]) == {"ValidationError"}
    assert (found.failed_records["failed"] == found.failed_records["calls"]).all()
    text = markdown(found, {})
    assert "### By record of the workload" in text
    assert "failures cluster on 2 records" in text
    reports.write(tmp_path, formats=["json"])
    told = json.loads((tmp_path / "report.json").read_text())
    check("report", told)
    assert [row["record"] for row in told["failures_by_record"]] == list(found.failed_records.index)


@pytest.mark.parametrize(
    ("failing", "error"), [(set(), ""), (set(range(40)), "TimeoutError"), ({3}, "ThrottlingError")]
)
def test_what_is_no_cluster_is_not_named(tmp_path: Path, failing: set[int], error: str) -> None:
    """No failures, failures of all records, and throttling, which knows no records."""
    found = edition(read(run_with(failing, error).write(tmp_path)))
    assert found.failed_records.empty
    assert "By record of the workload" not in markdown(found, {})


def test_the_chance_of_failures() -> None:
    """Of a fair coin, and of rare failures."""
    assert at_least(2, 3, 0.5) == pytest.approx(0.5)
    assert at_least(3, 3, 0.01) == pytest.approx(1e-6)
    assert at_least(1, 100_000, 1e-5) == pytest.approx(0.632, abs=0.001)
