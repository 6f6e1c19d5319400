"""CloudWatch: the metrics of the calls that were served, by the minute in which they ended.

Names, units and what is counted are those of the guide (AWS/Bedrock) and of ListMetrics (AWS/BedrockMantle). That a
call is counted in the minute of its end is an assumption.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bedrock_locust.simulator.errors import STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.simulator.behaviour import Behaviour
    from bedrock_locust.simulator.ledger import Entry

MINUTE_S = 60
MOST_MINUTES = 20_000
"""Minutes of a model that are kept; the oldest are dropped."""
RUNTIME, MANTLE = "AWS/Bedrock", "AWS/BedrockMantle"
NAMES = {
    "AWS/BedrockMantle": {
        "Inferences": "Invocations",
        "InferenceClientErrors": "InvocationClientErrors",
        "TotalInputTokens": "InputTokenCount",
        "TotalOutputTokens": "OutputTokenCount",
    }
}
"""Namespace -> what it calls the metrics of AWS/Bedrock; others it does not have."""


@dataclass(slots=True)
class Minute:
    """The values of the metrics of a model in a minute."""

    values: dict[str, array[float]] = field(default_factory=lambda: defaultdict(lambda: array("d")))

    def add(self, metric: str, value: float) -> None:
        """Enter a value."""
        self.values[metric].append(value)


class Metrics:
    """What CloudWatch knows of the calls."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[str, int], Minute] = {}

    def add(self, entry: Entry, burndown: float) -> None:
        """Enter a call that has ended. Calls that only count tokens have no metrics.

        An output token uses `burndown` tokens of quota.
        """
        if "count-tokens" in entry.operation:
            return
        ended_ns = entry.ended_at_ns or entry.arrived_at_ns
        key = entry.model_id, int(ended_ns // 1_000_000_000 // MINUTE_S)
        if key not in self._minutes and len(self._minutes) >= MOST_MINUTES:
            del self._minutes[next(iter(self._minutes))]
        minute = self._minutes.setdefault(key, Minute())
        _enter(minute, entry, burndown)

    def clear(self) -> None:
        """Forget all calls."""
        self._minutes.clear()

    def values(self, model_id: str, metric: str, begin_s: float, end_s: float) -> list[float]:
        """The values of a metric of a model in the minutes from one moment to another."""
        first, last = math.floor(begin_s / MINUTE_S), math.ceil(end_s / MINUTE_S)
        keys = (
            ((model_id, number) for number in range(first, last))
            if last - first < len(self._minutes)
            else (key for key in self._minutes if key[0] == model_id and first <= key[1] < last)
        )
        return [value for key in keys if key in self._minutes for value in self._minutes[key].values.get(metric, ())]


def _enter(minute: Minute, entry: Entry, burndown: float) -> None:
    status = STATUSES.get(entry.outcome, 200)
    if entry.outcome == "ThrottlingException":
        minute.add("InvocationThrottles", 1)
        return
    if status >= 500:
        minute.add("InvocationServerErrors", 1)
        return
    if status >= 400:
        minute.add("InvocationClientErrors", 1)
        return
    minute.add("Invocations", 1)
    cached = entry.cache_read_tokens + entry.cache_write_tokens
    fresh = (entry.input_tokens or 0) - cached
    minute.add("InputTokenCount", fresh)
    minute.add("OutputTokenCount", entry.output_tokens)
    if entry.cache_read_tokens:
        minute.add("CacheReadInputTokenCount", entry.cache_read_tokens)
    if entry.cache_write_tokens:
        minute.add("CacheWriteInputTokenCount", entry.cache_write_tokens)
    used = fresh + entry.cache_write_tokens + entry.output_tokens * burndown
    minute.add("EstimatedTPMQuotaUsage", used)
    if entry.ended_at_ns:
        minute.add("InvocationLatency", (entry.ended_at_ns - entry.arrived_at_ns) / 1e6)
    if entry.first_token_at_ns:
        minute.add("TimeToFirstToken", (entry.first_token_at_ns - entry.arrived_at_ns) / 1e6)


def others(behaviour: Behaviour, metric: str, begin_s: float, end_s: float, now_s: float) -> list[float]:
    """What others have used of the quota between two moments, one value a minute, none in the future."""
    minutes = max(0.0, min(end_s, now_s) - begin_s) / MINUTE_S
    rate = {
        "Invocations": behaviour.others_requests_per_minute,
        "InputTokenCount": behaviour.others_tokens_per_minute,
        "EstimatedTPMQuotaUsage": behaviour.others_tokens_per_minute,
    }.get(metric, 0.0)
    return [rate * minutes] if rate and minutes else []


def statistic(values: list[float], stat: str) -> float | None:
    """A statistic of CloudWatch; None where it is not known or there are no values."""
    if not values:
        return None
    known: dict[str, Callable[[list[float]], float]] = {
        "Sum": math.fsum,
        "SampleCount": lambda some: float(len(some)),
        "Average": lambda some: math.fsum(some) / len(some),
        "Minimum": min,
        "Maximum": max,
    }
    if stat in known:
        return float(known[stat](values))
    if not stat.startswith("p"):
        return None
    try:
        share = float(stat[1:]) / 100
    except ValueError:
        return None
    return percentile(values, share) if 0 <= share <= 1 else None


def percentile(values: list[float], share: float) -> float:
    """The value below which this share lies, between two neighbours where it is between them."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
