"""The end of a run after its record is on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bedrock_locust import exits
from bedrock_locust.process.ending import make_report, report_codes
from bedrock_locust.process.report import ReportError, why_not_written

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, copy: Path | None) -> Path:
    """A report that is made."""
    report = folder / "report.md"
    report.write_text("# A report")
    if copy:
        copy.write_text("# A report")
    return report


def test_a_report_and_its_copy(tmp_path: Path) -> None:
    """What is told of is the copy that was asked for, where it is there."""
    copy = tmp_path / "copy.md"
    assert make_report(write, tmp_path, copy) == copy
    assert make_report(lambda folder, _: write(folder, None), tmp_path, tmp_path / "none.md") == tmp_path / "report.md"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "the report cannot be written (No space left on device): make room"),
        (ReportError("its process was ended by SIGKILL"), "no report (its process was ended by SIGKILL); make it with"),
        (ValueError("a bug in an own function"), "no report; make it with"),
    ],
)
def test_no_report(tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception, words: str) -> None:
    """Whatever goes wrong is one line with the command that makes the report later; it is never raised."""

    def make(folder: Path, copy: Path | None) -> Path:
        raise error

    assert make_report(make, tmp_path, tmp_path / "copy.md") is None
    (record,) = caplog.records
    assert words in record.message
    assert f"python -m reports {tmp_path} --report-file {tmp_path / 'copy.md'}" in record.message
    assert report_codes(tmp_path, None) == [exits.FAILED]


@pytest.mark.parametrize(
    ("figures", "codes"),
    [
        ('{"slo": {"passed": false}}', [exits.GATE]),
        ('{"slo": {"passed": true}}', []),
        ('{"slo": {"passed": null}}', []),
        ('{"slo": null}', []),
        ("{}", []),
        ("no JSON", []),
        (None, []),
    ],
)
def test_the_gate(tmp_path: Path, caplog: pytest.LogCaptureFixture, figures: str | None, codes: list[int]) -> None:
    """Only a report that says so fails the gate, and that is logged."""
    if figures is not None:
        (tmp_path / "report.json").write_text(figures)
    assert report_codes(tmp_path, tmp_path / "report.md") == codes
    assert [record.message for record in caplog.records] == (
        ["bedrock-locust: the SLO was not met; see the report"] if codes else []
    )


@pytest.mark.parametrize(
    ("failed", "met", "said"),
    [
        (["a", "b"], {"a": None, "b": False, "c": False}, "the SLO was not met"),
        (["a"], {"a": None, "c": False}, "could not be judged in a, so it is not passed"),
        (["a", "b"], {"a": None}, "the SLO was missed in no level, but it could not be judged in a, b, so it is not"),
        ([], {}, "nothing was measured that the SLO asks for, so it is not passed"),
        (list("abcdefg"), {}, "in a, b, c, d, e and 2 more, so"),
    ],
)
def test_what_was_not_measured_was_not_missed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, failed: list[str], met: dict[str, bool | None], said: str
) -> None:
    """The log tells one from the other; `c` does not count, as its users are above `slo.users`."""
    slo = {"passed": False, "failed": failed, "levels": {key: {"met": value} for key, value in met.items()}}
    (tmp_path / "report.json").write_text(json.dumps({"slo": slo}))
    assert report_codes(tmp_path, tmp_path / "report.md") == [exits.GATE]
    assert said in caplog.messages[0]


def test_a_search_that_judged_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was not judged is no miss: the run ended before its plan. One load that was missed is."""
    nothing, missed = {"passed": False, "outcome": "nothing"}, {"passed": False, "outcome": "start"}
    for searches, codes in (([nothing], [exits.ENDED_EARLY]), ([nothing, missed], [exits.GATE])):
        figures = {"slo": {"passed": False}, "search": searches}
        (tmp_path / "report.json").write_text(json.dumps(figures))
        assert report_codes(tmp_path, tmp_path / "report.md") == codes
    assert "judged no load" in caplog.records[0].message


def test_figures_of_any_kind(tmp_path: Path) -> None:
    """An own report function may write other things under that name."""
    (tmp_path / "report.json").write_text(json.dumps({"slo": {}}))
    assert report_codes(tmp_path, tmp_path / "report.md") == []


SEARCH = {"passed": False, "outcome": "start"}
NOTHING = {"passed": False, "outcome": "nothing"}
JUDGED_NOTHING = "the search judged no load, so the SLO was neither met nor missed; see the report"
NOT_SHOWN = "no load is shown to meet the SLO; see the report"
NOT_JUDGED = "the SLO was missed in no level, but it could not be judged in {}, so it is not passed; see the report"


@pytest.mark.parametrize(
    ("figures", "codes", "said"),
    [
        ({"slo": {"passed": False}, "search": [SEARCH]}, [exits.GATE], NOT_SHOWN),
        ({"slo": {"passed": False}, "search": [{"passed": True}, SEARCH]}, [exits.GATE], NOT_SHOWN),
        ({"slo": {"passed": False}, "search": [{"passed": True}]}, [exits.GATE], NOT_SHOWN),
        ({"slo": {"passed": False}, "search": [{"passed": True}, NOTHING]}, [exits.ENDED_EARLY], JUDGED_NOTHING),
        ({"slo": {"passed": True}, "search": [NOTHING]}, [], None),
        ({"slo": {"passed": False}, "search": []}, [exits.GATE], "the SLO was not met; see the report"),
        ({"slo": {"passed": False, "failed": ["a"]}}, [exits.GATE], NOT_JUDGED.format("a")),
        ({"slo": {"passed": False, "failed": [*"abcde"]}}, [exits.GATE], NOT_JUDGED.format("a, b, c, d, e")),
        (
            {"slo": {"passed": False, "failed": [*"abcdef"]}},
            [exits.GATE],
            NOT_JUDGED.format("a, b, c, d, e and 1 more"),
        ),
    ],
)
def test_what_a_report_means_word_by_word(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    figures: dict[str, object],
    codes: list[int],
    said: str | None,
) -> None:
    """The exit code, and one line in the log."""
    (tmp_path / "report.json").write_text(json.dumps(figures))
    assert report_codes(tmp_path, tmp_path / "report.md") == codes
    assert caplog.messages == ([f"bedrock-locust: {said}"] if said else [])


def test_why_a_report_is_not_written(tmp_path: Path) -> None:
    """A file in the run folder wants room; one that was chosen wants another choice."""
    inside, outside = tmp_path / "run" / "report.md", tmp_path / "other.md"
    for name in (None, str(inside)):
        error = OSError(28, "No space left on device", name)
        said = "the report cannot be written (No space left on device): make room, and AGAIN"
        assert why_not_written(error, tmp_path / "run", "AGAIN") == said
    assert why_not_written(OSError(13, "Permission denied", str(outside)), tmp_path / "run", "AGAIN") == (
        f"report file {outside} cannot be written (Permission denied): choose another with --bedrock-report-file; the"
        f" report of this run is in {tmp_path / 'run'}"
    )
