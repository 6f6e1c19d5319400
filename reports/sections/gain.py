"""Streaming beside non-streaming: what it gains in time to the first token, what it costs in all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports import intervals
from reports.gain import pairs
from reports.markdown import UNKNOWN, Column, amount, bounds, number, numbers, seconds, section, table
from reports.sections.words import at, chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis
    from reports.texts import Language


def gain(analysis: Analysis) -> str:
    """The sentence for the first screen, of the level that streaming is advised to run at; empty without both modes."""
    found = pairs(analysis.figures)
    if found.empty:
        return ""
    advised = [one.advised or one.best for one in analysis.conclusions if one.mode == "streaming"]
    users = analysis.number(advised[0], "users") if advised and advised[0] is not None else None
    place = list(found.index).index(users) if users in found.index else -1
    row = found.iloc[place]
    stream, whole = analysis.level(row["streaming"]), analysis.level(row["non_streaming"])
    return analysis.say(
        "gain",
        at=at(analysis.say, stream),
        ttft=seconds(stream["ttft_ms_p50"]),
        latency=seconds(whole["latency_ms_p50"]),
        change=_words(analysis.say, _change(analysis, row)),
    )


def streaming(analysis: Analysis, charts: Mapping[str, str]) -> str:
    """The two modes side by side, level by level."""
    found, say = pairs(analysis.figures), analysis.say
    if found.empty:
        return ""
    stream, whole = (analysis.figures.loc[found[mode]] for mode in ("streaming", "non_streaming"))
    changes = [_change(analysis, row) for _, row in found.iterrows()]
    shown = table(
        [
            Column(say("col.users"), [amount(users) for users in found.index]),
            numbers(say("col.ttft_gain"), stream["ttft_ms_p50"], seconds),
            numbers(say("col.whole_streaming"), stream["latency_ms_p50"], seconds),
            numbers(say("col.whole_non"), whole["latency_ms_p50"], seconds),
            Column(say("col.change"), [_percent(change) for change in changes]),
            numbers(say("col.output_streaming"), stream["output_tokens_per_s"]),
            numbers(say("col.output_non"), whole["output_tokens_per_s"]),
        ]
    )
    return section(say("streaming"), shown, chart(analysis, charts, "gain"))


def _change(analysis: Analysis, row: Any) -> intervals.Change | None:
    stream, whole = (analysis.levels.sample(row[mode], "latency_ms") for mode in ("streaming", "non_streaming"))
    return intervals.quantile_change(whole, stream, 50)


def _percent(change: intervals.Change | None) -> str:
    if change is None:
        return UNKNOWN
    return bounds(100 * change.low, 100 * change.high, lambda side: f"{side:+.1f}").replace(UNKNOWN, " … ")


def _words(say: Language, change: intervals.Change | None) -> str:
    """The change, if it is clearly one."""
    if change is None or change.low <= 0 <= change.high:
        return say("gain.same")
    middle = (change.low + change.high) / 2
    return say("gain.longer" if middle > 0 else "gain.shorter", percent=number(100 * abs(middle)))
