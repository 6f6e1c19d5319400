"""What the traces of responses tell: the time that a guardrail took, and the model that a prompt router chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from reports.numbers.percentiles import p50_p95
from reports.reading.calls import MODES
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.reading.levels import Levels

TIMES = ("ttft_ms", "latency_ms")


def guardrails(levels: Levels) -> pd.DataFrame:
    """One row for each level whose measured successes tell what a guardrail took; empty without such calls.

    `level`, `calls`, and `guardrail_ms` and `latency_ms` of these calls, each as `_p50` and `_p95`.
    """
    calls = _good(levels)
    calls = calls[calls["guardrail_ms"].notna()]
    order = [key for key in levels.table.index if (calls["key"] == key).any()]
    return pd.DataFrame(
        {"level": key, "calls": len(own), **_times(own, ("guardrail_ms", "latency_ms"))}
        for key in order
        for own in (calls[calls["key"] == key],)
    )


def routed(levels: Levels) -> pd.DataFrame:
    """One row for each mode and model that a prompt router chose for measured successes, the most frequent first.

    `mode`, `model`, `calls`, `share` of the routed calls of the mode (0 to 1), and `ttft_ms` and `latency_ms`, each as
    `_p50` and `_p95`. Empty without a prompt router.
    """
    calls = _good(levels)
    models, modes = calls["routed_model"].astype("str"), calls["mode"].astype("str")
    is_routed = ~models.isin(["", "nan"])
    found = []
    for mode in MODES:
        of_mode = is_routed & (modes == mode)
        for model, count in models[of_mode].value_counts().items():
            share = int(count) / int(of_mode.sum())
            times = _times(calls[of_mode & (models == model)], TIMES)
            found.append({"mode": mode, "model": str(model), "calls": int(count), "share": share, **times})
    return pd.DataFrame(found)


def _good(levels: Levels) -> pd.DataFrame:
    return levels.calls[levels.counted & is_ok(levels.calls)]


def _times(calls: pd.DataFrame, names: tuple[str, ...]) -> Mapping[str, float]:
    found = {name: p50_p95(calls[name]) for name in names}
    return {
        f"{name}_{which}": value
        for name, pair in found.items()
        for which, value in zip(("p50", "p95"), pair, strict=True)
    }
