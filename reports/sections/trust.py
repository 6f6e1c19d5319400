"""Reasons to doubt the numbers of a run, in words, each with what to do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.markdown import UNKNOWN, amount, code, escape, number
from reports.numbers.ramp import is_profile
from reports.sections.words import (
    API_NAMES,
    SEARCH,
    label,
    length_setting,
    level_names,
    reason,
    remedy_words,
    replays_whole_trace,
    section_of_load,
)
from reports.texts.agreement import Counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.edition import Edition
    from reports.numbers.doubts import Doubt


def told(analysis: Edition) -> list[str]:
    """One Markdown paragraph per reason, in the order of `reports.numbers.doubts.doubts`."""
    return [_told(analysis, doubt) for doubt in analysis.doubts]


def _told(analysis: Edition, doubt: Doubt) -> str:
    key = doubt.what if doubt.what.startswith("damage.") else f"trust.{doubt.what}"
    words = {name: WORDS[name](analysis, value) for name, value in doubt.values.items() if name in WORDS}
    more = SPECIAL[doubt.what](analysis, doubt.values) if doubt.what in SPECIAL else {}
    unit = SEARCH if analysis.searches else analysis.levels.unit
    setting = length_setting(analysis)
    kind = "trace" if replays_whole_trace(analysis) else unit
    if kind == "trace" and analysis.run.text("ended") not in {"", "complete"}:
        kind = "trace_cut"
    longer = analysis.say(f"trust.longer.{kind}", setting=setting)
    usual = {"longer": longer, "setting": setting, "section": section_of_load(analysis)}
    if doubt.what == "drift" and is_profile(analysis.figures).any():
        key = f"{key}_of_parts"
    return analysis.say.sentence(analysis.say(key, **{**usual, **words, **more}))


def _levels(analysis: Edition, keys: list[str]) -> str:
    return level_names(analysis.say, analysis.figures.loc[keys])


def _workers(analysis: Edition, names: list[str]) -> str:
    listed = Counted(analysis.say.listing([code(name) for name in names]), len(names))
    return Counted(analysis.say("trust.workers", workers=listed), len(names))


def _apis(analysis: Edition, apis: list[str]) -> str:
    return analysis.say.listing([API_NAMES.get(api, code(api)) for api in apis])


def _codes(analysis: Edition, texts: list[str]) -> str:
    return analysis.say.listing([code(text) for text in texts])


WORDS: Mapping[str, Callable[[Edition, Any], str]] = {
    "answers": lambda analysis, count: analysis.say.noun(count, "answer"),
    "calls": lambda analysis, count: analysis.say.noun(count, "successful"),
    "category": lambda _, category: escape(category),
    "change": lambda _, change: f"{change:+.0f}",
    "count": lambda analysis, count: analysis.say.noun(count, "call"),
    "delay_ms": lambda _, delay_ms: number(delay_ms),
    "exceptions": lambda analysis, count: analysis.say.noun(count, "exception"),
    "apis": _apis,
    "found": lambda _, count: amount(count),
    "host": lambda _, host: code(host),
    "levels": _levels,
    "lines": lambda analysis, count: analysis.say.noun(count, "line"),
    "lost": lambda _, count: amount(count),
    "made": lambda analysis, count: analysis.say.noun(count, "call"),
    "missing": lambda _, count: amount(count),
    "models": _codes,
    "needed": lambda _, count: amount(count),
    "needed_s": lambda analysis, length_s: analysis.say.duration(length_s),
    "percent": lambda _, percent: number(percent),
    "planned": lambda analysis, count: analysis.say.noun(count, "planned"),
    "raised": lambda analysis, raised: analysis.say.listing(
        [f"{code(text)} ({amount(count)})" for text, count in raised]
    ),
    "reason": lambda _, reason: escape(reason),
    "reasons": lambda analysis, reasons: analysis.say.listing([reason(analysis.say, one) for one in reasons]),
    "rows": lambda analysis, count: analysis.say.noun(count, "row"),
    "still_s": lambda _, still_s: f"{still_s:.1f}" if math.isfinite(still_s) else UNKNOWN,
    "started": lambda _, count: amount(count),
    "tiers": _codes,
    "worker": lambda analysis, name: _workers(analysis, [name]),
    "workers": _workers,
    "written": lambda _, count: amount(count),
}
"""How each value of a doubt is written."""


def _end(analysis: Edition, _values: Mapping[str, Any]) -> dict[str, str]:
    return why_it_ended(analysis)


def why_it_ended(analysis: Edition) -> dict[str, str]:
    """Why the run ended: a limit by its setting, anything else in the words of the run."""
    run, limit = analysis.run, analysis.run.text("limit")
    value = run.number("settings", *limit.split(".")) if limit else None
    if value is not None:
        total = run.number("limit_total")
        came = "" if total is None else analysis.say("trust.limit_total", total=f"{total:,.6g}")
        return {"reason": analysis.say("trust.reason", reason=f"{code(limit)} = {value:,g}{came}")}
    reason = escape(run.text("end_reason"))
    return {"reason": analysis.say("trust.reason", reason=reason) if reason else ""}


def _same_failures(analysis: Edition, values: Mapping[str, Any]) -> dict[str, str]:
    return {**_end(analysis, values), "remedy": remedy_words(analysis.remedy(values["category"]))}


def _late_said(analysis: Edition, values: Mapping[str, Any]) -> dict[str, str]:
    return {"levels": analysis.say.listing([_late_level(analysis, *item) for item in values["causes"].items()])}


def _late_level(analysis: Edition, key: str, causes: list[dict[str, Any]]) -> str:
    say, name = analysis.say, label(analysis.say, analysis.level(key), mode=True)
    why = [
        say(f"cause.{cause['what']}", worker=code(cause["worker"]), value=f"{cause['value']:,.0f}") for cause in causes
    ]
    return f"{name} ({say.listing(why)})" if why else name


def _arrivals_lost(analysis: Edition, values: Mapping[str, Any]) -> dict[str, str]:
    say, section = analysis.say, section_of_load(analysis)
    return {"remedies": "".join(say(f"trust.arrivals_{one}", section=section) for one in values["remedies"])}


def _refused(_analysis: Edition, values: Mapping[str, Any]) -> dict[str, str]:
    return {"reason": escape(values["reason"], 400)}


SPECIAL: Mapping[str, Callable[[Edition, Mapping[str, Any]], dict[str, str]]] = {
    "running": _end,
    "interrupted": _end,
    "limited": _end,
    "failed": _end,
    "same_failures": _same_failures,
    "refused": _refused,
    "refused_all": _refused,
    "arrivals_lost": _arrivals_lost,
    "late_said": _late_said,
    "late_machine": _late_said,
}
"""Doubts with words of their own."""
