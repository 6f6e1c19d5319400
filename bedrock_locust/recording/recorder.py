"""The recorder: calls become rows of the run folder, on the process that leads the run.

In a run with workers each of them keeps its rows in a Buffer, which Locust's own report takes to the master every 3 s.
Batches are numbered, each is taken once, and both sides count rows.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bedrock_locust.arrivals.counts import Account
from bedrock_locust.call import Call
from bedrock_locust.live.gaps import Gaps
from bedrock_locust.live.health import Cpu, Health, longest_lag_s
from bedrock_locust.live.output import ROWS_WITHIN_S, Outputs
from bedrock_locust.live.tally import Tally
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.worker_record import WorkerRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.arrivals.counts import Fate, Plain
    from bedrock_locust.arrivals.schedule import Schedule
    from bedrock_locust.level import Level
    from bedrock_locust.live.health import Pulse
    from bedrock_locust.recording.run_folder import RunFolder
    from bedrock_locust.recording.worker_rows import Batch, RowsReport

DISTURBING = {"lost": "was lost", "left": "left", "back": "came back", "still": "stood still for {lasted_s:.1f} s"}
"""Changes of the workers that leave a level with another load than asked for, and how they are said."""
STILL_S = 1.0
"""Arrivals of a process that stands still for this long are missed: it is named, though it is not lost."""
MEANWHILE = "its arrivals of that time were missed or late, and calls under way may have taken longer"

logger = logging.getLogger(__name__)

LOCAL = "local"
"""The name of the one worker of a run without workers."""


class Recorder:
    """The rows, levels and counts of one run."""

    def __init__(self, run: str, folder: RunFolder, info: Mapping[str, Any], outputs: Outputs | None = None) -> None:
        """`outputs` get each call and each level."""
        self.run = run
        self._outputs = outputs or Outputs()
        self.folder = folder
        self.tally = Tally()
        self.records: dict[str, WorkerRecord] = {}
        self._info = dict(info)
        self.changes: list[dict[str, Any]] = []
        self._levels: dict[str, Level] = {}
        self._cpu = Cpu()
        self._pulse: Pulse | None = None
        self._count_in_flight: Callable[[], int] | None = None
        self._count_arrivals: Callable[[], Plain] | None = None
        self._account: Account | None = None
        self._is_closed = False
        self.gaps = Gaps()
        self.health = Health()
        self.write_info()

    def add(self, call: Call) -> None:
        """Take a call that was made in this process."""
        record = self.records[LOCAL]
        record.rows_made = (record.rows_made or 0) + 1
        record.rows_received += 1
        self.gaps.add(call)
        self.folder.append([call.to_row()])
        self._count(call)

    def add_report(
        self, worker: str, report: RowsReport, *, clock_offset_ms: float | None = None, warning: str = ""
    ) -> bool:
        """Take a worker's report of this run; whether the worker has handed over all of its rows by now."""
        record = self.join(worker)
        record.note(report, at=clock.wall_at(), clock_offset_ms=clock_offset_ms, warning=warning)
        for batch in report.batches:
            if record.is_new(batch.number):
                self._add_batch(worker, record, batch)
        if record.is_whole and record.state != "finished":
            record.finish()
        return record.state == "finished"

    def _add_batch(self, worker: str, record: WorkerRecord, batch: Batch) -> None:
        self.gaps.merge(batch.gaps)
        self._feel(worker, batch.pulse)
        record.rows_received += len(batch.rows)
        self.folder.append(batch.rows)
        for row in batch.rows:
            self._count(Call.from_row(row))

    def _count(self, call: Call) -> None:
        """Count a call whose row is written."""
        self.tally.add(call)
        self.health.add(call)
        self._outputs.add(call)

    def level(self, level: Level) -> None:
        """Take note of a level that begins, goes on to its next phase or is over."""
        self._levels[level.key] = level
        self.tally.level(level)
        self.folder.write_levels(self._levels.values())
        self.write_info()
        self._outputs.level(level)

    def join(self, worker: str) -> WorkerRecord:
        """The record of a worker of the run."""
        return self.records.setdefault(worker, WorkerRecord())

    @property
    def in_flight(self) -> int | None:
        """Calls that have begun and not ended; of workers by their last reports. None if not known."""
        if self._count_in_flight:
            return self._count_in_flight()
        counts = [record.in_flight for record in self.records.values() if record.state == "running"]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None

    def schedule(self, schedule: Schedule) -> None:
        """Take note of arrivals that come from now on."""
        self._account = self._account or Account()
        self._account.begin(schedule, clock.wall_at())

    @property
    def arrivals_due(self) -> int:
        """Arrivals that were due so far, warm-up included; 0 in a closed loop."""
        return self._account.due(clock.wall_at()) if self._account else 0

    def cut_schedule(self) -> None:
        """Take note that no more arrivals come of the present schedule."""
        if self._account:
            self._account.stop(clock.wall_at())

    def fate(self, level: str | None = None, *, heard: bool = False) -> Fate | None:
        """What has become of the arrivals in the window of a level, or of all so far; None in a closed loop.

        Of workers by their last reports, which lag by some seconds: arrivals since then look missed, or with `heard`
        only due, until the run ends.
        """
        if self._account is None:
            return None
        self._account.advance(clock.wall_at(), 0.0 if self._count_arrivals else ROWS_WITHIN_S)
        reports = [record.arrivals for record in self.records.values()]
        reports += [self._count_arrivals()] if self._count_arrivals else []
        return self._account.fate(reports, None if level is None else (level, "measure"), heard=heard)

    def join_local(
        self,
        pulse: Pulse,
        in_flight: Callable[[], int] | None = None,
        arrivals: Callable[[], Plain] | None = None,
    ) -> None:
        """Take note that the users run in this process, of which this is the Pulse."""
        self._pulse, self._count_in_flight, self._count_arrivals = pulse, in_flight, arrivals
        self.records[LOCAL] = WorkerRecord(rows_made=0)

    def change(self, worker: str, what: str, since: float | None = None) -> None:
        """Take note that a worker was `lost` at that Unix time, or is `back`, or `left` or `joined`."""
        now = clock.wall_at()
        levels = [level.key for level in self._levels.values() if _overlaps(level, since or now, now)]
        self.changes.append({"at": since or now, "worker": worker, "what": what, "levels": levels})
        self.write_info()

    def disturbances(self, level: str) -> list[str]:
        """Why a level had other users than asked for: workers that were lost, left, or came back beside others."""
        here = [change for change in self.changes if change["what"] in DISTURBING and level in change["levels"]]
        return [f"worker {change['worker']} {DISTURBING[change['what']].format(**change)}" for change in here]

    @property
    def has_lost(self) -> bool:
        """Whether rows are lost, or may be, as far as is known now."""
        return any(record.state == "missing" or record.least_lost for record in self.records.values())

    def write_info(self, **info: Any) -> None:
        """Write `run.json` with what is known now."""
        self._info.update(info)
        workers = {name: record.public() for name, record in sorted(self.records.items())}
        rows = {"rows_written": self.folder.rows_written, "rows_lost": self.folder.rows_lost}
        news = {"worker_changes": self.changes, "health": self.health.public(self._fates())}
        self.folder.write_info({**self._info, **rows, "workers": workers, **news})

    def _fates(self) -> dict[str, Fate]:
        """What became of the arrivals of each level of which all workers have reported by now."""
        now = clock.wall_at()
        over = [level for level in self._levels.values() if level.measured_to and level.rate_per_s is not None]
        known = [level for level in over if self._is_closed or now >= (level.measured_to or now) + ROWS_WITHIN_S]
        return {level.key: fate for level in known if (fate := self.fate(level.key)) is not None}

    def feel(self) -> None:
        """Take over what the Pulse of this process has seen, if the users run here."""
        if self._pulse:
            self._feel(LOCAL, self._pulse.take())

    def _feel(self, worker: str, taken: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over what a Pulse has taken, and note where its process stood still while calls were to arrive."""
        self.health.add_pulse(worker, taken)
        for key, seen in taken.items():
            level = self._levels.get(key)
            if level is None or level.rate_per_s is None:
                continue
            if (still_s := longest_lag_s(seen)) >= STILL_S and not self._is_lost_in(worker, key):
                change = {"at": clock.wall_at(), "worker": worker, "what": "still", "levels": [key]}
                self.changes.append({**change, "lasted_s": round(still_s, 1)})
                who = "this process" if worker == LOCAL else f"worker {worker}"
                logger.warning("bedrock-locust: %s stood still for %.1f s: %s", who, still_s, MEANWHILE)

    def _is_lost_in(self, worker: str, level: str) -> bool:
        """Whether a worker was lost in a level, which says more than that it stood still."""
        lost = (change for change in self.changes if change["worker"] == worker and change["what"] == "lost")
        return any(level in change["levels"] for change in lost)

    def close(self, *, ended: str, reason: str) -> None:
        """End the run: everything is in the files."""
        if self._pulse:
            self.feel()
            self._pulse.stop()
            self.records[LOCAL].cpu_percent = self._cpu.percent()
            self.records[LOCAL].finish()
        for record in self.records.values():
            record.end()
        self.folder.settle()
        self.folder.write_table("gaps.csv", self.gaps.rows())
        self.folder.write_levels(map(self._accounted, self._levels.values()))
        fate, self._is_closed = self.fate(), True
        arrivals = {"arrivals": fate._asdict()} if fate else {}
        self.write_info(ended=ended, end_reason=reason, ended_at=clock.wall_at(), **arrivals)
        self.folder.settle()
        self.folder.close()

    def _accounted(self, level: Level) -> Level:
        """The level with what became of its arrivals."""
        fate = None if level.rate_per_s is None else self.fate(level.key)
        if fate is None:
            return level
        return replace(level, arrivals_due=fate.due, arrivals_dropped=fate.dropped, arrivals_missed=fate.missed)

    def close_window(self, why: str = "") -> None:
        """The load ends now: close the window that is open. Its level is complete if it has lasted as planned.

        `why` is kept with a level that has not.
        """
        now = clock.wall_at()
        if self._account:
            self._account.stop(now)
        for level in list(self._levels.values()):
            if level.measured_from and not level.measured_to:
                whole = level.duration_s is not None and now - level.measured_from >= level.duration_s
                self.level(replace(level, measured_to=now, completed=whole, ended_by="" if whole else why))


def _overlaps(level: Level, since: float, until: float) -> bool:
    """Whether a level went on at some moment between these two."""
    return level.started_at is not None and level.started_at <= until and (level.measured_to or until) >= since
