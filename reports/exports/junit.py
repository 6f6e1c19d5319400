"""The SLO gate as JUnit XML: one case for each condition in each level, as CI systems show them.

The schema is that of the Jenkins xUnit plugin: `testsuites`, `testsuite`, `testcase` with `failure` or `skipped`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from reports.markdown import plain
from reports.numbers.failures import TOLERABLE_FAILURES
from reports.numbers.slo import LOAD, Slo
from reports.sections.search import search_gate
from reports.sections.words import failing_words, label, slo_words, unmeasured_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.edition import Edition
    from reports.numbers.slo import Check, Gate

CRITERIA = {"ttft_ms": True, "tpot_ms": True, "latency_ms": False, "min_tokens_per_s": True, "success_rate": False}
"""The conditions of an SLO, in the order of the report, and whether only streaming calls can hold them."""
SUITE = "bedrock-locust SLO"


def text(analysis: Edition) -> str:
    """The verdicts as XML; a run without an SLO has a suite without cases.

    A condition that does not apply to a level is skipped, one that applies but was not measured is a failure; so is a
    level that had another load than asked for, in a case of its own.
    So some case failed if, and only if, the gate did not pass.
    """
    cases = list(_cases(analysis, analysis.gate)) if analysis.gate else []
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "errors": "0",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": SUITE, **counts})
    suite.extend(cases)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _cases(analysis: Edition, gate: Gate) -> Iterator[ET.Element]:
    if analysis.searches:
        yield _found(analysis)
        return
    for key in map(str, analysis.figures.index):
        for criterion in CRITERIA:
            if (asked := _asked(gate.slo, criterion)) is not None:
                yield _case(analysis, gate, key, criterion, slo_words(analysis.say, asked))
        if key in analysis.other_loads:
            yield _case(analysis, gate, key, LOAD, analysis.say("junit.load"))
    if not gate.counting(analysis.figures):
        case = ET.Element("testcase", {"classname": SUITE, "name": analysis.say("junit.levels")})
        ET.SubElement(case, "failure", {"message": analysis.say("junit.no_level")})
        yield case


def _found(analysis: Edition) -> ET.Element:
    """The case of a search: that there is a load which meets the SLO. Its probes are there to miss it."""
    case = ET.Element("testcase", {"classname": SUITE, "name": analysis.say("junit.search")})
    if not analysis.gate_passed:
        ET.SubElement(case, "failure", {"message": plain(analysis.say(search_gate(analysis)))})
    return case


def _asked(slo: Slo, criterion: str) -> Slo | None:
    """An SLO of this condition alone; None if it is not asked for. Failures always have a limit."""
    if criterion == "success_rate" and slo.success_rate is None:
        return Slo(success_rate=100 * (1 - TOLERABLE_FAILURES))
    limit = getattr(slo, criterion)
    return None if limit is None else replace(Slo(percentile=slo.percentile), **{criterion: limit})


def _case(analysis: Edition, gate: Gate, key: str, criterion: str, name: str) -> ET.Element:
    row, say = analysis.level(key), analysis.say
    level = plain(label(say, row, mode=True))
    case = ET.Element("testcase", {"classname": level, "name": name})
    checks = [check for check in gate.checks.get(key, []) if check.criterion == criterion]
    if key not in gate.counting(analysis.figures):
        above = gate.slo.users is not None and row["unit"] == "users" and row["load"] > gate.slo.users
        reason = say("junit.above", users=say.noun(gate.slo.users or 0, "user")) if above else say("slo.not_asked")
        ET.SubElement(case, "skipped", {"message": reason})
    elif CRITERIA.get(criterion) and row["mode"] != "streaming":
        ET.SubElement(case, "skipped", {"message": say("junit.streams_only")})
    elif message := _failure(analysis, gate.slo, checks):
        ET.SubElement(case, "failure", {"message": message})
    if any(check.close for check in checks):
        ET.SubElement(case, "system-out").text = say("slo.close")
    return case


def _failure(analysis: Edition, slo: Slo, checks: list[Check]) -> str:
    """Why a condition does not hold; empty if it does."""
    say = analysis.say
    if not checks:
        return say("slo.unmeasured")
    if any(check.met is None for check in checks):
        return unmeasured_words(say, slo, checks)
    return failing_words(say, slo, checks)
