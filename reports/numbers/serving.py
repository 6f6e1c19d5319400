"""Which Region served the calls, as `aws.json` has it from the account's invocation logs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.reading.run import finite

if TYPE_CHECKING:
    from reports.reading.run import Run

TIMES = ("ttft_ms", "latency_ms")
PERCENTS = ("p50", "p95")
MODES = ("streaming", "non_streaming")


@dataclass(frozen=True)
class Served:
    """The calls of a mode that a Region served."""

    region: str
    mode: str
    """Empty where the file does not say it: times of streams and of whole answers are together then."""
    calls: float
    times: tuple[float, ...]
    """P50 and P95 of TTFT, then of latency, in ms; NaN where it is not known."""


@dataclass(frozen=True)
class Serving:
    """The calls of a run by Region."""

    regions: tuple[Served, ...]
    without_log: float
    """Calls that the logs do not have."""


def serving(run: Run) -> Serving | None:
    """The Regions; None where no logs were read."""
    found = run.aws.get("serving")
    regions = found.get("regions") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(regions, list):
        return None
    served = tuple(_served(one) for one in regions if isinstance(one, dict) and finite(one.get("calls")) is not None)
    return Serving(served, finite(found.get("calls_without_log")) or 0.0)


def _served(said: dict[str, Any]) -> Served:
    times = tuple(_time(said.get(name), percent) for name in TIMES for percent in PERCENTS)
    mode = said.get("mode")
    return Served(str(said.get("region", "")), mode if mode in MODES else "", finite(said["calls"]) or 0.0, times)


def _time(said: object, percent: str) -> float:
    found = finite(said.get(percent)) if isinstance(said, dict) else None
    return math.nan if found is None else found
