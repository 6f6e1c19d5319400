"""The calls to ask AWS support about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.figures import stream_metrics
from reports.markdown import Column, amount, code, moment, numbers, seconds, section, table, texts
from reports.sections.words import level_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis

MOST = 10


def slowest(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """The ten measured calls that succeeded last, with what AWS support asks for."""
    measured = analysis.levels.measured
    ok = stream_metrics(measured[measured["error"] == ""])
    calls = ok.sort_values(["latency_ms", "started_at", "request_id"], ascending=[False, True, True]).head(MOST)
    shown = table(
        [
            *level_columns(analysis.figures.loc[calls["key"]]),
            Column("Latency (s)", [seconds(latency_ms) for latency_ms in calls["latency_ms"]]),
            numbers("TTFT (ms)", calls["ttft_ms"]),
            numbers("Longest gap (ms)", calls["max_gap_ms"]),
            numbers("Output tokens", calls["output_tokens"], amount),
            texts("Stop reason", calls["stop_reason"].map(code)),
            texts("Started (UTC)", [moment(at, "%H:%M:%S") for at in calls["started_at"]]),
            texts("Request id", calls["request_id"].map(code)),
        ]
    )
    return section("Slowest successful calls", shown)
