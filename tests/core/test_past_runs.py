"""The runs in the folder of results."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.outputs.web import past_runs
from bedrock_locust.outputs.web.past_runs import PastRuns

if TYPE_CHECKING:
    from pathlib import Path

INFO: dict[str, Any] = {
    "ended": "complete",
    "end_reason": "all levels ran",
    "started_at": 100.0,
    "ended_at": 160.0,
    "simulator": True,
    "settings": {"model": {"id": "m"}},
    "levels_planned": 2,
}
REPORT: dict[str, Any] = {
    "calls": {"ok": 7, "failed": 2, "cancelled": 1},
    "levels": [{}, {}],
    "summary": ["Fast.", "x"],
}


def write(folder: Path, name: str, info: object = INFO, report: object = REPORT) -> Path:
    """A run folder."""
    path = folder / name
    path.mkdir()
    (path / "run.json").write_text(json.dumps(info), encoding="utf-8")
    if report is not None:
        (path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    return path


def listed(folder: Path) -> list[dict[str, Any]]:
    """What is told of the runs."""
    return [run.about for run in PastRuns(lambda: folder)]


def test_a_run_of_another_process(tmp_path: Path) -> None:
    """Date, model, what it ran against, conclusion and size; the newest first."""
    write(tmp_path, "2026-01-01T00-00-00Z-m")
    path = write(tmp_path, "2026-02-01T00-00-00Z-m")
    newest, oldest = listed(tmp_path)
    assert oldest["name"] == "2026-01-01T00-00-00Z-m"
    assert newest == {
        "name": path.name,
        "state": "complete",
        "reason": "all levels ran",
        "model": "m (local simulator)",
        "endpoint": "",
        "started_at": 100.0,
        "ended_at": 160.0,
        "calls": 10,
        "failed": 2,
        "levels": 2,
        "levels_planned": 2,
        "conclusion": "Fast.",
        "bytes": sum(file.stat().st_size for file in path.iterdir()),
        "reports": [],
    }


def test_the_reports_that_there_are(tmp_path: Path) -> None:
    """A run without a report has none to be downloaded, and one may have lost its page."""
    write(tmp_path, "both").joinpath("report.md").touch()
    (tmp_path / "both" / "report.html").touch()
    write(tmp_path, "one").joinpath("report.md").touch()
    write(tmp_path, "none", report=None)
    assert {run["name"]: run["reports"] for run in listed(tmp_path)} == {
        "both": ["report.md", "report.html"],
        "one": ["report.md"],
        "none": [],
    }


@pytest.mark.parametrize(
    "broken", [[], {}, {"settings": [], "calls": 5, "summary": {}, "levels": 3, "started_at": "x"}]
)
def test_what_is_not_known_is_not_told(tmp_path: Path, broken: object) -> None:
    """A run without a report, of another version, or broken, is listed without figures."""
    write(tmp_path, "a", broken, broken)
    write(tmp_path, "b", broken, None)
    for run in listed(tmp_path):
        assert (run["calls"], run["failed"], run["conclusion"], run["started_at"]) == (None, None, "", None)


def test_only_run_folders_are_listed(tmp_path: Path) -> None:
    """No file, no link, no folder without a record, and nothing where there is no folder."""
    real = write(tmp_path, "run")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").touch()
    (tmp_path / "other").mkdir()
    write(tmp_path, "a b")
    assert [run["name"] for run in listed(tmp_path)] == ["run"]
    assert listed(tmp_path / "none") == []
    runs = PastRuns(lambda: tmp_path / "other")
    assert [runs.find(name) for name in ("../run", "..", "", "run/../../run", "link")] == [None] * 5


def test_a_report_that_is_made_anew_is_read_anew(tmp_path: Path) -> None:
    """What has not changed is not read again."""
    path = write(tmp_path, "run")
    runs = PastRuns(lambda: tmp_path)
    first, again = runs.find("run"), runs.find("run")
    assert first is again
    (path / "report.json").write_text(json.dumps({**REPORT, "summary": ["Slow."]}), encoding="utf-8")
    os.utime(path / "report.json", ns=(1, 1))
    found = runs.find("run")
    assert found is not None
    assert found.about["conclusion"] == "Slow."


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run is listed all the same."""
    monkeypatch.setattr(past_runs, "MOST_BYTES", 10)
    write(tmp_path, "run")
    [run] = listed(tmp_path)
    assert (run["conclusion"], run["state"]) == ("", "unknown")
