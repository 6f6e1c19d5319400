"""A trace that was replayed: what it had, beside what the run made of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.numbers.lengths import prompt_tokens
from reports.numbers.percentiles import p50_p95
from reports.reading.levels import is_ok
from reports.reading.run import finite

if TYPE_CHECKING:
    from reports.reading.levels import Levels
    from reports.reading.run import Run


@dataclass(frozen=True)
class Beside:
    """P50 and P95 of something: in the trace, and in the run. NaN is not known."""

    trace: tuple[float, float]
    run: tuple[float, float]


LEAST_S = 1.0
"""A stretch over which calls a second are counted lasts as long at least: of 0.1 s, 4 calls would be 40 a second."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Replay:
    """A replay. Values of the trace are those of the calls that were to be made."""

    calls: int
    """Calls of the trace that were to be made, warm-up included."""
    made: int
    waited: int
    """Of these, calls that had to wait for the one before them in their conversation."""
    speed: float
    left_out: dict[str, int]
    """Calls that were not to be made, by the reason: `window`, `no_length`, `bad`, or `model:` and its name."""
    mixed: bool
    """Whether streaming and other calls came together."""
    input_tokens: Beside
    output_tokens: Beside
    latency_ms: Beside
    """That which the service told, where it did."""
    over_time: pd.DataFrame
    """`from_s` and `to_s` of each stretch of the replay, and in it `asked_per_s` and `made_per_s`."""


def replay(run: Run, levels: Levels) -> Replay | None:
    """The replay of a run; None where none was asked for, or what the trace had is not known."""
    said = run.get("replay")
    if not isinstance(said, dict) or not (calls := finite(said.get("calls"))):
        return None
    rows, good = levels.calls, levels.calls[levels.counted & is_ok(levels.calls)]
    service_ms = good["server_latency_ms"]
    latency_ms = service_ms if service_ms.notna().any() else good["latency_ms"]
    left_out = said.get("left_out")
    return Replay(
        calls=int(calls),
        made=len(rows),
        waited=int(rows["scheduled_at"].isna().sum()),
        speed=run.number("settings", "arrivals", "trace", "speed") or 1.0,
        left_out={reason: int(count) for reason, count in left_out.items()} if isinstance(left_out, dict) else {},
        mixed=len(set(rows["mode"])) > 1,
        input_tokens=Beside(_pair(said.get("input_length")), p50_p95(prompt_tokens(good))),
        output_tokens=Beside(_pair(said.get("output_length")), p50_p95(good["output_tokens"])),
        latency_ms=Beside(_pair(said.get("latency_ms")), p50_p95(latency_ms)),
        over_time=_over_time(run, rows, said),
    )


def _pair(value: Any) -> tuple[float, float]:
    known = [finite(one) for one in value] if isinstance(value, list) and len(value) == 2 else [None] * 2
    low, high = (math.nan if one is None else one for one in known)
    return low, high


def _over_time(run: Run, rows: pd.DataFrame, said: dict[str, Any]) -> pd.DataFrame:
    """Calls asked for and made, a second, in each stretch of a second at least; no rows if its start is not known."""
    columns, bin_s, asked = (
        ["from_s", "to_s", "asked_per_s", "made_per_s"],
        finite(said.get("bin_s")),
        said.get("asked"),
    )
    start = finite(run.levels["started_at"].min()) if len(run.levels) else None
    if start is None or not bin_s or not isinstance(asked, list) or not asked:
        return pd.DataFrame(columns=columns, dtype="float64")
    begun_s = rows["started_at"].to_numpy(dtype="float64") - start
    # Calls that waited for the one before them come after the last that the trace asks for.
    stretches = max(len(asked), math.floor(begun_s.max(initial=0.0) / bin_s) + 1)
    together = math.ceil(LEAST_S / bin_s - ROUNDING)
    stretches = math.ceil(stretches / together) * together
    edges = bin_s * np.arange(stretches + 1)
    made, _ = np.histogram(begun_s, edges)
    counts = np.pad(np.array(asked, dtype="float64"), (0, stretches - len(asked)))
    sums = [one.reshape(-1, together).sum(axis=1) / (together * bin_s) for one in (counts, made)]
    values = (edges[:-1:together], edges[together::together], *sums)
    return pd.DataFrame(dict(zip(columns, values, strict=True)))
