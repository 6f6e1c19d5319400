"""The words of verdicts: how sure they are, in which unit, and why a run ended."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from reports.analysis import analyse
from reports.report import markdown
from reports.run import read
from reports.texts import language as language_of

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def text_of(run: make.Folder, path: Path, language: str = "en") -> str:
    """The report."""
    return markdown(analyse(read(run.write(path)), language), {})


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
    assert f"The {calls} calls at 4 users are too few to be sure of this verdict." in head
    assert "Too few calls to be sure of it" in head
    assert "too few" not in text_of(slo_run(60_000), tmp_path).split("\n## ")[0]


def test_latency_is_in_seconds(tmp_path: Path) -> None:
    """As in every table."""
    text = text_of(slo_run(1_000), tmp_path)
    assert "(latency P95 ≤ 1.00 s)" in text
    assert " s instead of at most 1.00 s" in text


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
    assert "(`limits.max_requests` = 1,000)" in text
    assert "reached" not in text
    run.info |= {"limit_total": 1_003}
    came = language_of(language)("trust.limit_total", total="1,003")
    assert f"(`limits.max_requests` = 1,000{came})" in text_of(run, tmp_path, language)
    run.requests = [make.failed(row, "ValidationError", "ValidationException", "no") for row in run.requests]
    reason = "limits.same_failures reached: 20 failures in a row with ValidationError (ValidationException)"
    run.info |= {"limit": "limits.same_failures", "limit_total": None, "end_reason": reason}
    run.info["remedies"]["ValidationError"] = "Check the model id."
    text = text_of(run, tmp_path, language).split("\n## ")[0]
    line = next(line for line in text.splitlines() if "limits.same_failures" in line)
    assert "ValidationError (`limits.same_failures` = 20)" in line
    assert ("Check the model id." if language == "en" else "检查模型 id") in line


@pytest.mark.parametrize("users", [None, 4])
def test_the_gate_of_a_run_without_levels_speaks_of_none(tmp_path: Path, users: int | None) -> None:
    """It has no users to count: every kind of call counts."""
    calls = [make.call(random.Random(at), make.T0 + at, name="chat") for at in range(30)]
    run = make.Folder(calls, [], make.info(30, None))
    run.info["settings"]["slo"] = {"ttft_ms": 60_000, "users": users}
    head = text_of(run, tmp_path).split("\n## ")[0]
    assert "**SLO gate: passed** (every kind of call)." in head
