"""The rows of a worker as they reach the process that leads the run: numbered batches, and the counts beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bedrock_locust.arrivals.counts import Plain
    from bedrock_locust.call import Value


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a worker, and what it saw while they were made. Batches count from 1."""

    number: int
    rows: Sequence[Sequence[Value]]
    """Each in the order of the columns of `requests.csv`."""
    gaps: Mapping[str, Mapping[int, int]]
    """Level -> bucket of a Histogram -> how many silences between content events."""
    pulse: Mapping[str, Mapping[str, Any]]
    """Level -> what the worker's Pulse has seen."""

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return {"number": self.number, "rows": self.rows, "gaps": self.gaps, "pulse": self.pulse}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Batch:
        """The batch that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        return cls(plain["number"], plain["rows"], plain["gaps"], plain["pulse"])


@dataclass(frozen=True, slots=True)
class RowsReport:
    """What a worker reports of its rows in a run."""

    run: str
    rows_made: int
    cpu_percent: float | None
    last: int | None
    """The number of the last batch, once there will be no other."""
    batches: tuple[Batch, ...] = ()
    in_flight: int = 0
    """Calls of the worker that have begun and not ended."""
    arrivals: Plain = field(default_factory=dict)
    """What the worker has made of its arrivals so far, in an open loop."""

    def to_plain(self) -> dict[str, Any]:
        """A dict of types that msgpack can carry."""
        return {
            "run": self.run,
            "rows_made": self.rows_made,
            "cpu_percent": self.cpu_percent,
            "last": self.last,
            "batches": [batch.to_plain() for batch in self.batches],
            "in_flight": self.in_flight,
            "arrivals": self.arrivals,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RowsReport:
        """The report that `to_plain` made the dict of. Raises KeyError for a field that is missing."""
        batches = tuple(map(Batch.from_plain, plain["batches"]))
        counts = plain["rows_made"], plain["cpu_percent"], plain["last"]
        return cls(plain["run"], *counts, batches, plain["in_flight"], plain["arrivals"])
