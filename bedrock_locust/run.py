"""One run on the process that leads it: its record, its outputs and its end."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from locust.runners import MasterRunner

import gevent

from bedrock_locust import exits
from bedrock_locust.call import Call
from bedrock_locust.errors import reasons, remedies, remedy
from bedrock_locust.live.output import Outcome, Outputs, State
from bedrock_locust.live.task_errors import TaskErrors
from bedrock_locust.process.clock import clock
from bedrock_locust.process.ending import make_report, report_codes
from bedrock_locust.process.open_files import lack_for_calls, lack_for_workers
from bedrock_locust.recording.locust_tables import tables
from bedrock_locust.recording.recorder import LOCAL, Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.recording.worker_record import manifest
from bedrock_locust.settings.plan import length_in_words
from bedrock_locust.settings.run_time import run_time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from locust.env import Environment

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.arrivals.schedule import Schedule
    from bedrock_locust.level import Level
    from bedrock_locust.live.health import Health
    from bedrock_locust.live.output import EarlyEnd, Output, RunStage
    from bedrock_locust.live.tally import Tally
    from bedrock_locust.process.own_folder import OwnFolder
    from bedrock_locust.process.report import MakeReport
    from bedrock_locust.settings.plan import Plan
    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

TICK_S = 1
INFO_EVERY = 15
"""Ticks from one `run.json` to the next, if nothing else has it written: after a crash it is at most this old."""
STILL_S = 3
"""A process that did not run for this long, beyond a tick, was frozen or had no CPU."""


RUN_TIME_MARGIN_S = 0.5
"""How much sooner than the run Locust may have begun to count `--run-time`, in seconds."""


class Run:
    """A run from its start to its report. To its outputs it is a RunView."""

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        info: Mapping[str, Any],
        plan: tuple[Sequence[Level] | None, Plan | None],
        outputs: Sequence[Output] = (),
    ) -> None:
        """Begin a run with these levels, or with none: make the run folder. Raises SettingsError if it cannot."""
        self._environment = environment
        self.settings = settings
        self.folder = RunFolder.create(settings.output.directory, settings.model.id, info["started_at"])
        self.info = info
        self.levels, self.plan = plan
        self.state = "running"
        self.reason = ""
        self.ended_at: float | None = None
        self.early_end: EarlyEnd | None = None
        self._outputs = Outputs(outputs)
        self._warn()
        self.recorder = Recorder(info["run"], self.folder, info, self._outputs)
        self.complete = self.levels is None
        self._deserted = self._stopped = False
        self._begun = time.monotonic()
        self._ran_s = 0.0
        self._level: Level | None = None
        self._searches: dict[str, dict[str, Any]] = {}
        self._outputs.begin(self)
        self._ticking = gevent.spawn(self._tick_on)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def own_folder(self) -> OwnFolder:
        """The run folder as this run knows it, whatever its path leads to."""
        return self.folder.own

    @property
    def trouble(self) -> str:
        """Why the run folder cannot be written now; empty while all is well."""
        return self.folder.trouble

    @property
    def is_local(self) -> bool:
        """Whether the users run in this process."""
        return LOCAL in self.recorder.records

    @property
    def tally(self) -> Tally:
        """Counts, rates and percentiles so far."""
        return self.recorder.tally

    @property
    def health(self) -> Health:
        """The health of the load generator so far."""
        return self.recorder.health

    @property
    def task_errors(self) -> TaskErrors:
        """The exceptions in tasks so far, of all workers."""
        runner = self._environment.runner
        return TaskErrors.of(runner.exceptions.values() if runner else ())

    def arrivals(self, level: str) -> Fate | None:
        """What has become of the arrivals in the window of a level, as far as is known; None in a closed loop."""
        return self.recorder.fate(level, heard=True)

    def disturbances(self, level: str) -> list[str]:
        """Why a level had other users than asked for, in words."""
        return self.recorder.disturbances(level)

    def _warn(self) -> None:
        """Log what this machine lacks for the run; each worker does so for its own."""
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            lack = lack_for_workers(runner.worker_count)
        else:
            lack = lack_for_calls(max(level.most_in_flight for level in self.levels)) if self.levels else ""
        if lack:
            logger.warning("bedrock-locust: %s", lack)

    def add(self, response: Any = None, **_: Any) -> None:
        """Listener of Locust's `request` event."""
        if isinstance(response, Call):
            self.recorder.add(response)

    def stop(self, why: EarlyEnd) -> None:
        """End the run before its plan. The first reason counts."""
        if self.early_end is not None:
            return
        self.early_end = why
        self._close_window()
        log = logger.info if why.is_planned else logger.warning
        log("bedrock-locust: %s reached: %s; the run ends", why.name, why.reason)
        gevent.spawn(self._stop)

    def _stop(self) -> None:
        """End the run in good order, as Ctrl-C or the button of the web UI does."""
        runner, options = self._environment.runner, self._environment.parsed_options
        if options and options.headless:
            # Locust's main greenlet would meet a quit of ours with one of its own, in the middle of it.
            gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())
        elif runner:
            runner.stop()

    def stopping(self) -> None:
        """The end has begun; calls in flight may go on for some seconds, but the load is over."""
        self.state = "ending"
        self._close_window()
        self._tick("ending")

    def end_window(self, why: str) -> None:
        """The load falls or is over, and with it the window that is open; no level is measured any more."""
        self._ran_s = self._ran_s or time.monotonic() - self._begun
        self._stopped = True
        self.recorder.close_window(why)

    def _close_window(self) -> None:
        self.end_window(self.early_end.name if self.early_end else "stopped")

    def on_level(self, level: Level | None) -> None:
        """Take note of a level; None is the end of the last. Once the end has begun, no level goes on."""
        if self._stopped and level is not None:
            return
        self._level = level
        if level is None:
            self.complete = True
            self._outputs.level(None)
        else:
            self.recorder.level(level)

    def on_schedule(self, schedule: Schedule) -> None:
        """Take note of arrivals that come from now on."""
        if not self._stopped:
            self.recorder.schedule(schedule)

    def cut_schedule(self) -> None:
        """Take note that no more arrivals come of the present schedule."""
        if not self._stopped:
            self.recorder.cut_schedule()

    def on_search(self, search: Mapping[str, Any]) -> None:
        """Take note of what a search has found so far."""
        self._searches[search["mode"]] = dict(search)
        self._outputs.search(search)
        self.recorder.write_info(search=list(self._searches.values()))

    def outcome(self, stopped_by: str, *, deserted: bool = False) -> tuple[str, str]:
        """How the run ended, and why. `stopped_by` names a signal or an exit; `deserted`: no worker was left."""
        if stopped_by:
            return "interrupted", f"stopped by {stopped_by}"
        if self.early_end and self.early_end.is_planned:
            return "complete", self.early_end.reason
        if self.early_end:
            return "interrupted", f"{self.early_end.name} reached: {self.early_end.in_the_end()}"
        self._deserted = deserted and not (self.complete and self._environment.shape_class)
        if self._deserted:
            refusals = self._refusals
            return "interrupted", f"no worker could take part: {refusals[0]}" if refusals else "no worker was left"
        if not self.complete:
            return "interrupted", f"stopped {self._by_time()}before all levels had run"
        ran = "the search is over" if self._searches else "all levels ran"
        return "complete", ran if self._environment.shape_class else "stopped as asked"

    def _by_time(self) -> str:
        """That `--run-time` has ended the run, if it has."""
        options = self._environment.parsed_options
        limit_s = run_time_of(options) if options else None
        over = limit_s is not None and self._ran_s >= limit_s - RUN_TIME_MARGIN_S
        return f"by --run-time, after {length_in_words(limit_s)}, " if limit_s and over else ""

    def end(
        self, *, ended: str, reason: str, check: Callable[[Path], None], report: MakeReport | None
    ) -> tuple[Path | None, list[int]]:
        """Close the record, make the report and tell the outputs. Returns where the report is, and exit codes.

        `check` comes between the two: it adds to the run folder what others say of the run.
        """
        self.state = "ending"
        self._ticking.kill()
        self._tick("ending")
        for name, rows in tables(self._environment):
            self.folder.write_table(name, rows)
        early = None if self.early_end and self.early_end.is_planned else self.early_end
        limit, total = (early.name, early.total()) if early else (None, None)
        if self.complete and any(one.level and one.level.kind for one in self.tally.levels.values()):
            self.recorder.write_info(levels_planned=len(self.tally.levels))
        self.recorder.write_info(
            limit=limit,
            limit_total=total,
            clock_step_ms=round(clock.step_ms),
            remedies=remedies(self.tally.total.examples),
            failure_reasons=reasons(self.tally.total.examples),
        )
        self.recorder.close(ended=ended, reason=reason)
        # All is on disk before anything else is tried that might fail.
        self._tick("recorded")
        self._say_if_nothing_worked()
        if (raised := self.task_errors).total:
            logger.error("bedrock-locust: %s. See exceptions.csv", raised)
        codes = [exits.FAILED] if self.folder.rows_lost or self.recorder.has_lost or self._deserted else []
        codes += [exits.ENDED_EARLY] if ended == "interrupted" else []
        codes += [exits.BAD_INPUT] if self._deserted and self._refusals else []
        check(self.path)
        written = None
        if report:
            written = make_report(report, self.path, Path(self.settings.output.report_file))
            codes += report_codes(self.path, written)
        self.state, self.reason, self.ended_at = ended, reason, clock.wall_at()
        rows_of_workers = [] if self.is_local else manifest(self.recorder.records)
        self._outputs.end(Outcome(ended, reason, self.path, written, rows_of_workers))
        return written, codes

    @property
    def _refusals(self) -> list[str]:
        """Why the workers could not take part, if none of them could."""
        records = self.recorder.records.values()
        return [record.reason for record in records] if all(record.state == "refused" for record in records) else []

    def abandon(self) -> None:
        """The process ends at once: give the terminal back and put on disk what has been measured."""
        self._tick("ending")
        self.folder.flush()

    def _say_if_nothing_worked(self) -> None:
        total = self.tally.total
        if total.ok or not total.errors:
            return
        (category, count), *_ = total.errors.most_common(1)
        logger.error(
            "bedrock-locust: no call succeeded; %d of %d ended in %s (%s). %s",
            *(count, total.calls, category, total.examples[category], remedy(category, total.examples[category])),
        )

    def _tick_on(self) -> None:
        """Once a second: rows to disk, what can be seen to the tally, the state to the outputs."""
        seconds = 0
        while True:
            before = time.monotonic()
            gevent.sleep(TICK_S)
            if (still_s := time.monotonic() - before - TICK_S) > STILL_S:
                logger.warning("bedrock-locust: this process stood still for %.0f s; its level lasts longer", still_s)
            self.folder.flush()
            if (seconds := seconds + 1) % INFO_EVERY == 0:
                self.recorder.write_info()
            clock.check()
            self.recorder.feel()
            self.tally.timeline.observe(self._users)
            self._tick("running")

    def _tick(self, stage: RunStage) -> None:
        arrivals = self.recorder.fate(self._level.key, heard=True) if self._level else None
        self._outputs.tick(State(stage, self._level, self._users, self.recorder.in_flight, arrivals))

    @property
    def _users(self) -> int:
        """How many users run now."""
        return self._environment.runner.user_count if self._environment.runner else 0
