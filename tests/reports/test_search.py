"""What a report says of a search: how it came out, whether the gate passes, and what `run.json` may lack."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from junitparser import JUnitXml

import reports
from reports.__main__ import main
from reports.edition import edition
from reports.exports import junit
from reports.numbers.search import advised, passed, searches
from reports.reading.run import read
from reports.report import markdown, publish
from reports.texts import language

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.numbers.search import Search

P = make.probe


def found(folder: Path, *probes: dict[str, Any], **said: Any) -> Search:
    """A search as the report reads it."""
    run = make.searched()
    usual = {"mode": "streaming", "for": "users", "low": None, "high": None, "ended_by": "resolution"}
    run.info["search"] = [{**usual, "probes": list(probes), **said}]
    run.write(folder)
    (one,) = searches(read(folder))
    return one


@pytest.mark.parametrize(
    ("low", "high", "ended_by", "outcome"),
    [
        (P("a", 4, "met", 9, 1), P("b", 8, "missed", 9, 0.5), "resolution", "found"),
        (P("a", 4, "unclear", 9, 1), P("b", 8, "missed", 9, 0.5), "resolution", "found_close"),
        (P("a", 4, "met", 9, 1), P("b", 8, "unclear", 9, 0.9), "probes", "found_close"),
        (P("a", 4, "met", 9, 1), None, "most", "most"),
        (P("a", 4, "unclear", 9, 1), None, "most", "most_close"),
        (P("a", 4, "met", 9, 1), None, "client", "up_to"),
        (P("a", 4, "unclear", 9, 1), None, "", "up_to_close"),
        (None, P("b", 8, "missed", 9, 0.5), "start", "start"),
        (None, P("b", 8, "unclear", 9, 0.9), "start", "start_close"),
        (None, None, "", "nothing"),
    ],
)
def test_outcomes(tmp_path: Path, low: Any, high: Any, ended_by: str, outcome: str) -> None:
    """By the ends of the result, and how sure they are; each has its sentence in both languages."""
    ends = {name: end["load"] for name, end in (("low", low), ("high", high)) if end}
    one = found(tmp_path, *(end for end in (low, high) if end), ended_by=ended_by, **ends)
    assert one.outcome == outcome
    assert passed([one]) == (low is not None and low["verdict"] == "met")
    told = edition(read(tmp_path))
    for code in ("en", "zh"):
        analysis = replace(told, say=language(code))
        text, words = markdown(analysis, {}), analysis.say.texts[f"search.{outcome}"]
        assert max(re.split(r"\{\w+\}", words), key=len) in text


def test_all_probes_of_a_load_count(tmp_path: Path) -> None:
    """The last one has what they show together."""
    probes = P("a", 4, "met", 9, 1), P("b", 8, "missed", 9, 0.9), P("a-2", 4, "unclear", 18, 0.96)
    one = found(tmp_path, *probes, low=4, high=8)
    assert one.low
    assert (one.low.level, one.low.verdict, one.low.calls, one.met) == ("a-2", "unclear", 18, None)
    assert advised([one]) == {"streaming": None}
    assert one.missed
    assert one.missed.load == 8


def test_a_load_that_is_too_close_is_not_advised(tmp_path: Path) -> None:
    """The highest one that is shown to meet the SLO is."""
    probes = P("streaming-04", 4, "met", 9, 1), P("streaming-08", 8, "unclear", 9, 0.96)
    one = found(tmp_path, *probes, low=8)
    analysis = edition(read(tmp_path), "en")
    assert advised([one]) == {"streaming": "streaming-04"}
    assert next(conclusion.advised for conclusion in analysis.conclusions) == "streaming-04"
    assert analysis.gate_passed


def test_what_was_not_judged_is_no_result(tmp_path: Path) -> None:
    """Where the load generator was the limit, or workers were lost."""
    probes = P("a", 4, "met", 9, 1), {**P("b", 8, "client", 9, 1), "client": ["busy"]}
    one = found(tmp_path, *probes, low=4, ended_by="client")
    assert (one.outcome, one.reasons, one.missed) == ("up_to", ("busy",), None)
    assert passed([found(tmp_path, P("a", 4, "void", 9, 1))]) is False


def test_the_gate_asks_for_a_load_that_meets_it(tmp_path: Path) -> None:
    """Its probes are there to miss the SLO: they fail nothing. JUnit has one case, which says the same."""
    make.searched().write(tmp_path)
    assert main([str(tmp_path), "--gate", "--format", "json"]) == 0
    json_ = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert json_["slo"]["passed"] is True
    assert [one["outcome"] for one in json_["search"]] == ["found", "found_close"]
    (case,) = [
        case for suite in JUnitXml.fromstring(junit.text(edition(read(tmp_path), "en")).encode()) for case in suite
    ]
    assert not case.is_failure
    found(tmp_path, P("streaming-04", 4, "missed", 9, 0.5), high=4, ended_by="start")
    assert main([str(tmp_path), "--gate", "--format", "json"]) == 3
    (case,) = [
        case for suite in JUnitXml.fromstring(junit.text(edition(read(tmp_path), "en")).encode()) for case in suite
    ]
    assert case.is_failure


@pytest.mark.parametrize(("code", "said"), [("en", "SLO gate: not judged"), ("zh", "搜索没有判定任何负载")])
def test_a_search_that_judged_nothing_missed_nothing(tmp_path: Path, code: str, said: str) -> None:
    """It is no pass either: JUnit fails with the reason, and the command has a code of its own."""
    found(tmp_path, {**P("streaming-04", 4, "client", 67, 1.0), "client": ["busy"]}, ended_by="client")
    analysis = edition(read(tmp_path), code)
    assert said in markdown(analysis, {})
    assert "SLO gate: failed" not in markdown(analysis, {})
    assert said in junit.text(analysis)
    assert main([str(tmp_path), "--gate", "--format", "json"]) == 4


@pytest.mark.parametrize(("code", "said"), [("en", "ended before a load could be judged"), ("zh", "来不及判定")])
def test_a_search_that_was_stopped_before_its_first_verdict(tmp_path: Path, code: str, said: str) -> None:
    """It named no limit, so none may be another."""
    found(tmp_path, ended_by="")
    text = markdown(edition(read(tmp_path), code), {})
    assert said in text
    assert not re.search("may be another|实际上限可能不同", text)


def test_a_plan_is_no_promise(tmp_path: Path) -> None:
    """That a search needed fewer probes than it may make is no reason to doubt it."""
    run = make.searched()
    run.info["levels_planned"] = 40
    run.write(tmp_path)
    assert "planned" not in {doubt["what"] for doubt in _doubts(tmp_path)}


def _doubts(folder: Path) -> list[dict[str, Any]]:
    reports.write(folder, formats=["json"])
    told: list[dict[str, Any]] = json.loads((folder / "report.json").read_text(encoding="utf-8"))["doubts"]
    return told


@pytest.mark.parametrize("said", [None, 3, "x", {}, [3], [{}], [{"probes": 3}], [{"probes": [3, {}], "crossed": 3}]])
def test_whatever_the_file_says(tmp_path: Path, said: Any) -> None:
    """A report is made."""
    run = make.searched()
    run.info["search"] = said
    run.write(tmp_path)
    analysis = edition(read(tmp_path), "en")
    assert publish(analysis, tmp_path, None, {"json"}).exists()
    assert markdown(analysis, {})


def test_a_class_of_users_of_its_own(tmp_path: Path) -> None:
    """Its name is that of its search."""
    run = make.shaped(("streaming",), (4, 8))
    for row in run.levels:
        row["mode"] = "Chat | <b>"
    run.info["settings"] |= {"slo": {"latency_ms": 9000}}
    probes = [P("streaming-04", 4, "met", 99, 1), P("streaming-08", 8, "missed", 99, 0.5)]
    run.info["search"] = [{"mode": "Chat | <b>", "for": "users", "low": 4, "high": 8, "probes": probes}]
    run.write(tmp_path)
    text = reports.write(tmp_path).read_text(encoding="utf-8")
    assert "meets the SLO up to 4 users, not at 8 users" in text
    assert "<b>" not in text.replace("`Chat | <b>`", "").replace("`Chat \\| <b>`", "")
