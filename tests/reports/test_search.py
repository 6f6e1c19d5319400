"""What a report says of a search: how it came out, whether the gate passes, and what `run.json` may lack."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from junitparser import JUnitXml

import reports
from reports.__main__ import main
from reports.edition import edition
from reports.exports import junit
from reports.numbers.search import advised, judged_nothing, passed, searches
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


@pytest.mark.parametrize(
    "said",
    [
        *(None, 3, "x", {}, [3], [{}], [{"probes": 3}], [{"probes": [3, {}], "crossed": 3}]),
        *([{"crossed": [3, [1], [4, 8]]}], [{"ended_by": "client", "probes": []}]),
    ],
    ids=str,
)
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


def test_all_that_a_search_found(tmp_path: Path) -> None:
    """Each probe, both ends, what is shown to meet and to miss the SLO, and pairs of loads that cross."""
    probes = [
        P("a", 4, "met", 100, 1.0),
        P("b", 8, "missed", 100, 0.5),
        P("c", 16, "met", 100, 0.99),
        P("d", 32, "missed", 100, 0.9),
        P("e", 24, "missed", 100, 0.94),
        P("f", 20, "void", 7, 0.9),
        P("g", 64, "of a later version", 9, 0.9) | {"calls": None, "share": True},
    ]
    one = found(tmp_path, *probes, low=16, high=24, crossed=[[8, 16], [1], 3, ["x", 9]], **{"for": "rate"})
    assert (one.group, one.unit, one.ended_by, one.reasons) == ("streaming", "rate", "resolution", ())
    assert [(probe.level, probe.load, probe.verdict) for probe in one.probes] == [
        *(("a", 4, "met"), ("b", 8, "missed"), ("c", 16, "met"), ("d", 32, "missed")),
        *(("e", 24, "missed"), ("f", 20, "void"), ("g", 64, "unclear")),
    ]
    assert one.probes[2].low == pytest.approx(0.95)
    assert (one.probes[2].high, one.probes[2].calls, one.probes[2].share) == (1, 100, 0.99)
    assert [math.isnan(value) for value in (one.probes[-1].calls, one.probes[-1].share)] == [True, True]
    ends = {name: getattr(one, name) for name in ("low", "high", "met", "missed")}
    assert {name: end and end.level for name, end in ends.items()} == {
        "low": "c",
        "high": "e",
        "met": "c",
        "missed": "e",
    }
    assert one.crossed[0] == (8, 16)
    assert [(math.isnan(low), high) for low, high in one.crossed[1:]] == [(True, 9)]
    users = found(tmp_path / "users", *probes[:1], ended_by="client", low=9)
    assert (users.unit, users.low, users.missed, users.reasons) == ("users", None, None, ())
    assert searches(read((make.shaped(("streaming",), (2,), length_s=1)).write(tmp_path / "none"))) == []


@pytest.mark.parametrize(
    ("verdicts", "is_passed", "nothing"),
    [
        ([], None, False),
        (["met"], True, False),
        (["met", "met"], True, False),
        (["met", "missed"], False, False),
        (["met", "client"], False, True),
        (["client", "void"], False, True),
        (["client", "missed"], False, False),
        (["unclear"], False, False),
    ],
    ids=str,
)
def test_several_searches_together(
    tmp_path: Path, verdicts: list[str], *, is_passed: bool | None, nothing: bool
) -> None:
    """All have to find a load; where none missed the SLO, but one judged no load, it is neither met nor missed."""
    every = [
        found(
            tmp_path / str(place),
            P("a", 4, verdict, 9, 0.5),
            **({"high": 4} if verdict in {"missed", "unclear"} else {}),
        )
        for place, verdict in enumerate(verdicts)
    ]
    assert passed(every) is is_passed
    assert judged_nothing(every) is nothing
