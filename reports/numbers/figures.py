"""The figures of each level. Definitions and reasons: docs/metrics.md."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.numbers import gaps as between
from reports.numbers import intervals, percentiles, sample, throughput
from reports.numbers.percentiles import PERCENTS
from reports.numbers.trials import trials
from reports.reading.blocks import alike
from reports.reading.levels import OUTCOMES, STREAM_METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.numbers.sample import Sample
    from reports.reading.levels import Levels

    Points = Mapping[str, Sequence[float]]

METRICS = ("latency_ms", *STREAM_METRICS, "server_ttft_ms", "server_latency_ms", "send_delay_ms", "read_lag_ms")
SLO_METRICS = ("ttft_ms", "tpot_ms", "latency_ms")
"""What an SLO can ask for."""
TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")


def figures(levels: Levels, gaps: pd.DataFrame, slo_percentile: float = 95) -> pd.DataFrame:
    """One row per level: the columns of `Levels.table`, counts, statistics, tokens, rates.

    `ok`, `failed`, `cancelled` and `success_rate` (0 to 1, with its interval `success_rate_low` to
    `_high` and its design effect `success_rate_effect`) are of measured calls; so are `<metric>_p95` and its like
    (see `percentiles.summary`), over the successful ones and, of TTFT and latency, calls that are known to have been
    slow (see `sample.complete`; `<metric>_p95_longer` is 1 where only a lower bound is known, and
    `<metric>_of_successes_p95` leaves them out), and `<tokens>_mean` per call. What an SLO can
    ask for has its percentile, too; `<tokens>_count` is how many successes have a count. Rates are those
    of `throughput.rates`, `gap_ms_...` those of `gaps.figures` from the buckets `gaps`.
    `speed_per_s` is the output speed that one user sees, in tokens/s.
    """
    counted = counts(levels)
    points = {
        metric: percentiles.with_extra(slo_percentile) if metric in SLO_METRICS else PERCENTS for metric in METRICS
    }
    rows = {
        key: {
            **counted.get(key, _NONE),
            **_statistics(levels, key, points),
            **_rates(levels, key),
            **_gaps(levels, key, gaps),
        }
        for key in levels.table.index
    }
    columns = [*OUTCOMES, *_statistics_columns(points), *throughput.RATES, *between.FIGURES]
    table = levels.table.join(pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype="float64"))
    ended = table["ok"] + table["failed"]
    table["success_rate"] = table["ok"] / ended
    every = [trials(levels, str(key)) for key in table.index]
    sides = [(*one.interval(), one.effect) for one in every]
    names = ["success_rate_low", "success_rate_high", "success_rate_effect"]
    table[names] = pd.DataFrame(sides, index=table.index, columns=names, dtype="float64")
    table["speed_per_s"] = (1000 / table["tpot_ms_p50"]).where(table["tpot_ms_p50"] > 0)
    return table.copy()


_NONE = dict.fromkeys(OUTCOMES, 0)


def counts(levels: Levels) -> dict[str, dict[str, int]]:
    """`ok`, `failed` and `cancelled` measured calls of each level that has any."""
    found: dict[str, dict[str, int]] = {}
    for (key, outcome), same in alike(levels.calls, ["key", "outcome"], levels.counted).items():
        found.setdefault(key, dict(_NONE))[outcome] = same.calls
    return found


def _statistics(levels: Levels, key: str, points: Points) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for metric in METRICS:
        successes = sample.of(levels, key, metric)
        table |= percentiles.summary(successes.ordered, metric, points[metric], successes.widened_effect)
        if metric in sample.SLOW_METRICS:
            table |= _plain(table, metric, points[metric])
            table |= _complete(sample.complete(levels, key, metric), metric, points[metric])
    for tokens in TOKENS:
        values = levels.sample(key, tokens)
        table[f"{tokens}_mean"] = float(values.mean(dtype="float64")) if len(values) else float("nan")
        table[f"{tokens}_count"] = float(len(values))
    return table


def _plain(table: Mapping[str, Any], metric: str, percents: Sequence[float]) -> dict[str, float]:
    """The percentiles of successes alone, as other tools have them, under their own name."""
    return {f"{metric}_of_successes_p{percent:g}": table[f"{metric}_p{percent:g}"] for percent in percents}


def _complete(own: Sample, metric: str, percents: Sequence[float]) -> dict[str, Any]:
    """The percentiles with the calls that are known to have been slow, though they did not succeed."""
    if own.longer is None:
        return {f"{metric}_p{percent:g}_longer": 0.0 for percent in percents}
    table: dict[str, Any] = {}
    for percent in percents:
        low, high = intervals.quantile(own.ordered, percent, own.widened_effect(percent))
        _, known = intervals.quantile(own.most, percent, own.widened_effect(percent))
        name = f"{metric}_p{percent:g}"
        table |= {name: own.at(percent), f"{name}_low": low, f"{name}_high": high if known < math.inf else math.nan}
        table[f"{name}_longer"] = float(own.is_longer(percent))
    return table


def _statistics_columns(points: Points) -> list[str]:
    named = [f"{metric}_{part}" for metric in METRICS for part in ("count", *percentiles.STATISTICS)]
    places = [f"{metric}_p{percent:g}" for metric in METRICS for percent in points[metric]]
    named += [f"{place}{side}" for place in places for side in ("", "_low", "_high")]
    named += [
        f"{metric}_{name}"
        for metric in sample.SLOW_METRICS
        for percent in points[metric]
        for name in (f"of_successes_p{percent:g}", f"p{percent:g}_longer")
    ]
    return named + [f"{tokens}_{part}" for tokens in TOKENS for part in ("mean", "count")]


def _gaps(levels: Levels, key: str, buckets: pd.DataFrame) -> dict[str, float]:
    """Calls without streaming have none, also where they have the name of others."""
    return between.figures(buckets, str(levels.table["name"][key]) if levels.mode(key) == "streaming" else "")


def _rates(levels: Levels, key: str) -> dict[str, float]:
    opened_at, closed_at = levels.window(key)
    if not closed_at > opened_at:
        return dict.fromkeys(throughput.RATES, float("nan"))
    return throughput.rates(throughput.inside(levels, key), opened_at, closed_at)
