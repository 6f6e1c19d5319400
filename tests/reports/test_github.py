"""The summary of a job on GitHub: appended, within the size that is shown, and never instead of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reports
from reports.exports.github import MOST_BYTES, VARIABLE, append, fitting

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

CUT = "The rest is left out."


def test_the_report_is_appended_without_its_charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After what other steps wrote; no image, as GitHub shows none from a path."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv(VARIABLE, str(summary))
    folder = make.shaped(("streaming",), (2, 4)).write(tmp_path / "run")
    reports.write(folder, formats=["github", "markdown"])
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n# Bedrock load test")
    assert "![" not in text
    assert "![" in (folder / "report.md").read_text(encoding="utf-8")


def test_elsewhere_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the variable there is no summary to write; who asks for it by the command is told."""
    from reports.__main__ import main  # noqa: PLC0415 - beside its only use

    monkeypatch.delenv(VARIABLE, raising=False)
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    before = set(folder.iterdir())
    assert reports.write(folder, formats=["github"]) == folder
    assert set(folder.iterdir()) == before
    assert main([str(folder), "--format", "github"]) == 0
    assert f"{VARIABLE} is not set" in capsys.readouterr().err


def test_a_summary_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is there all the same."""
    from reports.__main__ import main  # noqa: PLC0415 - beside its only use

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = make.shaped(("streaming",), (2,)).write(tmp_path / "run")
    assert main([str(folder), "--format", "markdown,github"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert (folder / "report.md").exists()


def test_what_stands_there_takes_from_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub counts the whole summary of a step."""
    summary = tmp_path / "summary.md"
    summary.write_text("x" * (MOST_BYTES - 100))
    monkeypatch.setenv(VARIABLE, str(summary))
    append("# Title\n\nShort.\n\n## Long\n\n" + "y" * 200, CUT)
    assert summary.read_text().endswith(f"# Title\n\nShort.\n\n{CUT}\n")
    assert summary.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize(("there", "room"), [(None, MOST_BYTES), (b"", MOST_BYTES), (b"12", MOST_BYTES - 2)])
def test_a_summary_has_its_whole_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bytes | None, room: int
) -> None:
    """To the byte, whether the file is there or not."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv(VARIABLE, str(summary))
    sizes = []
    for more in (0, 1):
        summary.unlink(missing_ok=True)
        if there is not None:
            summary.write_bytes(there)
        assert append("y" * (room + more), CUT) == summary
        sizes.append(summary.stat().st_size)
    assert sizes == [MOST_BYTES, len(there or b"")]


@given(st.lists(st.text("aé\n", max_size=30), min_size=1, max_size=6), st.integers(0, 200))
def test_whole_sections_from_the_first_on_fit(sections: list[str], most_bytes: int) -> None:
    """As many as fit; what is left out is said."""
    report = "\n## ".join(sections)
    found = fitting(report, CUT, most_bytes)
    assert len(found.encode()) <= most_bytes
    if found and found != report:
        assert found.endswith(f"\n\n{CUT}\n")
        assert report.startswith(found.removesuffix(f"\n\n{CUT}\n"))
    assert (found == report) == (len(report.encode()) <= most_bytes)


def test_a_report_that_just_fits_is_whole() -> None:
    """To the byte; with one byte less, a section is left out."""
    report = "# Title\n\nShort.\n\n## Löng\n\n" + "y" * 200
    assert fitting(report, CUT, len(report.encode())) == report
    assert fitting(report, CUT, len(report.encode()) - 1) == f"# Title\n\nShort.\n\n{CUT}\n"
    kept = f"# Title\n\nShort.\n\n{CUT}\n"
    assert [fitting(report, CUT, len(kept) - less) for less in (0, 1)] == [kept, ""]
