"""The recorder: calls become rows of the run folder, on the process that leads the run.

In a run with workers each of them keeps its rows in an Outbox, which Locust's own report takes to
the master every few seconds; batches are numbered, and both sides count.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import Call
from bedrock_locust.clock import clock
from bedrock_locust.health import Health
from bedrock_locust.histogram import Histogram
from bedrock_locust.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bedrock_locust.call import Value
    from bedrock_locust.health import Pulse
    from bedrock_locust.run_folder import RunFolder

NO_GAPS: Mapping[int, int] = MappingProxyType({})
LOCAL = "local"
"""The name of the one worker of a run without workers."""


@dataclass
class Account:
    """The rows and the CPU of one worker. `None` is what it never said."""

    rows_made: int | None = None
    rows_received: int = 0
    cpu_percent: float | None = None
    state: str = "missing"
    batch: int = field(default=0, repr=False)

    def public(self) -> dict[str, Any]:
        """What `run.json` says of it."""
        return {key: value for key, value in asdict(self).items() if key != "batch"}


class Outbox:
    """A worker's rows on their way to the master. Everything in a batch is of a type that msgpack can carry."""

    def __init__(self, run: str, pulse: Pulse) -> None:
        self._run = run
        self._pulse = pulse
        self._gaps = Gaps()
        self._rows: list[list[Value]] = []
        self._made = 0
        self._batch = 0
        self._cpu = Cpu()

    def add(self, call: Call, gaps: Mapping[int, int] = NO_GAPS) -> None:
        """Keep a row, and the silences in it, until the next batch."""
        self._rows.append(call.to_row())
        self._gaps.add(call, gaps)
        self._made += 1

    def stop(self) -> None:
        """Nothing more is kept."""
        self._pulse.stop()

    def batch(self) -> dict[str, Any]:
        """The rows since the last batch, and the counts so far. Nothing may switch greenlets in here."""
        rows, self._rows = self._rows, []
        self._batch += 1
        return {
            "run": self._run,
            "batch": self._batch,
            "rows": rows,
            "rows_made": self._made,
            "cpu_percent": self._cpu.percent(),
            "gaps": self._gaps.take(),
            "pulse": self._pulse.take(),
        }


class Gaps:
    """The silences between content events of the successes in each measured level: a Histogram each."""

    def __init__(self) -> None:
        self.levels: dict[str, Histogram] = {}

    def add(self, call: Call, gaps: Mapping[int, int]) -> None:
        """Count those of a call, bucket -> count."""
        if gaps and call.ok and call.phase in ("", "measure"):
            self.merge({call.level or call.name: gaps})

    def merge(self, levels: Mapping[str, Mapping[int, int]]) -> None:
        """Add the counts of another."""
        for level, counts in levels.items():
            self.levels.setdefault(level, Histogram()).merge(counts)

    def take(self) -> dict[str, dict[int, int]]:
        """The counts since this was asked for last."""
        levels, self.levels = self.levels, {}
        return {level: dict(histogram.counts) for level, histogram in levels.items()}


class Cpu:
    """CPU use of this process since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def percent(self) -> float:
        """Percent of one core."""
        wall = time.perf_counter() - self._wall
        return round(100 * (time.process_time() - self._cpu) / wall, 1) if wall > 0 else 0.0


class Recorder:
    """The rows, levels and counts of one run."""

    def __init__(
        self, run: str, folder: RunFolder, info: Mapping[str, Any], watch: Callable[[Call], None] | None = None
    ) -> None:
        """`watch` is told of each call."""
        self.run = run
        self._watch = watch
        self.folder = folder
        self.tally = Tally()
        self.accounts: dict[str, Account] = {}
        self._info = dict(info)
        self._levels: dict[str, Mapping[str, Any]] = {}
        self._cpu = Cpu()
        self._pulse: Pulse | None = None
        self.gaps = Gaps()
        self.health = Health()
        self.write_info()

    def add(self, call: Call, gaps: Mapping[int, int] = NO_GAPS) -> None:
        """Take a call that was made in this process, and the silences in it."""
        account = self.accounts[LOCAL]
        account.rows_made = (account.rows_made or 0) + 1
        account.rows_received += 1
        self.gaps.add(call, gaps)
        self.folder.append([call.to_row()])
        self._count(call)

    def add_batch(self, worker: str, batch: Mapping[str, Any]) -> None:
        """Take a worker's batch; one of another run, or one that has come before, is none."""
        if batch["run"] != self.run:
            return
        account = self.accounts.setdefault(worker, Account())
        if batch["batch"] <= account.batch:
            return
        account.batch = batch["batch"]
        account.rows_made = batch["rows_made"]
        account.cpu_percent = batch["cpu_percent"]
        self.gaps.merge(batch["gaps"])
        self.health.add_pulse(worker, batch["pulse"])
        account.rows_received += len(batch["rows"])
        self.folder.append(batch["rows"])
        for row in batch["rows"]:
            self._count(Call.from_row(row))

    def _count(self, call: Call) -> None:
        """Count a call whose row is written."""
        self.tally.add(call)
        self.health.add(call)
        if self._watch:
            self._watch(call)

    def level(self, level: Mapping[str, Any]) -> None:
        """Take note of a level that begins, goes on to its next phase or is over."""
        self._levels[level["level"]] = level
        self.tally.level(level)
        self.folder.write_levels(self._levels.values())
        self.write_info()

    def join(self, worker: str) -> None:
        """Take note of a worker that belongs to the run."""
        self.accounts.setdefault(worker, Account())

    def join_local(self, pulse: Pulse) -> None:
        """Take note that the users run in this process, of which this is the Pulse."""
        self._pulse = pulse
        self.accounts[LOCAL] = Account(rows_made=0)

    def finished(self, worker: str) -> None:
        """Take note that a worker has handed over all of its rows."""
        self.accounts.setdefault(worker, Account()).state = "finished"

    def write_info(self, **news: Any) -> None:
        """Write `run.json` with what is known now."""
        self._info.update(news)
        workers = {name: account.public() for name, account in sorted(self.accounts.items())}
        rows = {"rows_written": self.folder.rows_written, "rows_lost": self.folder.rows_lost}
        self.folder.write_info({**self._info, **rows, "workers": workers, "health": self.health.public()})

    def feel(self) -> None:
        """Take over what the Pulse of this process has seen, if the users run here."""
        if self._pulse:
            self.health.add_pulse(LOCAL, self._pulse.take())

    def close(self, *, ended: str, reason: str) -> None:
        """End the run: everything is in the files."""
        if self._pulse:
            self.feel()
            self._pulse.stop()
            self.accounts[LOCAL].cpu_percent = self._cpu.percent()
            self.finished(LOCAL)
        self.folder.settle()
        self.folder.write_table("gaps.csv", self._gap_rows())
        self.folder.write_levels(self._closed_levels())
        self.write_info(ended=ended, end_reason=reason, ended_at=clock.wall_at())
        self.folder.settle()
        self.folder.close()

    def _gap_rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of `gaps.csv`."""
        yield "level", "lower_ms", "upper_ms", "count"
        for level, histogram in self.gaps.levels.items():
            for lower, upper, count in histogram.buckets():
                yield level, f"{lower:.4f}", f"{upper:.4f}", count

    def _closed_levels(self) -> list[Mapping[str, Any]]:
        """The levels; a window that is still open ends now."""
        now = clock.wall_at()
        return [
            {**level, "measured_to": now} if level["measured_from"] and not level["measured_to"] else level
            for level in self._levels.values()
        ]
