"""Lines of sections for numbers that no small run comes to, against golden files.

The numbers are made by hand from the analysis of a run; `UPDATE_GOLDEN=1 pytest tests/reports` writes the files anew.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from bedrock_locust.errors.remedies import REASONS, REMEDIES
from reports.numbers import gaps as gap_figures
from reports.numbers.gain import Gain
from reports.numbers.intervals import Change
from reports.numbers.limit import Limit
from reports.numbers.replay import Beside
from reports.numbers.sent import Length, Source
from reports.numbers.turns import MOST_TURNS
from reports.sections.caching import caching
from reports.sections.client import client
from reports.sections.conclusion import conclusion
from reports.sections.configuration import configuration
from reports.sections.cost import cost
from reports.sections.elsewhere import elsewhere
from reports.sections.errors import errors
from reports.sections.gain import gain, streaming
from reports.sections.head import facts, title
from reports.sections.levels import gaps, results, server
from reports.sections.limits import limits
from reports.sections.phases import phases
from reports.sections.quota import quota
from reports.sections.replay import replay
from reports.sections.sent import sent
from reports.sections.summary import summary
from reports.sections.turns import turns
from reports.sections.words import remedy_words
from reports.texts import language as language_of

from . import test_golden
from .more_runs import failures, many_kinds, served
from .test_words import LANGUAGES, check_lines, with_info

if TYPE_CHECKING:
    from .conftest import Made

NOT_KNOWN = (math.nan, math.nan)


def words(text: str) -> str:
    """A section without its heading, its tables and its charts."""
    blocks = text.split("\n\n")
    return "\n".join(block for block in blocks if block and not block.startswith(("#", "|", "![")))


@LANGUAGES
def test_each_state_of_a_replay(made: Made, language: str) -> None:
    """Its speed, the calls that waited or were left out, each reason alone, and what of the trace is not known."""
    analysis = made.edition(test_golden.replayed, language)
    assert analysis.replay is not None
    plainly = replace(analysis.replay, speed=1.0, waited=0, left_out={}, mixed=False)
    unknown = replace(plainly.input_tokens, trace=NOT_KNOWN)
    reasons = {"window": 1, "model:a|b `c`": 1200, "no_length": 2, "bad": 3, "of a later version": 4}
    cases: dict[str, dict[str, Any]] = {
        "at its own speed": {},
        "slower": {"speed": 0.25},
        "one waited": {"speed": 1.5, "waited": 1},
        "many": {"calls": 12_345, "made": 6789, "waited": 1000, "mixed": True},
        **{f"left out: {reason}": {"left_out": {reason: count}} for reason, count in reasons.items()},
        "left out: all": {"left_out": reasons},
        "only answers known": {"input_tokens": unknown, "latency_ms": replace(unknown, run=NOT_KNOWN)},
        "nothing of the run": {"input_tokens": Beside((1234.0, 5678.9), NOT_KNOWN)},
        "nothing known": dict.fromkeys(("input_tokens", "output_tokens", "latency_ms"), unknown),
    }
    said = {name: replay(replace(analysis, replay=replace(plainly, **case)), {}) for name, case in cases.items()}
    table = replay(replace(analysis, replay=plainly), {"ttft": "x"}).split("\n\n")[2]
    said = {name: text.replace(table, "(the table)") for name, text in said.items()}
    said["with its chart"] = replay(replace(analysis, replay=plainly), {"replay": "charts/replay.svg"})
    check_lines("replay_lines", language, said)


@LANGUAGES
def test_each_state_of_a_cache_and_of_conversations(made: Made, language: str) -> None:
    """What was read, saved or lost, when a write pays; turns up to the last that has a row, and beyond."""
    analysis = made.edition(test_golden.conversations, language)
    found, talk = analysis.caching, analysis.turns
    assert found is not None
    assert talk is not None
    plainly = replace(
        found, read_tokens=0.0, written_tokens=10.0, written_1h_tokens=0.0, saved=math.nan, reads_to_pay=math.nan
    )
    pays: dict[str, Any] = {"reads_to_pay": 1.01, "reads_to_pay_1h": 2.0}
    cases: dict[str, dict[str, Any]] = {
        "nothing read": {},
        "one read": {"read_tokens": 1.0, "written_tokens": 1.0},
        "saved": {"read_tokens": 1234.0, "saved": 0.01234, "currency": "*EUR*"},
        "saved nothing": {"saved": 0.0},
        "lost": {"saved": -1234.5},
        "pays at once": {"reads_to_pay": 0.2},
        "pays after two": pays,
        "half of it for an hour": {**pays, "reads_to_pay": 7.0, "written_1h_tokens": 5.0},
        "most of it for an hour": {**pays, "reads_to_pay": 7.0, "written_1h_tokens": 5.1},
    }
    said = {
        name: words(caching(replace(analysis, caching=replace(plainly, **case)), {})) for name, case in cases.items()
    }
    settings = {**analysis.run.info["settings"], "workload": {"cache": "implicit"}}
    implicit = replace(with_info(analysis, settings=settings), caching=replace(plainly, **pays))
    said["pays by itself"] = words(caching(implicit, {}))
    assert caching(replace(analysis, caching=replace(found, table=found.table.iloc[:0])), {}) == ""
    table = talk.table.iloc[:2].set_axis([1, MOST_TURNS])
    for longest in (MOST_TURNS, MOST_TURNS + 1):
        said[f"{longest} turns"] = turns(replace(analysis, turns=replace(talk, table=table, longest=longest)), {})
    check_lines("cache_lines", language, said)


@LANGUAGES
def test_each_state_of_what_was_sent(made: Made, language: str) -> None:
    """The file, its kinds and media, what was left out, not sent or sent again; lengths that are not known."""
    analysis = made.edition(served, language)
    assert analysis.sent is not None
    source = Source("sharegpt", "0123456789abcdef", 1000, 0, 1000, 0)
    kinds = {"text": 1, "image": 0, "document": 2, "tool": 3, "system": 4, "cache_point": 5}
    sources = {
        "once": source,
        "not all": replace(source, sent=500),
        "again": replace(source, sent=1001),
        "nothing to send": replace(source, records=0, sent=0),
        "bad, not sent": replace(source, bad=1, unsent=2),
        "not known": replace(source, unsent=None),
        "images": replace(source, kinds=kinds, media_bytes=1_234_567),
        "text": replace(source, kinds={"text": 1000, "image": 0}),
    }
    plainly = replace(analysis.sent, cut_share=math.nan)
    said = {
        name: words(sent(replace(analysis, lengths=None, sent=replace(plainly, source=one)), {}))
        for name, one in sources.items()
    }
    unknown = replace(plainly, source=None, cut_share=0.0, output_tokens=Length(NOT_KNOWN, (12.6, 1234.5)))
    said["a length not asked for"] = sent(replace(analysis, lengths=None, sent=unknown), {"lengths": "charts/x.svg"})
    assert sent(replace(analysis, sent=replace(plainly, calls=0)), {}) == ""
    check_lines("sent_lines", language, said)


@LANGUAGES
def test_each_state_of_the_gain(made: Made, language: str) -> None:
    """Clearly longer or shorter, an end of the interval at nothing, too few calls, and a change that is not known."""
    analysis = made.edition(test_golden.decision, language)
    first, second, *_ = analysis.gains
    cases = {
        "longer": (0.123, Change(0.05, 0.2, 0.001)),
        "shorter": (-0.456, Change(-0.6, -0.3, 0.001)),
        "no lower end": (0.1, Change(0.0, 0.2, 0.05)),
        "no upper end": (-0.1, Change(-0.2, 0.0, 0.05)),
        "either": (0.001, Change(-0.012, 0.014, 0.9)),
        "few": (0.5, None),
        "unknown": (math.nan, None),
    }
    said = {}
    for name, (change, sides) in cases.items():
        own = replace(analysis, gains=[Gain(second.load, second.streaming, second.non_streaming, change, sides)])
        said[name] = "\n".join([gain(own), *streaming(own, {}).splitlines()[2:5]])
    both, [found, *others] = [first, second], analysis.conclusions
    places: dict[str, dict[str, Any]] = {
        "at the load advised": {"advised": first.streaming, "best": second.streaming},
        "at the best load": {"advised": None, "best": first.streaming},
        "at the last": {"advised": None, "best": None},
    }
    for name, changes in places.items():
        own = replace(analysis, gains=both, conclusions=[replace(found, **changes), *others])
        said[name] = gain(own)
    said["without streaming"] = gain(replace(analysis, gains=both, conclusions=others))
    check_lines("gain_lines", language, said)


@LANGUAGES
def test_each_state_of_a_limit(made: Made, language: str) -> None:
    """Throughput that hardly changed, the quota that was used with others or by the run before, calls that reserve."""
    analysis = made.edition(test_golden.decision, language)
    found, used = analysis.conclusions[0], analysis.quota
    first, second, *_, last = analysis.of(found)
    calm = replace(found, limit=None, main=None, over=None, over_at=None)
    throttled = Limit("throttled", last, "ThrottlingError", quota="requests")
    table = used.table.copy()
    table.loc[last, ["requests_percent", "tokens_percent", "reserve_ratio", "throttled_per_min"]] = [104.4, 61.5, 0, 0]
    unknown = table.assign(tokens_percent=math.nan)
    of_time = analysis.failures_by_level.assign(error="Timeout*Error")
    quiet = replace(used, table=table, before={}, others={})
    reserving = table.assign(reserve_ratio=2.345, throttled_per_min=12.3)
    figures = analysis.figures.copy()
    alike = [found.rate, "latency_ms_mean"]
    figures.loc[second, alike] = figures.loc[[first], alike].to_numpy()[0]
    cases: dict[str, tuple[Limit, dict[str, Any]]] = {
        "no more at all": (Limit("flat", second, before=first), {"figures": figures}),
        "fewer, but no slower": (
            Limit("flat", second, before=first),
            {"figures": figures.assign(**{found.rate: figures[found.rate].where(figures.index != second, 1.0)})},
        ),
        "used in the level": (throttled, {"quota": quiet}),
        "used in the minute before": (throttled, {"quota": replace(quiet, before={last: {"requests": 133.3}})}),
        "used beside little": (throttled, {"quota": replace(quiet, others={"requests": 9.99})}),
        "used beside much": (throttled, {"quota": replace(quiet, others={"requests": 10.0})}),
        "reserving": (replace(throttled, quota="tokens"), {"quota": replace(quiet, table=reserving)}),
        "no quota used": (replace(throttled, quota=""), {"quota": quiet}),
        "no quota known": (
            replace(throttled, quota=""),
            {
                "quota": replace(
                    quiet, per_minute=dict.fromkeys(used.names), table=unknown.assign(requests_percent=math.nan)
                )
            },
        ),
        "one quota known": (
            replace(throttled, quota=""),
            {"quota": replace(quiet, per_minute={"requests": 400, "tokens": None}, table=unknown)},
        ),
    }
    said = {
        name: "\n".join(limits(replace(analysis, **changes), replace(calm, limit=limit)))
        for name, (limit, changes) in cases.items()
    }
    main, other = Limit("failures", second, "Timeout*Error"), replace(analysis, failures_by_level=of_time)
    flat = Limit("flat", second, before=first)
    said["another failure later"] = "\n".join(limits(other, replace(calm, limit=flat, main=main)))
    said["a failure only"] = "\n".join(limits(other, replace(calm, main=replace(main, key=last))))
    check_lines("limit_lines", language, said)


@LANGUAGES
def test_each_state_of_the_quotas(made: Made, language: str) -> None:
    """What calls reserve, from half as much again; others' use from 1 %; a note is cut; kinds of call together."""
    analysis = made.edition(test_golden.conversations, language)
    used, info = analysis.quota, analysis.run.info["quotas"]
    said = {}
    for ratio in (1.49, 1.5, math.nan):
        own = replace(used, table=used.table.assign(reserve_ratio=ratio))
        said[f"reserved {ratio}"] = words(quota(replace(analysis, quota=own, forecasts=[]), {}))
    requests_only = replace(own, per_minute={"requests": 60, "tokens": None})
    requests_only = replace(requests_only, table=used.table.assign(reserve_ratio=1.5))
    said["reserved for nothing"] = words(quota(replace(analysis, quota=requests_only, forecasts=[]), {}))
    for others in (599, 600):
        quotas = {**info, "quota": {**info["quota"], "account_value": 60, "others_per_minute": others / 1000}}
        own_run = with_info(analysis, quotas=quotas, quota_notes=["n" * 501, "a *note*"])
        said[f"others, {others}"] = words(quota(replace(own_run, forecasts=[]), {}))
    kinds = made.edition(many_kinds, language)
    for name, together in {"both": {"requests": 120.4, "tokens": 99.5}, "one": {"tokens": 0.012}}.items():
        own_quota = replace(kinds.quota, together=together, elsewhere=0)
        said[f"together, {name}"] = words(quota(replace(kinds, quota=own_quota, forecasts=[]), {}))
    none = replace(kinds.quota, per_minute=dict.fromkeys(kinds.quota.names), together={}, elsewhere=1)
    said["none known, one call elsewhere"] = words(quota(replace(kinds, quota=none, forecasts=[]), {}))
    check_lines("quota_lines", language, said)


@LANGUAGES
def test_each_state_of_the_head(made: Made, language: str) -> None:
    """Models, region and API; workers, how long levels lasted, and those that were cut short."""
    analysis = made.edition(test_golden.both_modes, language)
    figures, settings = analysis.figures, analysis.run.info["settings"]
    said = {"as it is": "\n".join([title(analysis), facts(analysis)])}
    runs: dict[str, dict[str, Any]] = {
        "no region": {"settings": {**settings, "aws": {}}},
        "mantle": {"settings": {**settings, "model": {**settings["model"], "endpoint": "mantle"}}},
        "simulator": {"simulator": True},
    }
    for name, changes in runs.items():
        said[name] = title(with_info(analysis, **changes))
    for name, seconds in {"alike": 31.5, "apart": 31.6, "long": 3700.0}.items():
        windows = figures["window_s"].where(figures.index != figures.index[0], seconds)
        said[name] = facts(replace(analysis, figures=figures.assign(window_s=windows)))
    cut = np.where(np.arange(len(figures)) < 2, "false", figures["completed"])
    said["two cut"] = facts(replace(analysis, figures=figures.assign(completed=cut)))
    said["all cut"] = facts(replace(analysis, figures=figures.assign(completed="false")))
    said["no level"] = facts(replace(analysis, figures=figures.iloc[:0]))
    workers = analysis.workers
    for names in (["local"], ["a"], []):
        own = replace(analysis, workers=workers.iloc[: len(names)].set_axis(names))
        said[f"workers: {', '.join(names)}"] = facts(own)
    check_lines("head_lines", language, said)


@LANGUAGES
def test_each_state_of_the_load_generator_and_of_phases(made: Made, language: str) -> None:
    """A worker without a name or a state, delays that are not known; levels with only some of the phases."""
    analysis = made.edition(test_golden.both_modes, language)
    workers, found = analysis.workers, analysis.phases
    plainly = workers.assign(state="finished")
    unknown: dict[str, Any] = dict.fromkeys(sorted({*map(str, workers)} - {"state", "calls"}), math.nan)
    delays: dict[str, Any] = dict.fromkeys(("send_delay_ms_p50", "send_delay_ms_p99"), math.nan)
    cases = {
        "finished": plainly,
        "missing": plainly.assign(state=["missing", "finished"][: len(workers)]),
        "without a name": plainly.set_axis(["", "b|c"][: len(workers)]),
        "no delays": plainly.assign(**delays),
        "nothing known": plainly.assign(**unknown),
    }
    said = {name: client(replace(analysis, workers=one), {}) for name, one in cases.items()}
    assert client(replace(analysis, workers=workers.iloc[:0]), {}) == ""
    few = found[found["level"].isin(found["level"].unique()[:2])]
    drain = few[few["phase"] == "warmup"].assign(phase="drain", calls=[1, 1234])
    for name, rows in {
        "warm-up": few,
        "drain of one": pd.concat([few[few["phase"] == "measure"], drain.iloc[1:]]),
        "all of both": pd.concat([few, drain]),
        "no success in the drain": pd.concat([few, drain.assign(latency_ms_p50=math.nan)]),
    }.items():
        said[name] = phases(replace(analysis, phases=rows), {})
    assert phases(replace(analysis, phases=few[few["phase"] == "measure"]), {}) == ""
    check_lines("client_lines", language, said)


@LANGUAGES
def test_each_state_of_costs_settings_and_sums(made: Made, language: str) -> None:
    """Whose prices they are; what a setting says; which rows a summary has."""
    analysis = made.edition(many_kinds, language)
    found = analysis.cost
    assert found is not None
    said = {
        name: words(cost(replace(analysis, cost=one), {}))
        for name, one in {
            "several models": replace(found, elsewhere=0),
            "elsewhere": replace(found, elsewhere=1, total=1234.5, currency="*longer than ten*"),
        }.items()
    }
    assert cost(replace(analysis, cost=replace(found, total=0.0)), {}) == ""
    odd: dict[str, Any] = {
        "test": {"temperature": None, "max_tokens": 256.0, "prompt_template": "line | one\n`two`", "prompt_size": 0},
        "model": {"id": "m", "api": "invoke", "quota": 1e15, "stop": [], "more": {"a": ["é", 1.5]}, "on": False},
        "concurrency": {"start": 1.5, "end": None, "duration_seconds": 30},
        "output": {"language": "en", "note": "x" * 100},
    }
    own = with_info(analysis, settings=odd, started_at=None, versions={"locust": "2.47.0", "boto3": ""})
    said["settings"] = configuration(own, {})
    said["elsewhere: no file"] = elsewhere(own, ["## A\n\nx"], [])
    said["elsewhere: one"] = elsewhere(own, ["## A\n\nx", "", "### B"], ["report.html"])
    long = with_info(analysis, settings={**odd, "test": {"prompt_template": "y" * 100}})
    said["elsewhere: two"] = elsewhere(long, ["## A"], ["report.html", "report.json"])
    calls = analysis.run.calls
    good = calls[calls["error"] == ""]
    said["sums of successes"] = summary(replace(analysis, run=replace(analysis.run, calls=good)), {})
    assert elsewhere(own, ["", ""], ["report.html"]) == ""
    check_lines("setting_lines", language, said)


@LANGUAGES
def test_each_state_of_failures(made: Made, language: str) -> None:
    """As many kinds and records as a table has room for, and one or two more; remedies that were not said yet."""
    analysis = made.edition(failures, language)
    kinds, records = analysis.failures, analysis.failed_records
    said = {}
    for count in (30, 31, 32):
        many = kinds.iloc[[place % len(kinds) for place in range(count)]]
        said[f"{count} kinds"] = words(errors(replace(analysis, failures=many, failed_records=records.iloc[:0]), {}))
    for count in (1, 10, 11):
        some = records.iloc[[place % len(records) for place in range(count)]]
        own = replace(analysis, failures=kinds.iloc[:1], failed_records=some)
        said[f"{count} records"] = errors(own, {}).split("\n### ")[-1]
    check_lines("failure_lines", language, said)


@LANGUAGES
def test_each_state_of_the_levels(made: Made, language: str) -> None:
    """Levels that were cut short, intervals that are open, gaps that were not counted, times of the service."""
    analysis = made.edition(test_golden.both_modes, language)
    figures = analysis.figures.iloc[[0, 1, -1]].copy()
    names = list(figures.index)
    own = replace(analysis, figures=figures)
    said = {"one cut": results(replace(own, figures=figures.assign(completed=["true", "false", "true"])), {})}
    odd = figures.assign(failed=[0, 1200, 0], cancelled=[0, 0, 3], failed_per_s=[0, 1.25, 0])
    odd.loc[names[0], ["success_rate_low", "success_rate_high"]] = math.nan
    odd.loc[names[1], "success_rate"] = 0.99999
    odd["ttft_ms_p95_longer"] = [1, 0, 0]
    said["failures"] = results(replace(own, figures=odd), {})
    unknown: dict[str, Any] = dict.fromkeys(gap_figures.FIGURES, math.nan)
    said["no gaps counted"] = gaps(replace(own, figures=figures.assign(**unknown)), {})
    times = [f"server_{metric}_ms_{part}" for metric in ("ttft", "latency") for part in ("p50", "p95")]
    known = figures.assign(**{name: 100.0 * place for place, name in enumerate(times, 1)})
    counts = {"latency only": (0, 5), "first token only": (5, 0), "both": (5, 5)}
    for name, (first, whole) in counts.items():
        rows = known.assign(server_ttft_ms_count=[first, 0, 0], server_latency_ms_count=[whole, whole, 0])
        unknown = dict.fromkeys(times[:2] * (not first) + times[2:] * (not whole), math.nan)
        rows = rows.assign(**unknown)
        said[f"service: {name}"] = server(replace(own, figures=rows), {})
    check_lines("level_lines", language, said)


@LANGUAGES
def test_each_way_to_conclude_nothing(made: Made, language: str) -> None:
    """No call, none that succeeded, none that ended, rows that are lost, a run that was stopped before."""
    none, failed = made.edition(test_golden.no_call, language), made.edition(test_golden.all_failed, language)
    runs: dict[str, dict[str, Any]] = {
        "stopped by hand": {"ended": "interrupted", "end_reason": "stopped *by hand*"},
        "stopped for no reason": {"ended": "interrupted", "end_reason": ""},
        "stopped by a limit": {"ended": "limited", "end_reason": "x", "limit": "limits.max_cost_usd"},
        "ended by itself": {"ended": "failed", "end_reason": "x"},
        "one row lost": {"ended": "interrupted", "rows_written": 1},
        "rows lost": {"rows_written": 1200},
    }
    settings = {**none.run.info["settings"], "limits": {"max_cost_usd": 2.5}}
    said = {name: "\n".join(conclusion(with_info(none, **{"settings": settings, **run}))) for name, run in runs.items()}
    calls = failed.run.calls
    for name, count in {"one failed": 1, "some failed": 12}.items():
        said[name] = "\n".join(
            filter(None, conclusion(replace(failed, run=replace(failed.run, calls=calls.iloc[:count]))))
        )
    cut = calls.assign(error=pd.Categorical(["Cancelled"] * len(calls))).iloc[:3]
    for name, count in {"one cut off": 1, "some cut off": 3}.items():
        said[name] = "\n".join(
            filter(None, conclusion(replace(failed, run=replace(failed.run, calls=cut.iloc[:count]))))
        )
    both = made.edition(test_golden.both_modes, language)
    for name, count in {"one measured nowhere": 1, "some measured nowhere": 1100}.items():
        some = replace(both.run, calls=both.run.calls.iloc[:count])
        said[name] = "\n".join(filter(None, conclusion(replace(both, run=some, conclusions=[]))))
    check_lines("nothing_lines", language, said)


def test_lost_rows_are_no_results(made: Made) -> None:
    """A zero would be wrong."""
    analysis = made.edition(test_golden.no_call)
    lost = with_info(analysis, rows_written=5)
    assert results(lost, {}) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_remedy_of_ours_is_cut(language: str) -> None:
    """In either language; one of a run folder from outside is."""
    ours = {**REMEDIES, **REASONS, **language_of(language).remedies}
    assert [name for name, remedy in ours.items() if remedy_words(remedy).endswith("…")] == []
    assert remedy_words("x" * 2000).endswith("x…")
