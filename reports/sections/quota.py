"""What each level used of the quotas, and which breaks first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.markdown import amount, code, escape, number, numbers, percent, section, table
from reports.numbers.account import SLIGHT_PERCENT, notes, sources
from reports.numbers.forecast import SLIGHT_SHARE, lenient
from reports.sections.words import at, has_part, label, level_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from reports.edition import Edition
    from reports.markdown import Column
    from reports.numbers.conclusion import Conclusion
    from reports.numbers.forecast import Forecast
    from reports.texts import Language

LONGEST_NOTE = 500
"""Characters of a line about the account."""


def quota(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """Requests and tokens per minute as the service counts them, with the shares of the quotas."""
    found, say = analysis.quota, analysis.say
    rows = found.table[found.table["requests_per_min"] > 0]
    if rows.empty:
        return ""
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows.index]),
            numbers(say("col.requests_min"), rows["requests_per_min"]),
            *_shares(say, rows, is_runtime="requests" in found.names),
            numbers(say("col.ratio"), rows["reserve_ratio"]),
            *(
                [numbers(say("col.throttled"), rows["throttled_share"], percent)]
                if rows["throttled_share"].any()
                else []
            ),
        ]
    )
    is_mantle = "input" in found.names
    note_key = "quota.note_mantle" if is_mantle else "quota.note"
    note = say(note_key, burndown=f"{found.output_burndown:g}") if rows["counted_per_min"].notna().any() else ""
    none = "" if any(found.per_minute.values()) else say("quota.none_mantle" if is_mantle else "quota.none")
    sums = together(analysis) if not analysis.levels.shaped and len(rows) > 1 else ""
    return section(
        say("quota"),
        shown,
        _elsewhere(analysis),
        sums,
        note,
        *_forecasts(analysis),
        *_lenient(analysis),
        _reserve(analysis),
        *_account(analysis),
        none,
    )


def _elsewhere(analysis: Edition) -> str:
    """Which model the quotas are of, where others were called, too."""
    say, count = analysis.say, analysis.quota.elsewhere
    model = code(analysis.run.text("settings", "model", "id"))
    return say("quota.elsewhere", model=model, calls=say.noun(count, "call")) if count else ""


def _account(analysis: Edition) -> Iterator[str]:
    """Where the quotas came from, and what others used of them before the load."""
    say, found = analysis.say, sources(analysis.run)
    quotas = {one.name: say(f"quota.of_{one.name}", quota=amount(one.value)) for one in found}
    listed = [say("quota.coded", quota=quotas[one.name], code=code(one.code)) for one in found if one.found]
    if listed:
        yield say("quota.found", quotas=say.listing(listed))
    for one in found:
        if one.differs:
            yield say("quota.differs", quota=quotas[one.name], value=amount(one.in_account), code=code(one.code))
    shares = [
        say("quota.share", percent=number(one.others_percent), quota=quotas[one.name])
        for one in found
        if (one.others_percent or 0) >= SLIGHT_PERCENT
    ]
    if shares:
        yield say("quota.others", shares=say.listing(shares))
    for note in notes(analysis.run):
        yield say("quota.lookup", note=escape(note, LONGEST_NOTE))


def _shares(say: Language, rows: pd.DataFrame, *, is_runtime: bool) -> list[Column]:
    """What was used of each quota of the endpoint, as the service counts it, and the share of it."""
    counted = [
        numbers(say("col.tokens_min"), rows["tokens_per_min"]),
        numbers(say("col.reserved"), rows["reserved_in_flight"]),
        numbers(say("col.counted_min"), rows["counted_per_min"]),
    ]
    if is_runtime:
        requests = numbers(say("col.percent_requests"), rows["requests_percent"])
        return [requests, *counted, numbers(say("col.percent_tokens"), rows["tokens_percent"])]
    return [
        *counted,
        numbers(say("col.percent_input"), rows["input_percent"]),
        numbers(say("col.output_min"), rows["output_per_min"]),
        numbers(say("col.percent_output"), rows["output_percent"]),
    ]


def together(analysis: Edition) -> str:
    """In a run without levels all kinds of call use the quotas at once; empty if no quota is known."""
    say, found = analysis.say, analysis.quota
    shown = [
        say("quota.share", percent=number(used), quota=_of(analysis, name))
        for name in analysis.quota.names
        if (used := found.together.get(name, 0.0)) > 0
    ]
    return say("quota.together", shares=say.listing(shown)) if shown else ""


def over(analysis: Edition, found: Conclusion) -> Iterator[str]:
    """From which level on a mode was above a quota that only the short window hid."""
    if found.over is None or found.over_at is None:
        yield from _about(analysis, found)
        return
    say, row = analysis.say, analysis.level(found.over_at)
    of_mode = analysis.of(found)
    where = at(say, row) if has_part(row) or found.over_at == of_mode[-1] else say("from.users", level=label(say, row))
    used = analysis.quota.used(found.over.quota)[of_mode[of_mode.index(found.over_at) :]]
    used = used[analysis.quota.table["throttled_share"][used.index] <= SLIGHT_SHARE]
    shown = [
        say("quota.at", percent=number(used[key]), at=at(say, analysis.level(key)))
        for key in dict.fromkeys([found.over_at, str(used.idxmax())])
    ]
    window, quota_ = number(row["window_s"]), _of(analysis, found.over.quota)
    others = found.over.others_percent
    values = {"where": say.sentence(where), "quota": quota_, "used": say.listing(shown), "window": window}
    yield say("runs.over_beside" if others else "runs.over", others=number(others), **values)


def _about(analysis: Edition, found: Conclusion) -> Iterator[str]:
    """The first level of a mode that may have been above a quota, or not."""
    for key in [key for key in analysis.of(found) if key in analysis.overused][:1]:
        say, used = analysis.say, analysis.overused[key]
        others = used.others_percent
        shares = {"percent": number(used.percent + others), "low": number(used.low_percent + others)}
        values = {**shares, "quota": _of(analysis, used.quota), "others": number(others)}
        text = "runs.about_beside" if others else "runs.about"
        yield say(text, where=say.sentence(at(say, analysis.level(key))), **values)


def used_up(analysis: Edition, mode: str) -> Iterator[str]:
    """The quota that breaks first in a mode, in a sentence of the conclusion."""
    forecast = _told(analysis, mode)
    if forecast is not None:
        text = "runs.used_up" if forecast.basis == "between" else "runs.would_be_used_up"
        values = {"users": _load(analysis, forecast), "beside": _beside(analysis, forecast)}
        yield analysis.say(text, quota=_of(analysis, forecast.quota), **values)


def _beside(analysis: Edition, forecast: Forecast) -> str:
    """That others' use of a quota is counted; empty where it is not known."""
    others = analysis.quota.others.get(forecast.quota, 0.0)
    return analysis.say("runs.with_others", others=number(others)) if others else ""


def _told(analysis: Edition, mode: str) -> Forecast | None:
    """The forecast that the conclusion tells of a mode; none where a level is about at the quota, be it by chance."""
    told = [found for found in analysis.conclusions if found.mode == mode]
    if not told or not analysis.levels.shaped or any(_is_about(analysis, found) for found in told):
        return None
    found = next((one for one in analysis.forecasts if one.mode == mode and one.load is not None), None)
    return found if found is not None and found.is_sure else None


def _is_about(analysis: Edition, found: Conclusion) -> bool:
    return found.over is None and any(key in analysis.overused for key in analysis.of(found))


def _of(analysis: Edition, name: str) -> str:
    return analysis.say(f"quota.of_{name}", quota=amount(analysis.quota.most(name)))


def _load(analysis: Edition, forecast: Forecast) -> str:
    """The load with which the quota is used up: the least whole number of users, or a rate."""
    load, unit = forecast.load or 0, analysis.levels.unit
    return analysis.say.load(max(math.ceil(load - 1e-6), 1) if unit == "users" else float(f"{load:.2g}"), unit)


def _forecasts(analysis: Edition) -> Iterator[str]:
    """A paragraph for each mode: the quota that breaks first, and the other."""
    say = analysis.say
    for mode in dict.fromkeys(forecast.mode for forecast in analysis.forecasts):
        told, own = _told(analysis, mode), [one for one in analysis.forecasts if one.mode == mode]
        of_mode = [_forecast(analysis, forecast, is_told=forecast is told) for forecast in own]
        yield say("quota.mode", mode=say.sentence(say.mode(mode)), forecasts=say.paragraph(of_mode))


def _forecast(analysis: Edition, forecast: Forecast, *, is_told: bool) -> str:
    """What a forecast is reckoned from, and from which load on if the conclusion has not told it."""
    say, used = analysis.say, analysis.quota.used(forecast.quota)
    shown = [say("quota.at", percent=number(used[key]), at=at(say, analysis.level(key))) for key in forecast.keys]
    values = {"quota": say(f"quota.{forecast.quota}"), "levels": say.listing(shown)}
    if forecast.load is None or is_told:
        return say("quota.measured" if is_told else "quota.full", **values)
    sure = "quota.between" if forecast.basis == "between" else "quota.beyond"
    text = sure if forecast.is_sure else "quota.unsure"
    return say(text, users=_load(analysis, forecast), beside=_beside(analysis, forecast), **values)


def _lenient(analysis: Edition) -> Iterator[str]:
    """The quotas that cannot be the real ones."""
    for name, key in lenient(analysis.quota, analysis.figures).items():
        used, where = number(analysis.quota.used(name)[key]), at(analysis.say, analysis.level(key))
        yield analysis.say("quota.lenient", quota=_of(analysis, name), percent=used, at=where)


def _reserve(analysis: Edition) -> str:
    ratio = analysis.quota.table["reserve_ratio"].median()
    if not ratio >= 1.5 or not analysis.quota.reserves:
        return ""
    return analysis.say("quota.reserve", max_tokens=amount(analysis.quota.max_tokens), ratio=number(ratio))
