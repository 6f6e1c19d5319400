"""Sentences of the report for states that no small run comes to all of, against golden files.

The states are made by hand from the analysis of a run; `UPDATE_GOLDEN=1 pytest tests/reports` writes the files anew.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers.answers import EMPTY
from reports.numbers.doubts import Doubt
from reports.numbers.forecast import Forecast, Overuse
from reports.numbers.limit import Limit
from reports.numbers.search import searches
from reports.numbers.slo import Check
from reports.sections.conclusion import conclusion
from reports.sections.quota import quota
from reports.sections.search import search
from reports.sections.trust import told

from . import run_folders as make
from . import test_golden
from .more_runs import many_kinds, open_loop, ramped, simulated
from .test_golden import check_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.edition import Edition

    from .conftest import Made

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def check_lines(name: str, language: str, said: Mapping[str, str]) -> None:
    """Compare what is said of each state with a golden file."""
    text = "\n\n".join(f"[{state}]\n{words}" for state, words in said.items()) + "\n"
    assert not {"nan", "None", "inf"} & set(text.replace("(", " ").replace(")", " ").split())
    check_text(f"{name}_{language}.txt", text)


def doubts(keys: list[str]) -> Iterator[Doubt]:
    """Each reason to doubt, of one thing and of several."""
    one, some = {"levels": keys[:1]}, {"levels": keys[:3]}
    yield Doubt("simulator")
    yield from (Doubt(place, {"host": "gateway.example.com"}) for place in ("here", "elsewhere"))
    yield from (Doubt(end, {"reason": "x"}) for end in ("running", "interrupted", "limited", "failed"))
    yield Doubt("same_failures", {"reason": "x", "category": "ThrottlingError"})
    yield Doubt("exceptions", {"exceptions": 1, "raised": [("KeyError: *a*", 1)]})
    yield Doubt("exceptions", {"exceptions": 1500, "raised": [("KeyError: 'a'", 1400), ("ValueError: `b`", 100)]})
    damages = ("cut", "no_levels", "no_gaps", "no_info", "other_format")
    yield from (Doubt(f"damage.{what}", {"lines": 1}) for what in damages)
    yield from (Doubt(f"damage.{what}", {"lines": lines}) for what in ("lost", "gaps") for lines in (1, 3))
    yield from (Doubt(what, {"rows": rows}) for what in ("duplicates", "impossible") for rows in (1, 12))
    yield from (Doubt("more_rows", {"found": found, "written": 1000}) for found in (1001, 12_000))
    yield from (Doubt("crowded", levels) for levels in (one, some))
    yield from (Doubt("missing", {"workers": workers}) for workers in (["a"], ["a", "b"]))
    yield from (Doubt(what, {"worker": "a", "reason": "*other* version"}) for what in ("refused", "refused_all"))
    yield from (Doubt("lost", {"lost": lost, "made": 2000}) for lost in (1, 1200))
    yield from (Doubt("unwritten", {"lost": lost}) for lost in (1, 1200))
    yield from (Doubt("fewer_rows", {"found": 0, "written": written}) for written in (1, 1200))
    yield from (Doubt("disturbed", levels) for levels in (one, some))
    yield from (Doubt("disturbed_arrivals", {**one, "workers": workers}) for workers in (["a"], ["a", "b"]))
    yield Doubt("stood_still", {**some, "workers": ["a"], "still_s": 1.26})
    yield Doubt("stood_still", {**one, "workers": ["a", "b"], "still_s": math.nan})
    yield from (Doubt("busy", {"workers": workers, "percent": 97.46}) for workers in (["a"], ["a", "b"]))
    causes = [
        {"what": "cpu_percent", "worker": "a", "value": 96.6},
        {"what": "loop_lag_p99_ms", "worker": "b", "value": 31.4},
        {"what": "read_lag_p99_ms", "worker": "", "value": 1200.0},
    ]
    for what in ("late_said", "late_machine"):
        yield Doubt(what, {**some, "causes": {keys[0]: causes[:1], keys[1]: causes, keys[2]: []}})
    yield Doubt("late", {**one, "delay_ms": 123.4})
    yield Doubt("replay_lost", {**one, "percent": 7.654})
    yield from (
        Doubt("arrivals_lost", {**some, "percent": 12.34, "remedies": remedies})
        for remedies in ([], ["dropped"], ["missed"], ["dropped", "missed"])
    )
    yield from (Doubt(what, {**one, "delay_ms": 61.5}) for what in ("arrivals_late", "arrivals_late_machine"))
    yield from (Doubt("planned", {"started": started, "planned": 1 + started}) for started in (0, 3))
    yield from (Doubt(what, levels) for what in ("never", "users") for levels in (one, some))
    yield Doubt("few", {**some, "needed": 20})
    yield from (Doubt("cut_off", {**one, "count": count}) for count in (1, 12))
    yield from (Doubt("short_levels", {**one, "needed_s": needed_s}) for needed_s in (45, 3660))
    yield from (Doubt(what, {**some, "change": 56.7}) for what in ("queue", "drift", "no_warmup"))
    yield Doubt("drift", {**one, "change": -23.4})
    yield Doubt("no_answers", {**one, "answers": 1, "reasons": ["end_turn"]})
    yield Doubt("no_answers", {**some, "answers": 25, "reasons": [EMPTY, "guardrail_intervened"]})
    yield from (Doubt(what, {**one, "answers": 1}) for what in ("cut_by_quota", "cut_answers"))
    yield from (Doubt(what, {**some, "answers": 20}) for what in ("cut_by_quota", "cut_answers"))
    yield Doubt("apis", {"apis": ["converse", "chat_completions", "own"]})
    yield Doubt("tiers", {"tiers": ["default", "reserved"]})
    yield Doubt("models", {"models": ["a.b", "c.d-e:0"]})
    yield from (Doubt("tokens", {"missing": missing, "calls": 120}) for missing in (1, 60))
    yield from (Doubt(what, {**one, "calls": calls}) for what in ("bursts", "hidden_tokens") for calls in (1, 30))


def with_info(analysis: Edition, **changes: Any) -> Edition:
    """The analysis of a run whose `run.json` says something else."""
    return replace(analysis, run=replace(analysis.run, info={**analysis.run.info, **changes}))


def doubted(analysis: Edition, found: list[Doubt]) -> list[str]:
    """The words for these doubts."""
    other = replace(analysis)
    vars(other)["doubts"] = found
    return told(other)


@LANGUAGES
def test_each_reason_to_doubt(made: Made, language: str) -> None:
    """Of one thing and of several, as its values are written."""
    analysis = made.edition(test_golden.both_modes, language)
    found = list(doubts([str(key) for key in analysis.figures.index]))
    words = doubted(analysis, found)
    said = {f"{number} {one.what}": text for number, (one, text) in enumerate(zip(found, words, strict=True))}
    check_lines("doubts", language, said)


@LANGUAGES
def test_what_makes_a_level_longer(made: Made, language: str) -> None:
    """By the setting that says it; and where a run ended, by the limit that ended it."""
    replay = {"trace": {"file": "calls.jsonl"}}
    cases = {
        "users": made.edition(test_golden.both_modes, language),
        "rates": made.edition(open_loop, language),
        "ramp": made.edition(ramped, language),
        "profile": made.edition(test_golden.profiled, language),
        "replay": made.edition(test_golden.replayed, language),
        "search": made.edition(simulated, language),
    }
    settings = dict(cases["replay"].run.info["settings"])
    cases["window of a trace"] = with_info(
        cases["replay"], settings={**settings, "arrivals": {"trace": {**replay["trace"], "to": 60}}}
    )
    cases["replay cut"] = with_info(cases["replay"], ended="interrupted")
    said: dict[str, str] = {}
    for name, analysis in cases.items():
        key = str(analysis.figures.index[0])
        some = [Doubt("few", {"levels": [key], "needed": 20}), Doubt("drift", {"levels": [key], "change": 31.0})]
        said |= {f"{name}: {one.what}": text for one, text in zip(some, doubted(analysis, some), strict=True)}
    users = cases["users"]
    limits = {"limits": {"max_cost_usd": 2.5, "same_failures": 50}}
    ends: dict[str, dict[str, Any]] = {
        "no reason": {"end_reason": ""},
        "a reason": {"end_reason": "stopped *by hand*"},
        "a limit": {"limit": "limits.max_cost_usd", "limit_total": 2.51234567},
        "a limit without its total": {"limit": "limits.same_failures"},
        "an unknown limit": {"limit": "limits.of_old", "end_reason": "an old limit"},
    }
    for name, changes in ends.items():
        other = with_info(users, **{"settings": {**users.run.info["settings"], **limits}, **changes})
        [said[name]] = doubted(other, [Doubt("limited", {"reason": ""})])
    check_lines("ends", language, said)


def conclusions(analysis: Edition) -> Iterator[tuple[str, dict[str, Any]]]:
    """What may be concluded of the streaming levels of a run, each with a name."""
    [found, *_] = analysis.conclusions
    first, second, third, last = analysis.of(found)
    yield "nothing succeeded", {"best": None, "advised": None}
    yield "the most", {}
    yield "the most, of requests", {"rate": "requests_per_s"}
    yield "still growing", {"rising": True}
    for basis, changes in {
        "knee": {"knee": (first,), "is_last": False},
        "last before trouble": {"knee": (first,), "is_last": True},
        "knee between": {"knee": (first, second), "is_last": False},
        "last two": {"knee": (first, second), "is_last": True},
    }.items():
        yield basis, {"basis": "knee", **changes}
    yield "advised is best", {"basis": "knee", "knee": (first,), "is_last": False, "best": first}
    yield "SLO", {"basis": "slo", "met": second}
    yield "no level meets the SLO", {"basis": "slo", "advised": None}
    yield "quota", {"basis": "quota", "met": second}
    yield "no level within the quota", {"basis": "quota", "advised": None}
    over = Overuse("requests", 180.4, 150.2)
    yield "over at the first", {"basis": "quota", "over": over, "over_at": second}
    yield "over where most throughput is", {"basis": "quota", "over": over, "over_at": third, "best": third}
    yield "over with others", {"basis": "quota", "over": replace(over, others_percent=12.3), "over_at": third}
    for quota_ in ("requests", "tokens", ""):
        yield f"throttled, {quota_}", {"limit": Limit("throttled", last, "ThrottlingError", quota=quota_)}
    yield "failures", {"limit": Limit("failures", last, "ThrottlingError")}
    yield "missed", {"limit": Limit("slo", last)}
    yield "flat", {"limit": Limit("flat", second, before=first)}
    yield "fewer", {"limit": Limit("flat", first, before=second)}
    main = Limit("throttled", last, "ThrottlingError", quota="requests")
    yield "mostly throttled", {"limit": Limit("slo", third), "main": main}
    yield "mostly failures", {"limit": Limit("slo", third), "main": Limit("failures", third, "ThrottlingError")}
    yield "the same", {"limit": main, "main": main}


def with_half_the_quota(analysis: Edition) -> Edition:
    """The same run, complete, where the account carries 200 requests a minute, not 400."""
    table = analysis.quota.table
    table = table.assign(requests_percent=2 * table["requests_percent"])
    per_minute = {**analysis.quota.per_minute, "requests": 200}
    half = replace(analysis.quota, per_minute=per_minute, table=table, before={})
    return with_info(replace(analysis, quota=half, forecasts=[], overused={}), ended="complete", limit="")


@LANGUAGES
def test_each_conclusion(made: Made, language: str) -> None:
    """The first paragraph of the report, by what was found."""
    analysis = with_half_the_quota(made.edition(test_golden.decision, language))
    gate, [found, other] = analysis.gate, analysis.conclusions
    assert gate is not None
    first, second, third, _ = analysis.of(found)
    plain: dict[str, Any] = {
        "limit": None,
        "main": None,
        "over": None,
        "over_at": None,
        "rising": False,
        "met": None,
        "knee": (),
    }
    calm = replace(found, **plain, basis="most", advised=first, best=second)
    missed = [Check("ttft_ms", 700, 812.3, met=False, close=True)]
    said = {}
    for name, changes in conclusions(analysis):
        key = first if name.startswith("no level") else third
        judged = replace(gate, checks={**gate.checks, key: missed})
        states = replace(analysis, gate=judged, conclusions=[replace(calm, **changes), other])
        said[name] = conclusion(states)[0]
    check_lines("conclusions", language, said)


@LANGUAGES
def test_each_verdict_of_the_gate(made: Made, language: str) -> None:
    """Which levels did not hold, why none of those within the quotas is advised, and that calls are too few."""
    analysis = made.edition(test_golden.decision, language)
    gate, [found, other] = analysis.gate, analysis.conclusions
    assert gate is not None
    keys = [str(key) for key in analysis.figures.index]
    met, missed = (
        Check("ttft_ms", 700, 512.3, met=True, close=False),
        Check("ttft_ms", 700, 812.3, met=False, close=False),
    )

    def every(check: Check) -> dict[str, list[Check]]:
        return {key: [check] for key in keys}

    checks = {
        "all met": every(met),
        "met, not surely": every(replace(met, close=True)),
        "one missed": {**every(met), keys[1]: [missed]},
        "one missed, not surely": {**every(met), keys[1]: [replace(missed, close=True)]},
        "one empty": {key: [met] for key in keys[1:]},
        "all empty": {},
        "one partly": {**every(met), keys[1]: [replace(met, met=None, value=math.nan)]},
        "with less load": {**every(met), keys[0]: [Check("load", 99, 91.234, met=None, close=False)]},
        "all of it": {
            keys[0]: [missed],
            keys[1]: [replace(met, met=None, value=math.nan)],
            **{key: [replace(missed, criterion="tpot_ms", limit=40, value=40.0001)] for key in keys[3:]},
        },
        "slow": every(Check("latency_ms", 2000, 2000.4, met=False, close=False, longer=True)),
        "few successes": every(Check("success_rate", 99, 97.77, met=False, close=False)),
        "slow tokens": every(Check("min_tokens_per_s", 50, 41.26, met=False, close=False)),
    }
    said = {}
    for name, some in checks.items():
        for users in (None, 8) if name in {"all met", "one missed", "all empty"} else (None,):
            other_gate = replace(gate, checks=some, slo=replace(gate.slo, users=users))
            basis = replace(found, limit=None, main=None, over=None, over_at=None)
            if not other_gate.met(keys[0]):
                basis = replace(basis, basis="slo", advised=None)
            words = conclusion(replace(analysis, gate=other_gate, conclusions=[basis, other]))
            said[f"{name}, {users or 'all'}"] = "\n".join([words[0], words[2]])
    out = replace(
        analysis,
        conclusions=[replace(found, basis="quota", advised=None, met=None), other],
        late=keys[:1],
        other_loads={keys[1]: 91.2},
        gate=replace(gate, checks={**checks["all met"], keys[2]: [missed]}),
    )
    said["why none is advised"] = conclusion(out)[0]
    said["no gate"] = conclusion(replace(out, gate=None))[0]
    check_lines("gates", language, said)


@LANGUAGES
def test_each_forecast_of_a_quota(made: Made, language: str) -> None:
    """By what it is reckoned from, whether it is sure, and whether the conclusion tells it."""
    analysis = with_half_the_quota(made.edition(test_golden.decision, language))
    keys = [str(key) for key in analysis.figures.index]
    plain = [replace(one, over=None, over_at=None) for one in analysis.conclusions]
    sure = Forecast("streaming", "requests", 6.67, "between", (keys[0], keys[1]), is_sure=True)
    cases = {
        "between": [sure],
        "beyond": [replace(sure, basis="beyond")],
        "from no load": [replace(sure, basis="origin", keys=(keys[0],), load=6.25)],
        "full": [replace(sure, quota="tokens", basis="full", load=None, keys=(keys[3],))],
        "not sure": [replace(sure, is_sure=False)],
        "two": [sure, replace(sure, quota="tokens", load=12.39, basis="beyond")],
        "both modes": [sure, replace(sure, mode="non_streaming", keys=tuple(keys[4:6]), load=6.62)],
    }
    said = {}
    for name, found in cases.items():
        other = replace(analysis, forecasts=found, overused={}, conclusions=plain)
        said[name] = "\n".join([conclusion(other)[0], quota(other, {}).split("\n\n", 2)[2]])
    others = replace(analysis.quota, others={"requests": 20.0})
    other = replace(analysis, forecasts=[sure], overused={}, conclusions=plain, quota=others)
    said["with others"] = "\n".join([conclusion(other)[0], quota(other, {}).split("\n\n", 2)[2]])
    for name, use in {
        "about": Overuse("requests", 118.0, 98.8),
        "with them": Overuse("tokens", 66.3, 60.2, 35.5),
    }.items():
        said[name] = conclusion(replace(analysis, overused={keys[1]: use}, conclusions=plain))[0]
    kinds = made.edition(many_kinds, language)
    none = replace(kinds.quota, together={"requests": 0.0})
    said["nothing together"] = quota(replace(kinds, quota=none), {}).split("\n\n", 2)[2]
    check_lines("forecasts", language, said)


@LANGUAGES
def test_each_end_of_a_search(made: Made, language: str) -> None:
    """Its sentences, and the table of its probes."""
    analysis = made.edition(simulated, language)
    probes = [
        make.probe("streaming-04", 4, "met", 300, 0.99),
        make.probe("streaming-16", 16, "missed", 300, 0.72),
        make.probe("streaming-12", 12, "unclear", 250, 0.95),
        make.probe("streaming-08", 8, "client", 10, 0.5),
    ]
    nothing: dict[str, Any] = {
        "mode": "streaming",
        "for": "users",
        "low": None,
        "high": None,
        "probes": [],
        "crossed": [],
    }
    cases: dict[str, dict[str, Any]] = {
        "nothing": nothing,
        "nothing, at an end": {**nothing, "ended_by": "client", "probes": probes[3:]},
        "found": {"low": 4, "high": 16, "ended_by": "resolution", "probes": probes[:2]},
        "found, close": {"low": 4, "high": 12, "ended_by": "probes", "probes": probes[:3]},
        "most": {"low": 4, "ended_by": "most", "probes": probes[:1]},
        "most, close": {"low": 12, "ended_by": "most", "probes": [probes[0], probes[2]]},
        "up to": {"low": 4, "ended_by": "", "probes": probes[:1]},
        "start": {"high": 16, "ended_by": "start", "probes": probes[1:2]},
        "start, close": {"high": 12, "ended_by": "start", "probes": probes[2:3]},
        "busy": {"low": 4, "high": 16, "ended_by": "client", "probes": [*probes[:2], probes[3]]},
        "crossed": {"low": 4, "high": 16, "ended_by": "resolution", "probes": probes[:2], "crossed": [[2, 4], [6, 8]]},
        "rates": {
            "for": "rate",
            "low": 4,
            "high": 16,
            "ended_by": "probes",
            "probes": probes[:2],
            "crossed": [[1, 2.5]],
        },
        "nothing known": {"low": 4, "probes": [{**probes[0], "share": None, "calls": None}], "ended_by": "probes"},
    }
    said = {}
    for name, case in cases.items():
        found = searches(replace(analysis.run, info={"search": [{**nothing, **case}]}))
        other = replace(analysis, searches=found, conclusions=analysis.conclusions[:1])
        said[name] = "\n".join([*filter(None, conclusion(other)[:2]), search(other, {})])
    check_lines("searches", language, said)
