"""The health of the load generator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.markdown import amount, code, escape, numbers, section, table, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.analysis import Analysis


def client(analysis: Analysis, _charts: Mapping[str, str]) -> str:
    """CPU, lost calls and delays of each worker."""
    workers = analysis.workers
    names = workers.index.to_series().map(lambda name: code(name) if name else "unnamed")
    odd = workers["state"].mask(workers["state"] == "finished", "")
    shown = table(
        [
            texts("Worker", names),
            numbers("Calls", workers["calls"], amount),
            *([texts("State", workers["state"].map(escape))] if odd.any() else []),
            numbers("CPU (% of a core)", workers["cpu_percent"]),
            numbers("Before the send P50 (ms)", workers["send_delay_ms_p50"]),
            numbers("Before the send P99 (ms)", workers["send_delay_ms_p99"]),
            numbers("Read late P50 (ms)", workers["read_lag_ms_p50"]),
            numbers("Read late P99 (ms)", workers["read_lag_ms_p99"]),
        ]
    )
    note = (
        "Before the send: what the client needed to build, sign and connect; it is in no other time. "
        "If these times are large beside the first token, use more worker processes (`--processes`)."
    )
    delayed = workers["send_delay_ms_p50"].notna().any()
    return section("The load generator's own health", shown, note if delayed else "") if shown else ""
