"""Streaming beside non-streaming: what it gains in time to the first token, what it costs in all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.markdown import UNKNOWN, Column, bracketed, number, numbers, seconds, section, signed, span, table
from reports.sections.words import at, chart, footnotes, has_part, level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from reports.edition import Edition
    from reports.numbers.gain import Gain
    from reports.texts import Language


def gain(analysis: Edition) -> str:
    """The sentence for the first screen, of the level that streaming is advised to run at; empty without both modes."""
    found = analysis.gains
    if not found:
        return ""
    told = _at_the_load_advised(analysis, found)
    stream, whole = analysis.level(told.streaming), analysis.level(told.non_streaming)
    return analysis.say(
        "gain",
        at=at(analysis.say, stream),
        ttft=seconds(stream["ttft_ms_p50"]),
        latency=seconds(whole["latency_ms_p50"]),
        streamed=seconds(stream["latency_ms_p50"]),
        change=_words(analysis.say, told),
    )


def _at_the_load_advised(analysis: Edition, found: Sequence[Gain]) -> Gain:
    """The pair of levels with the load of the one advised, which may be a later one with the same load; else the last.

    Parts of a profile are told apart by their numbers, as their rates may be alike.
    """
    advised = [one.advised or one.best for one in analysis.conclusions if one.mode == "streaming"]
    if not advised or advised[0] is None:
        return found[-1]
    wanted = _place(analysis.level(advised[0]))
    return next((one for one in found if _place(analysis.level(one.streaming)) == wanted), found[-1])


def _place(row: pd.Series[Any]) -> float:
    return float(row["part"] if has_part(row) else row["load"])


def streaming(analysis: Edition, charts: Mapping[str, str]) -> str:
    """The two modes side by side, level by level."""
    found, say = analysis.gains, analysis.say
    if not found:
        return ""
    stream = analysis.figures.loc[[one.streaming for one in found]]
    whole = analysis.figures.loc[[one.non_streaming for one in found]]
    shown = table(
        [
            *level_columns(say, stream, mode=False),
            numbers(say("col.ttft_gain"), stream["ttft_ms_p50"], seconds),
            numbers(say("col.whole_streaming"), stream["latency_ms_p50"], seconds),
            numbers(say("col.whole_non"), whole["latency_ms_p50"], seconds),
            Column(say("col.change"), [_percent(one) for one in found]),
            numbers(say("col.output_streaming"), stream["output_tokens_per_s"]),
            numbers(say("col.output_non"), whole["output_tokens_per_s"]),
        ]
    )
    return section(say("streaming"), shown, footnotes(say, shown), chart(analysis, charts, "gain"))


def _percent(gain_: Gain) -> str:
    """The change in per cent, with its interval if there is one."""
    if not math.isfinite(gain_.change):
        return UNKNOWN
    sides = gain_.interval
    return bracketed(
        signed(100 * gain_.change), span(signed(100 * sides.low), signed(100 * sides.high)) if sides else ""
    )


def _words(say: Language, gain_: Gain) -> str:
    """The change if it is clearly one, else what is not known of it."""
    sides = gain_.interval
    if sides is None:
        return say("gain.few")
    ends, change = say.span(f"{100 * sides.low:+.0f}", f"{100 * sides.high:+.0f}"), number(100 * abs(gain_.change))
    if sides.low <= 0 <= sides.high:
        return say("gain.none", ends=ends)
    return say("gain.longer" if gain_.change > 0 else "gain.shorter", percent=change, ends=ends)
