"""What each level used of the quotas, and which breaks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, number, numbers, percent, section, table
from reports.sections.words import at, level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis


OVER_PERCENT = 120
"""So much of a quota without a throttle says that the quota is another: bursts explain less."""


def quota(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """Requests and tokens per minute as the service counts them, with the shares of the quotas."""
    found, say = analysis.quota, analysis.say
    rows = found.table[found.table["requests_per_min"] > 0]
    if rows.empty or not analysis.levels.shaped:
        return ""
    shown = table(
        [
            *level_columns(say, analysis.figures.loc[rows.index]),
            numbers(say("col.requests_min"), rows["requests_per_min"]),
            numbers(say("col.percent_requests"), rows["requests_percent"]),
            numbers(say("col.tokens_min"), rows["tokens_per_min"]),
            numbers(say("col.reserved"), rows["reserved_in_flight"]),
            numbers(say("col.counted_min"), rows["counted_per_min"]),
            numbers(say("col.percent_tokens"), rows["tokens_percent"]),
            numbers(say("col.ratio"), rows["reserve_ratio"]),
            *(
                [numbers(say("col.throttled"), rows["throttled_share"], percent)]
                if rows["throttled_share"].any()
                else []
            ),
        ]
    )
    note = say("quota.note", burndown=f"{found.output_burndown:g}") if rows["counted_per_min"].notna().any() else ""
    none = "" if (found.percent > 0).any() else say("quota.none")
    return section(say("quota"), shown, note, _forecast(analysis), _reserve(analysis), none)


def _forecast(analysis: Analysis) -> str:
    forecast, say = analysis.forecast, analysis.say
    if forecast is None:
        return ""
    if forecast.percent > OVER_PERCENT:
        return say("quota.lenient", at=at(say, analysis.level(forecast.key)))
    return say(
        "quota.forecast",
        quota=say(f"quota.{forecast.quota}"),
        users=say.noun(max(round(forecast.users), 1), "user"),
        at=at(say, analysis.level(forecast.key)),
        percent=number(forecast.percent),
    )


def _reserve(analysis: Analysis) -> str:
    ratio = analysis.quota.table["reserve_ratio"].median()
    if not ratio >= 1.5:
        return ""
    return analysis.say("quota.reserve", max_tokens=amount(analysis.quota.max_tokens), ratio=number(ratio))
