"""The calls to ask AWS support about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.markdown import Column, amount, code, moment, numbers, seconds, section, table, texts
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from reports.edition import Edition


def slowest(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The ten measured calls that took longest and succeeded, with what AWS support asks for."""
    return section(analysis.say("slowest"), _calls(analysis, analysis.slowest))


def stalls(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """The ten answers with the longest silence in their middle."""
    calls = analysis.stalls
    return section(analysis.say("stalls"), analysis.say("stalls.note"), _calls(analysis, calls)) if len(calls) else ""


def _calls(analysis: Edition, calls: pd.DataFrame) -> str:
    say, streaming = analysis.say, (calls["mode"] == "streaming").to_numpy()
    numbers_of: dict[str, Any] = {name: calls[name].where(streaming) for name in ("ttft_ms", "max_gap_ms")}
    return table(
        [
            *level_columns(say, analysis.figures.loc[calls["key"]]),
            Column(say("col.latency_one"), [seconds(latency_ms) for latency_ms in calls["latency_ms"]]),
            numbers(say("col.ttft_one"), numbers_of["ttft_ms"]),
            numbers(say("col.gap"), numbers_of["max_gap_ms"]),
            numbers(say("col.output_tokens"), calls["output_tokens"], amount),
            texts(say("col.stop_reason"), calls["stop_reason"].astype("str").map(code)),
            texts(say("col.started"), [moment(at, "%H:%M:%S") for at in calls["started_at"]]),
            texts(say("col.request_id"), calls["request_id"].map(code)),
        ]
    )
