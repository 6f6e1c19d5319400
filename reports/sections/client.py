"""The health of the load generator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, code, escape, numbers, section, table, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def client(analysis: Edition, _charts: Mapping[str, str]) -> str:
    """CPU, lost calls and delays of each worker."""
    workers, say = analysis.workers, analysis.say
    names = workers.index.to_series().map(lambda name: code(name) if name else say("unnamed"))
    odd = workers["state"].mask(workers["state"] == "finished", "")
    shown = table(
        [
            texts(say("col.worker"), names),
            numbers(say("col.calls"), workers["calls"], amount),
            *([texts(say("col.state"), workers["state"].map(escape))] if odd.any() else []),
            numbers(say("col.cpu"), workers["cpu_percent"]),
            numbers(say("col.send_p50"), workers["send_delay_ms_p50"]),
            numbers(say("col.send_p99"), workers["send_delay_ms_p99"]),
            numbers(say("col.lag_p50"), workers["read_lag_ms_p50"]),
            numbers(say("col.lag_p99"), workers["read_lag_ms_p99"]),
        ]
    )
    delayed = workers["send_delay_ms_p50"].notna().any()
    return section(say("client"), shown, say("client.note") if delayed else "") if shown else ""
