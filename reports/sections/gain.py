"""Streaming beside non-streaming: what it gains in time to the first token, what it costs in all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports import intervals
from reports.gain import pairs
from reports.markdown import UNKNOWN, Column, amount, number, numbers, seconds, section, table
from reports.sections.words import at, chart, footnotes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis
    from reports.texts import Language


@dataclass(frozen=True)
class Change:
    """How the P50 of the whole answer with streaming differs from that without, as shares."""

    point: float
    interval: intervals.Change | None
    """None of too few calls."""


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
    return section(say("streaming"), shown, footnotes(say, shown), chart(analysis, charts, "gain"))


def _change(analysis: Analysis, row: Any) -> Change:
    stream, whole = (analysis.level(row[mode])["latency_ms_p50"] for mode in ("streaming", "non_streaming"))
    after, before = (analysis.levels.sample(row[mode], "latency_ms") for mode in ("streaming", "non_streaming"))
    return Change(stream / whole - 1 if whole > 0 else math.nan, intervals.quantile_change(before, after, 50))


def _percent(change: Change) -> str:
    """The change in per cent, with its interval if there is one."""
    if not math.isfinite(change.point):
        return UNKNOWN
    sides = change.interval
    text = f"{100 * change.point:+.1f}"
    return f"{text} ({100 * sides.low:+.1f} … {100 * sides.high:+.1f})" if sides else text


def _words(say: Language, change: Change) -> str:
    """The change, if it is clearly one."""
    sides = change.interval
    if sides is None or sides.low <= 0 <= sides.high:
        return say("gain.same")
    return say("gain.longer" if change.point > 0 else "gain.shorter", percent=number(100 * abs(change.point)))
