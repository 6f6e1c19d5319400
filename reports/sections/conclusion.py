"""What came out, in a few sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.failures import by_frequency, total_counts
from reports.markdown import amount, escape, money, number, percent
from reports.quota import THROTTLED
from reports.sections.gain import gain
from reports.sections.words import at, failing_words, figures_there, label, level_names, slo_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from reports.analysis import Analysis
    from reports.conclusion import Conclusion, Limit


def conclusion(analysis: Analysis) -> list[str]:
    """One paragraph per mode, what streaming gains, the gate and the remedies, or why there is nothing to conclude."""
    counts = total_counts(analysis.run.requests)
    if not counts["ok"]:
        return [_nothing(analysis, counts), _gate(analysis)]
    if not analysis.conclusions:
        return [analysis.say("end.unmeasured", calls=analysis.say.noun(counts["ok"], "call")), _gate(analysis)]
    paragraphs = [" ".join(_sentences(analysis, found)) for found in analysis.conclusions]
    broken = [found.breaks for found in analysis.conclusions if found.breaks is not None]
    categories = dict.fromkeys(by_frequency(analysis.failures_by_level, key)[0] for key in broken)
    remedies = [_remedy(analysis, category) for category in categories]
    return [*paragraphs, _gate(analysis), *remedies, gain(analysis), _cost(analysis)]


def best_output(analysis: Analysis, mode: str = "") -> float:
    """The most output tokens/s of a mode, or of all, in a level with tolerable failures; NaN if there is none."""
    best = [found.best for found in analysis.conclusions if found.best is not None and mode in {"", found.mode}]
    return max((analysis.number(key, "output_tokens_per_s") for key in best), default=math.nan)


def _nothing(analysis: Analysis, counts: pd.Series[int]) -> str:
    """Why no call succeeded."""
    say = analysis.say
    if counts["failed"]:
        category = str(analysis.failures["error"].iloc[0])
        remedy = escape(analysis.remedy(category), 400)
        calls = say.noun(counts["failed"], "call")
        return say("end.nothing", calls=calls, category=escape(category), remedy=remedy).rstrip()
    if counts["cancelled"]:
        return say("end.unended", calls=say.noun(counts["cancelled"], "call"))
    written = analysis.run.number("rows_written") or 0
    return say("end.lost", calls=say.noun(written, "call")) if written else say("end.none")


def _remedy(analysis: Analysis, category: str) -> str:
    remedy = analysis.remedy(category)
    return analysis.say("remedy", category=escape(category), remedy=escape(remedy, 400)) if remedy else ""


def _sentences(analysis: Analysis, found: Conclusion) -> Iterator[str]:
    """The level to run at, its figures, the most throughput, what gave out."""
    say = analysis.say
    mode = say.sentence(say.mode(found.mode))
    if found.best is None:
        yield say("end.mode", mode=mode)
    elif found.basis == "most" or (found.advised is None and found.basis != "slo"):
        best = analysis.level(found.best)
        yield say("runs.most", mode=mode, rate=_rate(analysis, found, best), at=at(say, best))
        yield _there(analysis, best, "")
    else:
        yield from _advice(analysis, found, mode)
    yield from _limit(analysis, found, found.limit)
    if found.rising and analysis.run.text("ended") in {"", "complete"}:
        yield say("limit.rising")


def _advice(analysis: Analysis, found: Conclusion, mode: str) -> Iterator[str]:
    say = analysis.say
    slo = slo_words(say, analysis.gate.slo, found.mode) if analysis.gate else ""
    if found.advised is None:
        assert analysis.gate is not None  # noqa: S101 - no level is advised only where none met the SLO
        first = next(key for key in analysis.figures.index if analysis.figures.loc[key, "mode"] == found.mode)
        key = first if analysis.gate.checks.get(first) else next(iter(analysis.gate.checks))
        failing = failing_words(say, analysis.gate.slo, analysis.gate.checks[key])
        yield say("runs.no_slo", mode=mode, slo=slo, level=label(say, analysis.level(key)), failing=failing)
    else:
        row = analysis.level(found.advised)
        last = found.limit is None
        text = {("slo", False): "slo", ("slo", True): "slo_all", ("knee", True): "knee_last"}
        if found.basis == "knee" and found.limit is not None and found.limit.kind != "flat":
            last = True
        yield say(f"runs.{text.get((found.basis, last), 'knee')}", mode=mode, level=label(say, row), slo=slo)
        yield _there(analysis, row, _rate(analysis, found, row))
    if found.best is not None and _is_more(analysis, found):
        best = analysis.level(found.best)
        yield say("runs.best", rate=_rate(analysis, found, best), at=at(say, best))


def _is_more(analysis: Analysis, found: Conclusion) -> bool:
    """Whether the best level has more throughput than the one advised, which may have more failures than it."""
    if found.advised is None or found.best is None:
        return True
    return analysis.number(found.best, found.rate) > analysis.number(found.advised, found.rate)


def _there(analysis: Analysis, row: pd.Series[Any], rate: str) -> str:
    shown = figures_there(analysis, row, rate)
    if analysis.cost is not None and (cost := float(analysis.cost.table["per_1000"][str(row.name)])) > 0:
        price = analysis.say("figure.cost", cost=f"{money(cost)} {escape(analysis.cost.currency, 10)}")
        shown = analysis.say("list.comma").join([shown, price])
    return analysis.say("runs.there", figures=shown)


def _limit(analysis: Analysis, found: Conclusion, limit: Limit | None) -> Iterator[str]:
    """What gave out first, and the quota if it was throttling."""
    if limit is None:
        return
    say, row = analysis.say, analysis.level(limit.key)
    values: dict[str, Any] = {"at": at(say, row), **_failed(analysis, row)}
    if limit.kind == "slo" and analysis.gate is not None:
        if limit.key == next(iter(analysis.gate.checks)) and found.advised is None:
            return
        values["failing"] = failing_words(say, analysis.gate.slo, analysis.gate.checks[limit.key])
    if limit.kind == "flat":
        yield _flat(analysis, found, row)
    else:
        yield say(f"limit.{limit.kind}", **values)
    if limit.kind == "throttled":
        yield from _quota(analysis, limit.key)


def _failed(analysis: Analysis, row: pd.Series[Any]) -> dict[str, str]:
    ended = row["ok"] + row["failed"]
    category = next(iter(by_frequency(analysis.failures_by_level, str(row.name))), "")
    return {
        "failed": amount(row["failed"]),
        "calls": analysis.say.noun(ended, "call"),
        "share": percent(row["failed"] / ended),
        "category": escape(category),
    }


def _flat(analysis: Analysis, found: Conclusion, row: pd.Series[Any]) -> str:
    assert found.advised is not None  # noqa: S101 - the level after the one that is advised
    before = analysis.level(found.advised)
    more = row[found.rate] / before[found.rate] - 1
    slower = percent(max(row["latency_ms_mean"] / before["latency_ms_mean"] - 1, 0))
    key, change = ("flat", "more") if more >= 0 else ("fewer", "less")
    return analysis.say(f"limit.{key}", at=at(analysis.say, row), slower=slower, **{change: percent(abs(more))})


def _quota(analysis: Analysis, key: str) -> Iterator[str]:
    """The quota that a level used more of, and what the service said when it throttled."""
    quota, say = analysis.quota, analysis.say
    throttles = analysis.failures[analysis.failures["error"] == THROTTLED]
    message = str(throttles["error_message"].iloc[0]) if len(throttles) else ""
    row, tighter = quota.table.loc[[key]].iloc[0], quota.tighter(key, message)
    if tighter == "requests":
        yield say("limit.requests", percent=number(row["requests_percent"]), quota=amount(quota.requests_per_minute))
    elif tighter == "tokens":
        used = {"percent": number(row["tokens_percent"]), "ratio": number(row["reserve_ratio"])}
        most = {"quota": amount(quota.tokens_per_minute), "max_tokens": amount(quota.max_tokens)}
        yield say("limit.tokens", **used, **most)
    if message:
        yield say("limit.said", message=escape(message))
    if not tighter:
        yield say("limit.no_quota")


def _cost(analysis: Analysis) -> str:
    if analysis.cost is None:
        return ""
    cost = f"{money(analysis.cost.total)} {escape(analysis.cost.currency, 10)}"
    if analysis.cost.unknown:
        return analysis.say("run.cost_unknown", cost=cost, calls=analysis.say.noun(analysis.cost.unknown, "call"))
    return analysis.say("run.cost", cost=cost)


def _gate(analysis: Analysis) -> str:
    """Whether the run passes, for whoever let a machine decide."""
    gate, say = analysis.gate, analysis.say
    if gate is None:
        return ""
    scope = say("gate.all") if gate.slo.users is None else say("gate.users", users=say.noun(gate.slo.users, "user"))
    failed = gate.failed(analysis.figures)
    if analysis.gate_passed:
        return say("gate.passed", scope=scope)
    if not failed:
        return say("gate.empty", scope=scope)
    return say("gate.failed", scope=scope, levels=level_names(say, analysis.figures.loc[failed]))


def _rate(analysis: Analysis, found: Conclusion, row: pd.Series[Any]) -> str:
    return analysis.say(f"unit.{found.rate}", rate=number(row[found.rate]))
