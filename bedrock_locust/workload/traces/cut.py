"""A trace: the calls of a source in order, from a part of its time, and what is in it."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bedrock_locust.workload.new_file import new_file
from bedrock_locust.workload.traces.cache_points import with_points
from bedrock_locust.workload.traces.moments import spread
from bedrock_locust.workload.traces.traced import TraceError, is_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bedrock_locust.workload.traces.traced import TracedCall


@dataclass(frozen=True)
class Trace:
    """The calls, by time; at least one."""

    calls: Sequence[TracedCall]

    @classmethod
    def of(cls, calls: Iterable[TracedCall], seed: int, begin: float | None = None, end: float | None = None) -> Trace:
        """Those from `begin` until before `end`, on the clock of the source. Raises TraceError where there is none."""
        chosen = [call for call in spread(list(calls), seed) if is_within(call.at, begin, end)]
        if not chosen:
            raise TraceError(
                "there is no call in it" if begin is None and end is None else "there is no call in that time"
            )
        return cls(_counted_up(chosen))

    @property
    def start_at(self) -> float:
        """When the first call came, on the clock of the source."""
        return self.calls[0].at

    @property
    def length_s(self) -> float:
        """From the first call to the last."""
        return self.calls[-1].at - self.start_at

    def peak(self, window_s: int) -> int:
        """The most calls in a window of so many seconds, beside each other from the start."""
        return max(Counter((call.at - self.start_at) // window_s for call in self.calls).values())

    @property
    def models(self) -> Counter[str]:
        """How many calls each model had; of no name where the source does not say."""
        return Counter(call.model for call in self.calls)

    @property
    def sessions(self) -> Counter[int]:
        """How many conversations have so many calls."""
        return Counter(Counter(call.session_id for call in self.calls if call.session_id).values())

    @property
    def shared(self) -> float | None:
        """The share of 512-token blocks that an earlier prompt had begun with, too, 0 to 1; None if not known."""
        seen, again, blocks = set[int](), 0, 0
        for call in self.calls:
            blocks += len(call.hash_ids)
            again += sum(one in seen for one in call.hash_ids)
            seen.update(call.hash_ids)
        return again / blocks if blocks else None

    def write(self, path: Path) -> None:
        """Write the lines, with gzip where the name says so; nobody else may read them. Raises SettingsError."""
        with new_file(path) as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
                    file.writelines(self._lines())
            else:
                raw.writelines(self._lines())

    def _lines(self) -> Iterable[bytes]:
        calls, start_at = with_points(self.calls), self.start_at
        return (json.dumps(call.to_plain(start_at), ensure_ascii=False).encode() + b"\n" for call in calls)


def _counted_up(calls: Iterable[TracedCall]) -> list[TracedCall]:
    """The calls with the hash ids numbered in the order in which they come."""
    numbers: dict[int, int] = {}
    return [
        replace(call, hash_ids=tuple(numbers.setdefault(one, len(numbers)) for one in call.hash_ids))
        if call.hash_ids
        else call
        for call in calls
    ]
