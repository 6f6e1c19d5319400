"""The gate as JUnit XML, read back by a parser that nobody here wrote: it fails if, and only if, the gate does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from junitparser import JUnitXml

import reports
from reports.edition import edition
from reports.exports import junit
from reports.numbers.slo import gate
from reports.reading.run import read

from . import run_folders as make
from .test_golden import CASES, check_text, decision, interrupted, lost_worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from junitparser import TestCase

    from reports.edition import Edition

    from .conftest import Made

BOTH = ("streaming", "non_streaming")
SLOS: list[dict[str, Any]] = [
    {"latency_ms": 60_000},
    {"ttft_ms": 1},
    {"ttft_ms": 600, "latency_ms": 2_500, "users": 4},
    {"min_tokens_per_s": 50, "percentile": 90},
    {"success_rate": 99.5, "tpot_ms": 100},
    {"ttft_ms": 600, "users": 1},
]


def cases_of(text: str) -> dict[tuple[str, str], TestCase]:
    """The cases by level and condition."""
    suites = JUnitXml.fromstring(text.encode())
    found = {(case.classname, case.name): case for suite in suites for case in suite}
    assert suites.tests == len(found)
    assert suites.failures == sum(case.is_failure for case in found.values())
    assert suites.skipped == sum(case.is_skipped for case in found.values())
    return found


def messages(case: TestCase) -> list[str]:
    """Why a case failed or was skipped."""
    return [str(result.message) for result in case.result if hasattr(result, "message")]


def judged(analysis: Edition, slo: dict[str, Any]) -> Edition:
    """The analysis with the verdict on another SLO."""
    run = analysis.run
    run = replace(run, info=run.info | {"settings": (run.get("settings") or {}) | {"slo": slo}})
    return replace(analysis, run=run, gate=gate(run, analysis.levels, analysis.figures, analysis.other_loads))


EVERY: dict[str, Any] = {
    "ttft_ms": 600,
    "tpot_ms": 16,
    "latency_ms": 2_500,
    "success_rate": 99.5,
    "min_tokens_per_s": 50,
}


@pytest.mark.parametrize(
    ("case", "slo"),
    [(decision, None), (interrupted, EVERY | {"users": 8, "percentile": 90}), (lost_worker, EVERY)],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_the_cases_are_as_they_were_read_and_approved(
    case: Callable[[Path], None], slo: dict[str, Any] | None, made: Made
) -> None:
    """Each level and condition, what each came to and why; of a level that was not measured, or has too many users."""
    found = made.edition(case, "en")
    check_text(f"{case.__name__}.junit.xml", junit.text(judged(found, slo) if slo else found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_case_fails_if_and_only_if_the_gate_does(case: Callable[[Path], None], made: Made) -> None:
    """In every kind of run, for every kind of condition; and in the other language."""
    for number, slo in enumerate(SLOS):
        found = judged(made.edition(case, "en" if number else "zh"), slo)
        failed = [one for one in cases_of(junit.text(found)).values() if one.is_failure]
        assert found.gate_passed is not bool(failed), slo
    whole = edition(judged(made.edition(case), SLOS[2]).run, "en")
    assert junit.text(whole) == junit.text(judged(made.edition(case, "en"), SLOS[2]))


def test_a_condition_that_does_not_apply_is_skipped_and_one_that_was_not_measured_fails(tmp_path: Path) -> None:
    """Without streaming there is no TTFT to hold; a speed without token counts is not known."""
    run = make.shaped(BOTH, (2,), length_s=60)
    for row in run.requests:
        row |= {"output_tokens": None}
    run.info["settings"]["slo"] = {"ttft_ms": 5_000, "min_tokens_per_s": 5, "success_rate": 90}
    found = cases_of(junit.text(edition(read(run.write(tmp_path)))))
    speed = "speed of 95 % of calls ≥ 5 tokens/s"
    names = {name for _, name in found}
    assert names == {"TTFT P95 ≤ 5,000 ms", "success ≥ 90 %", *(name for name in names if "tokens/s" in name)}
    [speed] = [name for name in names if "tokens/s" in name]
    assert found["streaming at 2 users", "TTFT P95 ≤ 5,000 ms"].is_passed
    assert found["streaming at 2 users", "success ≥ 90 %"].is_passed
    assert found["non-streaming at 2 users", "success ≥ 90 %"].is_passed
    unknown = found["streaming at 2 users", speed]
    assert unknown.is_failure
    assert "not measured" in messages(unknown)[0]
    for name in ("TTFT P95 ≤ 5,000 ms", speed):
        assert messages(found["non-streaming at 2 users", name]) == ["does not apply to non-streaming calls"]


def test_levels_above_the_users_of_the_slo_are_skipped(tmp_path: Path) -> None:
    """Each with the reason; a figure that fails is in the message."""
    run = make.shaped(("streaming",), (2, 4, 8))
    run.info["settings"]["slo"] = {"ttft_ms": 10, "users": 4}
    found = cases_of(junit.text(edition(read(run.write(tmp_path)))))
    assert messages(found["streaming at 8 users", "TTFT P95 ≤ 10.0 ms"]) == ["counts up to 4 users only (`slo.users`)"]
    assert messages(found["streaming at 4 users", "TTFT P95 ≤ 10.0 ms"])[0].endswith("more than 10.0 ms")


def test_names_from_outside_stay_text(tmp_path: Path) -> None:
    """A name of calls with marks of XML and Markdown."""
    calls = [make.call(random.Random(at), make.T0 + at, name='<a & "b">`') for at in range(5)]
    folder = make.Folder(calls, [], {"settings": {"slo": {"latency_ms": 1}}}).write(tmp_path)
    [(level, _), *_] = cases_of(junit.text(edition(read(folder))))
    assert level == 'streaming <a & "b">`'


def test_it_is_written_where_asked_for(tmp_path: Path) -> None:
    """By format, and by the settings of the run; without an SLO it has no case."""
    run = make.shaped(("streaming",), (2,))
    run.info["settings"]["output"] = {"formats": ["junit"]}
    folder = run.write(tmp_path)
    assert reports.write(folder) == folder / "report.md"
    assert cases_of((folder / "junit.xml").read_text(encoding="utf-8")) == {}
    assert not (folder / "report.html").exists()
    (folder / "junit.xml").unlink()
    assert reports.write(folder, formats=["junit"]) == folder / "junit.xml"
