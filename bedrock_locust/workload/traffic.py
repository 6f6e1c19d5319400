"""What is added up of the calls of a trace: their lengths, their times, and how many there are in a minute."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeGuard

from bedrock_locust.settings.traffic import Busiest, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_BINS = 120
BINS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
MINUTE_S = 60
NOT_KNOWN = -1.0


class Facts:
    """A column for each number of the calls."""

    def __init__(self) -> None:
        self._sent, self._answered, self._limits = array("f"), array("f"), array("f")
        self._read, self._written, self._latency_ms = array("f"), array("f"), array("f")

    def add(self, record: Mapping[str, Any], usual_limit: int) -> None:
        """Take note of a line that has been checked; answers without a limit have the usual one."""
        output, latency = record.get("output_length") or 0, record.get("latency_ms")
        self._sent.append(record.get("input_length") or 0)
        self._answered.append(output)
        self._limits.append(record.get("max_tokens") or output or usual_limit)
        self._read.append(record.get("cache_read_tokens") or 0)
        self._written.append(record.get("cache_write_tokens") or 0)
        self._latency_ms.append(float(latency) if _is_number(latency) else NOT_KNOWN)

    def traffic(
        self,
        chosen: Sequence[int],
        due_s: Sequence[float],
        length_s: float,
        left_out: Mapping[str, int],
        sessions: Sequence[int],
    ) -> Traffic:
        """What the chosen calls add up to, at these moments; `sessions` has the number of each conversation, or 0."""
        sent, answered, limits = (_of(column, chosen) for column in (self._sent, self._answered, self._limits))
        latencies = [value for value in _of(self._latency_ms, chosen) if value != NOT_KNOWN]
        calls_of = Counter(sessions[place] for place in chosen if sessions[place])
        bin_s = next((bin_s for bin_s in BINS_S if length_s / bin_s <= MOST_BINS), MINUTE_S * length_s)
        bins = Counter(int(due / bin_s) for due in due_s)
        ones = [1.0] * len(due_s)
        most = [_most(due_s, values, MINUTE_S) for values in (ones, sent, answered)]
        return Traffic(
            calls=len(chosen),
            seconds=length_s,
            most_in_a_second=_most(due_s, ones, 1),
            busiest=Busiest(calls=most[0], input_tokens=most[1], output_tokens=most[2]),
            input_tokens=int(sum(sent)),
            output_tokens=int(sum(answered)),
            limit_tokens=int(sum(limits)),
            most_input=max(1, int(max(sent))),
            most_limit=max(1, int(max(limits))),
            cache_read_tokens=int(sum(_of(self._read, chosen))),
            cache_write_tokens=int(sum(_of(self._written, chosen))),
            left_out=dict(left_out),
            input_length=_points(sent),
            output_length=_points(answered),
            latency_ms=_points(latencies) if latencies else None,
            conversations=sum(count > 1 for count in calls_of.values()),
            bin_s=bin_s,
            asked=tuple(bins[number] for number in range(int(max(due_s[-1], length_s - bin_s / 2) / bin_s) + 1)),
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")


def _of(column: array[float], chosen: Sequence[int]) -> array[float]:
    return array("f", (column[place] for place in chosen))


def _most(due_s: Sequence[float], values: Iterable[float], window_s: float) -> int:
    """The most in a window of so many seconds, beside each other from the start."""
    sums = Counter[int]()
    for due, value in zip(due_s, values, strict=True):
        sums[int(due / window_s)] += int(value)
    return max(sums.values())


def _points(values: Iterable[float]) -> tuple[float, float]:
    ordered = sorted(values)
    low, high = (ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in (50, 95))
    return low, high
