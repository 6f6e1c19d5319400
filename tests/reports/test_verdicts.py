"""The words of verdicts: how sure they are, in which unit, and why a run ended."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.report import markdown
from reports.texts import language as language_of

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def text_of(run: make.Folder, path: Path, language: str = "en") -> str:
    """The report."""
    return markdown(edition(read(run.write(path)), language), {})


def slo_run(latency_ms: float, length_s: float = 60) -> make.Folder:
    """One level, without a quota, under an SLO of latency."""
    run = make.shaped(("streaming",), (4,), length_s=length_s)
    del run.info["settings"]["model"]["quota"]
    run.info["settings"]["slo"] = {"latency_ms": latency_ms}
    return run


def test_a_verdict_that_few_calls_stand_behind_says_so(tmp_path: Path) -> None:
    """Beside the level, with the number of calls, and beside the gate; a clear one does not."""
    run = slo_run(2_700, length_s=10)
    calls = sum(row["phase"] == "measure" for row in run.requests)
    head = text_of(run, tmp_path).split("\n## ")[0]
    assert f"With only {calls} calls at 4 users, this verdict is not certain." in head
    assert "There are too few calls to be sure" in head
    assert "too few" not in text_of(slo_run(60_000), tmp_path).split("\n## ")[0]


def test_latency_is_in_seconds(tmp_path: Path) -> None:
    """As in every table."""
    text = text_of(slo_run(1_000), tmp_path)
    assert "(latency P95 ≤ 1.00 s)" in text
    assert " s, more than 1.00 s" in text


def test_a_level_without_an_ended_call_is_not_measured_everywhere(tmp_path: Path) -> None:
    """The gate does not pass, for that reason and no other."""
    run = slo_run(60_000)
    run.levels.append(make.level("streaming", 8, make.T0 + 100))
    text = text_of(run, tmp_path)
    assert "**SLO gate: failed** (every level): nothing measured in streaming at 8 users." in text
    assert "not met" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_limit_is_named_by_its_setting(tmp_path: Path, language: str) -> None:
    """Not in the words of the run, which are English; the same failure again and again comes with its remedy."""
    run = make.shaped(("streaming",), (4,))
    run.info |= {"ended": "interrupted", "limit": "limits.max_requests", "end_reason": "limits.max_requests reached: x"}
    run.info["settings"]["limits"] = {"max_requests": 1_000, "same_failures": 20}
    text = text_of(run, tmp_path, language)
    assert "`limits.max_requests` = 1,000" in text
    assert "reached" not in text
    run.info |= {"limit_total": 1_003}
    came = language_of(language)("trust.limit_total", total="1,003")
    assert f"`limits.max_requests` = 1,000{came}" in text_of(run, tmp_path, language)
    run.requests = [make.failed(row, "ValidationError", "ValidationException", "no") for row in run.requests]
    reason = "limits.same_failures reached: 20 failures in a row with ValidationError (ValidationException)"
    run.info |= {"limit": "limits.same_failures", "limit_total": None, "end_reason": reason}
    run.info["remedies"]["ValidationError"] = "Check the model id."
    text = text_of(run, tmp_path, language).split("\n## ")[0]
    line = next(line for line in text.splitlines() if "limits.same_failures" in line)
    assert "`limits.same_failures` = 20" in line
    assert ("Check the model id." if language == "en" else "检查模型 id") in line


def test_a_chinese_remedy_is_that_of_the_reason(tmp_path: Path) -> None:
    """The category has many reasons; the run knows which one it was."""
    run = make.shaped(("streaming",), (4,))
    run.requests = [make.failed(row, "ValidationError", "ValidationException", "no") for row in run.requests]
    run.info["failure_reasons"] = {"ValidationError": "sampling"}
    assert "test.temperature" in text_of(run, tmp_path, "zh").split("\n## ")[0]
    run.info["failure_reasons"] = {"ValidationError": "a reason of a later version"}
    run.info["remedies"]["ValidationError"] = "Do this."
    assert "Do this." in text_of(run, tmp_path, "zh").split("\n## ")[0]


@pytest.mark.parametrize("users", [None, 4])
def test_the_gate_of_a_run_without_levels_speaks_of_none(tmp_path: Path, users: int | None) -> None:
    """It has no users to count: every kind of call counts."""
    calls = [make.call(random.Random(at), make.T0 + at, name="chat") for at in range(30)]
    run = make.Folder(calls, [], make.info(30, None))
    run.info["settings"]["slo"] = {"ttft_ms": 60_000, "users": users}
    head = text_of(run, tmp_path).split("\n## ")[0]
    assert "**SLO gate: passed** (every kind of call)." in head


def test_the_head_says_what_was_cut_short(tmp_path: Path) -> None:
    """Not that each level had its time."""
    run = make.shaped(("streaming",), (4, 8))
    run.levels[1]["completed"] = "false"
    assert "2 levels of 30 s (1 ended early), streaming" in text_of(run, tmp_path)


def test_the_head_says_how_long_levels_were_measured(tmp_path: Path) -> None:
    """Not what the settings say, which an own shape does not follow."""
    run = make.shaped(("streaming",), (4, 8, 12), length_s=30.4)
    run.info["settings"]["concurrency"]["duration_seconds"] = 300
    assert ", 3 levels of 30 s, streaming" in text_of(run, tmp_path)
    run.levels[2]["measured_to"] += 20
    assert ", 3 levels of 30 s to 50 s, streaming" in text_of(run, tmp_path)
    for level in run.levels:
        level["completed"] = "false"
    assert ", 3 levels (3 ended early), streaming" in text_of(run, tmp_path)


def test_a_figure_just_above_its_limit_is_told_from_it(tmp_path: Path) -> None:
    """Not as 2.00 s instead of at most 2.00 s."""
    run = slo_run(2_000)
    for row in run.requests:
        row["latency_ms"] = 2_000.4
    assert "latency P95 was 2.0004 s, more than 2.00 s" in text_of(run, tmp_path)


@pytest.mark.parametrize("ended", ["complete", "running"])
@pytest.mark.parametrize("left", [0, 1, 30])
def test_rows_that_are_gone_are_missed(tmp_path: Path, ended: str, left: int) -> None:
    """run.json is never ahead of the file, also after a crash; what is lost is no zero."""
    run = slo_run(60_000)
    run.info["ended"] = ended
    folder = run.write(tmp_path)
    lines = (folder / "requests.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "requests.csv").write_text("".join(lines[:left]), encoding="utf-8")
    text = markdown(edition(read(folder)), {})
    written = run.info["rows_written"]
    if left > 1:
        assert f"`requests.csv` has {left - 1} of the {written} calls that were recorded" in text
    else:
        assert f"**The calls are lost:** the run recorded {written} calls, but `requests.csv` has none." in text
        assert "## Results" not in text


def test_empty_gaps_are_missed(tmp_path: Path) -> None:
    """As after a crash of the machine: of the gaps nothing is known."""
    folder = slo_run(60_000).write(tmp_path)
    (folder / "gaps.csv").write_bytes(b"")
    assert "`gaps.csv`, which is written at the end of a run, is missing or broken" in markdown(
        edition(read(folder)), {}
    )
