"""The figures of each level. Definitions and reasons: docs/metrics.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports import percentiles, throughput
from reports.run import CANCELLED

if TYPE_CHECKING:
    from reports.levels import Levels

METRICS = ("latency_ms", "ttft_ms", "first_text_ms", "tpot_ms", "max_gap_ms")
STREAM_METRICS = METRICS[1:]
OUTCOMES = ("ok", "failed", "cancelled")
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def figures(levels: Levels) -> pd.DataFrame:
    """One row per level: the columns of `Levels.table`, counts, statistics, tokens, rates.

    `ok`, `failed`, `cancelled` and `success_rate` (0 to 1) are of the measured calls; so are
    `<metric>_p95` and its like (see `percentiles.summary`), over the successful ones, and
    `<tokens>_mean` per call. Rates are those of `throughput.rates`. `speed_per_s` is the output
    speed that one user sees, in tokens/s.
    """
    measured = levels.measured
    ok = stream_metrics(measured[measured["error"] == ""])
    parts = [counts(measured), *(percentiles.summary(ok, "key", metric) for metric in METRICS)]
    parts += [ok.groupby("key")[list(TOKENS)].mean().add_suffix("_mean"), _rates(levels)]
    table = pd.concat([levels.table, *(part.reindex(levels.table.index) for part in parts)], axis=1)
    table = table.fillna(dict.fromkeys((*OUTCOMES, *(f"{metric}_count" for metric in METRICS)), 0))
    table["success_rate"] = table["ok"] / (table["ok"] + table["failed"])
    table["speed_per_s"] = (1000 / table["tpot_ms_p50"]).where(table["tpot_ms_p50"] > 0)
    return table


def counts(calls: pd.DataFrame) -> pd.DataFrame:
    """`ok`, `failed` and `cancelled` calls by `key`."""
    return pd.crosstab(calls["key"], outcomes(calls)).reindex(columns=list(OUTCOMES), fill_value=0)


def outcomes(calls: pd.DataFrame) -> pd.Series[str]:
    """What became of each call: `ok`, `failed` or `cancelled`."""
    return calls["error"].map(lambda error: {"": "ok", CANCELLED: "cancelled"}.get(error, "failed"))


def stream_metrics(calls: pd.DataFrame) -> pd.DataFrame:
    """The calls with `tpot_ms`; what only a stream can tell is left to streaming calls.

    TPOT = (last token - first token) / (output tokens - 1), of calls with two output tokens or more.
    """
    gaps = calls["output_tokens"] - 1
    span_ms = calls["last_token_ms"] - calls["ttft_ms"]
    calls = calls.assign(tpot_ms=(span_ms / gaps).where(gaps >= 1))
    streaming = calls["mode"] == "streaming"
    return calls.assign(**{metric: calls[metric].where(streaming) for metric in STREAM_METRICS})


def _rates(levels: Levels) -> pd.DataFrame:
    windows = levels.table[["measured_from", "measured_to"]].itertuples()
    rows = {key: throughput.rates(levels.scope(key), opened_at, closed_at) for key, opened_at, closed_at in windows}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(throughput.RATES), dtype="float64")
