"""What came out, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import code, escape, money, number
from reports.numbers.failures import total_counts
from reports.sections.gain import gain
from reports.sections.kinds import failing, kinds
from reports.sections.limits import limits, unsure
from reports.sections.quota import over, used_up
from reports.sections.ramp import ramped
from reports.sections.search import search_gate, sentences
from reports.sections.trust import why_it_ended
from reports.sections.words import (
    at,
    failing_words,
    figures_there,
    is_cut,
    label,
    level_names,
    load_number,
    load_words,
    rate_words,
    remedy_words,
    slo_words,
    unmeasured_words,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.conclusion import Conclusion
    from reports.numbers.cost import Cost
    from reports.numbers.slo import Gate
    from reports.texts import Language


def conclusion(analysis: Edition) -> list[str]:
    """One paragraph per mode, what streaming gains, the gate and the remedies, or why there is nothing to conclude."""
    counts = total_counts(analysis.run.calls)
    if not counts["ok"]:
        return [_nothing(analysis, counts), _gate(analysis)]
    if not analysis.conclusions:
        return [analysis.say("end.unmeasured", calls=analysis.say.noun(counts["ok"], "call")), _gate(analysis)]
    if analysis.levels.shaped:
        paragraphs = [analysis.say.paragraph(_sentences(analysis, found)) for found in analysis.conclusions]
    else:
        paragraphs = kinds(analysis)
    if analysis.place == "simulator":
        # A picture of the headline alone must not pass for one of Bedrock.
        paragraphs = [paragraph.replace("**", f"**{analysis.say('simulated')}", 1) for paragraph in paragraphs]
    remedies = [_remedy(analysis, category) for category in remedied(analysis)]
    return [*paragraphs, _gate(analysis), *remedies, gain(analysis), _cost(analysis)]


def remedied(analysis: Edition) -> list[str]:
    """The categories of failures for which the conclusion says what to do."""
    if not (analysis.figures["ok"] > 0).any():
        return [str(category) for category in analysis.failures["error"].iloc[:1]]
    told = [one.category for found in analysis.conclusions for one in (found.limit, found.main) if one is not None]
    named = told if analysis.levels.shaped else failing(analysis)
    return [category for category in dict.fromkeys(named) if category]


def _nothing(analysis: Edition, counts: pd.Series[int]) -> str:
    """Why no call succeeded."""
    say = analysis.say
    if counts["failed"]:
        category = str(analysis.failures["error"].iloc[0])
        remedy = remedy_words(analysis.remedy(category))
        calls = say.noun(counts["failed"], "call")
        return say("end.nothing", calls=calls, category=escape(category), remedy=remedy).rstrip()
    if counts["cancelled"]:
        return say("end.unended", calls=say.noun(counts["cancelled"], "call"))
    written = analysis.run.number("rows_written") or 0
    if written:
        return say("end.lost", calls=say.noun(written, "call"))
    if analysis.run.text("ended") in {"interrupted", "limited"}:
        return say("end.stopped", **why_it_ended(analysis))
    return say("end.none")


def _remedy(analysis: Edition, category: str) -> str:
    remedy = analysis.remedy(category)
    return analysis.say("remedy", category=escape(category), remedy=remedy_words(remedy)) if remedy else ""


def _sentences(analysis: Edition, found: Conclusion) -> Iterator[str]:
    """The level to run at, its figures, the most throughput, what gave out."""
    say = analysis.say
    mode = say.sentence(" ".join(part for part in (say.mode(found.mode), code(found.group)) if part))
    yield from (steps := list(ramped(analysis, found, mode)))
    if (searched := analysis.search(found)) is not None:
        yield from sentences(analysis, searched, mode, found.mode)
        if found.advised is not None:
            row = analysis.level(found.advised)
            figures = figures_there(analysis, row, rate_words(say, found.rate, row))
            yield say("search.there", load=label(say, row), figures=figures)
    elif found.best is None:
        yield from _nothing_asked(analysis, found, mode)
    elif found.basis == "most" or (found.advised is None and found.basis not in {"slo", "quota"}):
        best = analysis.level(found.best)
        text = "ramp.most" if steps else "runs.most"
        yield say(text, mode=mode, rate=rate_words(say, found.rate, best), at=_at(say, best))
        yield _there(analysis, best, "")
    else:
        yield from (_within(analysis, found, mode) if found.basis == "quota" else _advice(analysis, found, mode))
        yield from _most(analysis, found)
    yield from over(analysis, found)
    if found is next(one for one in analysis.conclusions if one.mode == found.mode) and not _is_all_over(found):
        yield from used_up(analysis, found.mode)
    yield from limits(analysis, found)
    if found.rising and analysis.run.text("ended") in {"", "complete"}:
        yield say(f"limit.rising.{analysis.levels.unit}")


def _nothing_asked(analysis: Edition, found: Conclusion, mode: str) -> Iterator[str]:
    """That no call of a mode succeeded, or that no level had the load that it asks for, with the highest of them."""
    say, others = analysis.say, [key for key in analysis.of(found) if key in analysis.other_loads]
    if not others or not analysis.number(others[-1], "ok"):
        yield say("end.mode", mode=mode)
        return
    row, load = analysis.level(others[-1]), load_words(say, analysis.other_loads[others[-1]])
    yield say("runs.other_load", mode=mode, at=say.sentence(at(say, row)), load=load)
    yield _there(analysis, row, rate_words(say, found.rate, row))


def _advice(analysis: Edition, found: Conclusion, mode: str) -> Iterator[str]:
    if found.advised is None:
        yield from _no_level(analysis, found, mode)
        return
    say, row = analysis.say, analysis.level(found.advised)
    if found.basis == "slo" and analysis.gate is not None:
        text = "slo_all" if _all_met(analysis, found) else "slo"
        slo = slo_words(say, analysis.gate.slo, found.mode)
        yield say(f"runs.{text}", mode=mode, level=label(say, row), slo=slo)
    elif len(found.knee) > 1:
        high = analysis.level(found.knee[-1])
        text = "knee_between_last" if found.is_last else "knee_between"
        yield say(f"runs.{text}", mode=mode, low=load_number(row["load"]), level=label(say, high))
    else:
        text = "knee_last" if found.is_last else "knee"
        yield say(f"runs.{text}", mode=mode, level=label(say, row))
    yield _there(analysis, row, rate_words(say, found.rate, row))
    if found.basis == "slo":
        yield from unsure(analysis, found.advised)


def _no_level(analysis: Edition, found: Conclusion, mode: str) -> Iterator[str]:
    """No level met the SLO: what the first of them missed, or what was not measured."""
    say, gate = analysis.say, analysis.gate
    for key in [key for key in analysis.of(found) if gate is not None and gate.checks.get(key)][:1]:
        if gate is not None:
            words = {"slo": slo_words(say, gate.slo, found.mode), "level": label(say, analysis.level(key))}
            failing = failing_words(say, gate.slo, gate.checks[key])
            unmeasured = unmeasured_words(say, gate.slo, gate.checks[key])
            text = "runs.slo_unmeasured" if gate.met(key) is None else "runs.no_slo"
            yield say(text, mode=mode, failing=failing, unmeasured=unmeasured, **words)
            yield from unsure(analysis, key)


def _within(analysis: Edition, found: Conclusion, mode: str) -> Iterator[str]:
    """The level that the quotas carry, where the one to advise without them would be above."""
    say = analysis.say
    if found.advised is None:
        yield say("runs.no_within" if (carried := _carried(analysis, found)) else "runs.no_quota", mode=mode)
        yield from _left_out(analysis, carried)
        yield from used_up(analysis, found.mode)
    else:
        row = analysis.level(found.advised)
        yield say("runs.quota", mode=mode, level=label(say, row))
        yield _there(analysis, row, rate_words(say, found.rate, row))
    if found.met is not None and analysis.gate is not None:
        slo = slo_words(say, analysis.gate.slo, found.mode)
        yield say("runs.met", slo=slo, level=label(say, analysis.level(found.met)))


def _carried(analysis: Edition, found: Conclusion) -> list[str]:
    """The levels below the first that was above a quota."""
    keys = [key for key in analysis.of(found) if analysis.number(key, "ok") + analysis.number(key, "failed")]
    above = [place for place, key in enumerate(keys) if key in analysis.overused]
    return keys[: min(above, default=len(keys))]


def _left_out(analysis: Edition, carried: Sequence[str]) -> Iterator[str]:
    """Why none of the levels that the quotas carry is advised, levels alike in it together."""
    gate = analysis.gate
    reasons = {
        "late": analysis.late,
        "other": list(analysis.other_loads),
        "failing": analysis.failing,
        "slo": [key for key in carried if gate is not None and not gate.met(key)],
    }
    left = list(carried)
    for reason, keys in reasons.items():
        if found := [key for key in left if key in keys]:
            yield analysis.say(f"runs.out_{reason}", levels=level_names(analysis.say, analysis.figures.loc[found]))
            left = [key for key in left if key not in found]


def _is_all_over(found: Conclusion) -> bool:
    """Whether every level is above a quota, which is said with the load that uses it up."""
    return found.basis == "quota" and found.advised is None


def _most(analysis: Edition, found: Conclusion) -> Iterator[str]:
    if found.best is None or not _is_more(analysis, found):
        return
    say, best = analysis.say, analysis.level(found.best)
    above = found.over_at is not None and best["load"] >= analysis.number(found.over_at, "load")
    yield say("runs.best_over" if above else "runs.best", rate=rate_words(say, found.rate, best), at=_at(say, best))


def _at(say: Language, row: pd.Series[Any]) -> str:
    """Where, and that the level was cut short if it was: little of it may have been measured."""
    if not is_cut(row):
        return at(say, row)
    return say("at.cut", at=at(say, row), window=number(row["window_s"]))


def _all_met(analysis: Edition, found: Conclusion) -> bool:
    """Whether every level is known to have met the SLO."""
    gate = analysis.gate
    return gate is not None and all(gate.met(key) for key in analysis.of(found))


def _is_more(analysis: Edition, found: Conclusion) -> bool:
    """Whether the best level has more throughput than the one advised, which may have more failures than it."""
    if found.advised is None or found.best is None:
        return True
    return analysis.number(found.best, found.rate) > analysis.number(found.advised, found.rate)


def _there(analysis: Edition, row: pd.Series[Any], rate: str) -> str:
    shown = figures_there(analysis, row, rate)
    if rate and is_cut(row):
        shown = analysis.say("list.comma").join([shown, analysis.say("figure.cut", window=number(row["window_s"]))])
    if analysis.cost is not None and (cost := float(analysis.cost.table["per_1000"][str(row.name)])) > 0:
        price = analysis.say("figure.cost", cost=f"{money(cost)} {escape(analysis.cost.currency, 10)}")
        shown = analysis.say("list.comma").join([shown, price])
    return analysis.say("runs.there", figures=shown)


def _cost(analysis: Edition) -> str:
    if analysis.cost is None:
        return ""
    cost = f"{money(analysis.cost.total)} {escape(analysis.cost.currency, 10)}"
    key = "run.cost_simulated" if analysis.place == "simulator" else "run.cost"
    return analysis.say(key, cost=cost, but=_not_counted(analysis, analysis.cost))


def _not_counted(analysis: Edition, found: Cost) -> str:
    """Which calls are not in the cost; empty where all are."""
    if not found.unknown:
        return ""
    key = "run.cost_without_prices" if found.elsewhere else "run.cost_without_counts"
    return analysis.say(key, calls=analysis.say.noun(found.unknown, "call"))


def _gate(analysis: Edition) -> str:
    """Whether the run passes, for whoever let a machine decide."""
    gate, say = analysis.gate, analysis.say
    if gate is None:
        return ""
    if analysis.searches:
        return say(search_gate(analysis))
    every = say("gate.all" if analysis.levels.shaped else "gate.names")
    scope = (
        every
        if gate.slo.users is None or not analysis.levels.shaped
        else say("gate.users", users=say.noun(gate.slo.users, "user"))
    )
    failed = gate.failed(analysis.figures)
    if analysis.gate_passed:
        unsure = any(gate.unsure(key) for key in gate.counting(analysis.figures))
        return say.paragraph([say("gate.passed", scope=scope), say("gate.unsure") if unsure else ""])
    if not failed:
        return say("gate.empty", scope=scope)
    missed = [key for key in failed if gate.met(key) is False]
    unmeasured = [key for key in failed if key not in missed]
    empty = [key for key in unmeasured if not gate.checks.get(key)]
    reasons = [
        say(text, levels=level_names(say, analysis.figures.loc[keys]))
        for text, keys in (
            ("gate.missed", missed),
            ("gate.unmeasured", empty),
        )
        if keys
    ]
    reasons += _partly(analysis, gate, unmeasured)
    verdict = say("gate.failed", scope=scope, reasons=say("list.clause").join(reasons))
    unsure = not unmeasured and all(map(gate.unsure, missed))
    return say.paragraph([verdict, say("gate.unsure") if unsure else "", _every_level_counts(analysis, gate)])


def _every_level_counts(analysis: Edition, gate: Gate) -> str:
    """Why a run whose advised level is fine fails: levels that are meant to be too much count as well."""
    if gate.slo.users is not None or analysis.figures["load"].nunique() < 2:
        return ""
    return analysis.say("gate.every_level")


def _partly(analysis: Edition, gate: Gate, keys: Sequence[str]) -> list[str]:
    """What could not be judged in levels with ended calls, levels alike in it together."""
    say, alike = analysis.say, dict[str, list[str]]()
    for key in keys:
        if gate.unmeasured(key):
            alike.setdefault(unmeasured_words(say, gate.slo, gate.checks[key]), []).append(key)
    return [
        say("gate.partly", unmeasured=words, levels=level_names(say, analysis.figures.loc[own]))
        for words, own in alike.items()
    ]
