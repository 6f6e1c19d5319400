"""What the process that leads a run knows of one worker: its state, and the rows that it made and handed over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bedrock_locust.arrivals.counts import merged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.arrivals.counts import Plain
    from bedrock_locust.recording.worker_rows import RowsReport

State = Literal["running", "finished", "missing", "refused"]


@dataclass
class WorkerRecord:
    """The state, rows, CPU and clock of one worker. `None` means that the worker never said."""

    rows_made: int | None = None
    rows_received: int = 0
    in_flight: int | None = None
    """Calls that have begun and not ended, by the last report."""
    arrivals: Plain = field(default_factory=dict)
    """What the worker has made of its arrivals, by the last report."""
    cpu_percent: float | None = None
    clock_offset_ms: float | None = None
    last_report_at: float | None = None
    """Unix time of the last report, seconds."""
    state: State = "running"
    reason: str = ""
    """Why the worker is missing, was refused, or left."""
    warning: str = ""
    """What the worker lacks, in words."""
    _floor: int = field(default=0, repr=False)
    _last: int | None = field(default=None, repr=False)
    _beyond: set[int] = field(default_factory=set, repr=False)

    def is_new(self, batch: int) -> bool:
        """Whether a batch with this number arrives for the first time. Counts it as received."""
        if batch <= self._floor or batch in self._beyond:
            return False
        self._beyond.add(batch)
        while self._floor + 1 in self._beyond:
            self._floor += 1
            self._beyond.discard(self._floor)
        return True

    def note(self, report: RowsReport, *, at: float, clock_offset_ms: float | None = None, warning: str = "") -> None:
        """Take over the counts of a report that arrived at a Unix time. Reports can arrive out of order."""
        self.rows_made = max(self.rows_made or 0, report.rows_made)
        self.cpu_percent = report.cpu_percent
        self.in_flight = report.in_flight
        self.arrivals = merged(self.arrivals, report.arrivals)
        self.clock_offset_ms = clock_offset_ms
        self.warning = warning
        self.last_report_at = at
        self._last = self._last if report.last is None else report.last

    @property
    def is_whole(self) -> bool:
        """Whether every batch has arrived, up to the one that the worker says is its last."""
        return self._last is not None and self._floor >= self._last

    @property
    def is_done(self) -> bool:
        """Whether no more rows will come: all have arrived, or the worker was refused."""
        return self.state in ("finished", "refused")

    def lose(self, since: float) -> None:
        """The worker has been silent since this Unix time."""
        self.state = "missing"
        self.reason = f"not heard of since {time.strftime('%H:%M:%S', time.gmtime(since))} UTC"

    def come_back(self) -> None:
        """A worker that was missing has reported again."""
        self.state, self.reason = "running", ""

    def refuse(self, why: str) -> None:
        """The worker cannot take part in the run."""
        self.state, self.reason = "refused", why

    def leave(self) -> bool:
        """The worker leaves before the end of the run; whether that was not known yet."""
        first = not self.reason
        self.reason = self.reason or "left before the end"
        return first

    def finish(self) -> None:
        """All rows of the worker have arrived."""
        self.state, self.reason = "finished", ""

    def end(self) -> None:
        """The run is over: a worker that has not handed over its rows is missing."""
        if self.state == "running":
            self.state = "missing"
            self.reason = self.reason or "did not hand over at the end"

    @property
    def least_lost(self) -> int:
        """Rows that are known to have been made and have not arrived. There may be more."""
        return max(0, (self.rows_made or 0) - self.rows_received)

    @property
    def rows_lost(self) -> int | None:
        """Rows that were made and have not arrived; None unless the worker has handed over."""
        return self.least_lost if self.state == "finished" else None

    def public(self) -> dict[str, Any]:
        """The worker's entry in `run.json`."""
        return {
            "rows_made": self.rows_made,
            "rows_received": self.rows_received,
            "rows_lost": self.rows_lost,
            "cpu_percent": self.cpu_percent,
            "clock_offset_ms": self.clock_offset_ms,
            "last_report_at": self.last_report_at,
            "state": self.state,
            "reason": self.reason,
            "warning": self.warning,
        }


def manifest(records: Mapping[str, WorkerRecord]) -> list[str]:
    """Lines for the end of a run with workers: rows made and received, and each worker that did not end well."""
    made = sum(record.rows_made or 0 for record in records.values())
    received = sum(record.rows_received for record in records.values())
    lost = sum(record.least_lost for record in records.values())
    least = "at least " if any(record.state == "missing" for record in records.values()) else ""
    count = sum(record.state != "refused" for record in records.values())
    workers = f"{count} worker{'s' if count != 1 else ''}"
    total = f"{received:,} of {least}{made:,} made by {workers}; {least if least or lost else ''}{lost or 'none'} lost"
    return [total.replace("at least none", "some may be"), *filter(None, map(_fate, records, records.values()))]


def _fate(name: str, record: WorkerRecord) -> str:
    """What happened to a worker that did not end well; empty for one that did."""
    if record.state == "missing":
        at = record.last_report_at
        until = f"since its last report at {time.strftime('%H:%M:%S', time.gmtime(at))} UTC" if at else "in all"
        return f"worker {name} is missing: {record.reason}; how many calls it made {until} is not known"
    if record.state == "refused":
        return f"worker {name} was refused: {record.reason}"
    if record.least_lost:
        return f"worker {name} made {record.rows_made:,} rows, {record.least_lost:,} of them are lost"
    return ""
