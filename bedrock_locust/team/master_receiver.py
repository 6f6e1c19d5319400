"""The master's side of the connection: it takes the workers' rows and, at the end, waits until all have arrived."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.child_workers import ChildWorkers
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.worker_check import WrongReportError
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.team.master_roster import Roster
from bedrock_locust.team.messages import FINISH, HAND_OVER_S, REPORT, ROWS, TAKEN, Finish, Report, Taken, version_of
from bedrock_locust.team.worker_watch import SILENT_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from locust.env import Environment
    from locust.runners import MasterRunner

    from bedrock_locust.recording.recorder import Recorder

logger = logging.getLogger(__name__)

AGAIN_S = 1
"""How often the master repeats its request to hand over: a message can be lost with its connection."""
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = SILENT_S + 1, 55
CLOCK_LIMIT_MS = 1000
"""The master warns of a worker's clock that is off by more than this."""


class Receiver:
    """Takes the rows of the workers of a run."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        """Raises SettingsError where the options are wrong."""
        self.roster = Roster(environment, runner, _timeout_s(environment))
        self._runner = runner
        self._child_workers = ChildWorkers()
        self._recorder: Recorder | None = None
        self._asked = False
        self._asked_first: list[str] = []
        self.deserted = False
        """Whether no worker was left at the end of the last run."""
        self._wrong_clocks: set[str] = set()
        self._warnings: set[str] = set()
        self._finished = gevent.event.Event()
        runner.register_message(ROWS, self._on_rows)
        environment.events.worker_report.add_listener(self._on_report)

    def begin(self, recorder: Recorder) -> None:
        """Begin a run with the workers that are connected."""
        self._recorder, self._asked, self._warnings = recorder, False, set()
        self.roster.begin(recorder)
        self._child_workers.begin()

    def ask(self, grace_s: float) -> None:
        """Ask the workers to stop and to hand over. Comes before Locust's own stop message, which can take long."""
        if self._recorder is None:
            return
        unfinished = self.roster.unfinished()
        if not self._asked:
            self._asked, self.deserted = True, self.roster.deserted
            self._asked_first = unfinished
        message = Finish(self._recorder.run, grace_s).to_plain()
        for client_id in unfinished:
            self._runner.send_message(FINISH, message, client_id)

    def wait(self, grace_s: float) -> None:
        """Wait until all workers have handed over: a limited time, but for a silent one until its timeout."""
        end, told = time.monotonic() + grace_s + HAND_OVER_S, False
        while waited_for := self._waited_for(late=time.monotonic() > end):
            silent = [self.roster.name(id_) for id_ in waited_for if self.roster.silent_s(id_) >= SILENT_S]
            if silent and not told:
                told = True
                logger.warning(
                    "bedrock-locust: waiting for %s, silent: up to %d s in all",
                    ", ".join(silent),
                    self.roster.timeout_s,
                )
            self._finished.clear()
            if not self._finished.wait(AGAIN_S):
                self.ask(grace_s)
        self.deserted &= not any(map(self.roster.is_done, self._asked_first))
        self._recorder = self.roster.recorder = None

    def _waited_for(self, *, late: bool) -> list[str]:
        return [id_ for id_ in self.roster.unfinished() if not late or self.roster.silent_s(id_) >= SILENT_S]

    def _on_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if isinstance(report := data.get(REPORT), dict):
            self._take(client_id, report)
        else:
            self.roster.meet(client_id, has_users=bool(data.get("user_count")))

    def _on_rows(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        self._take(msg.node_id, msg.data if isinstance(msg.data, dict) else {})

    def _take(self, client_id: str, plain: Mapping[str, Any]) -> None:
        """Take a report, and answer it."""
        answer = Taken(__version__, None, None, clock.wall_at(), None)
        try:
            if self.roster.admit(client_id, version_of(plain)):
                answer = self._answer(client_id, Report.from_plain(plain))
        except WrongReportError as error:
            self.roster.send_away(client_id, f"what it reports is wrong: {error}")
            return
        self._runner.send_message(TAKEN, answer.to_plain(), client_id)
        # If the next report is there already, Locust's listener takes it at once: levels, heartbeats and the page
        # would never have their turn.
        gevent.sleep(0)

    def _answer(self, client_id: str, report: Report) -> Taken:
        rows, recorder = report.rows, self._recorder
        if report.refusal:
            self.roster.refuse(client_id, report.refusal)
        whole = over = False
        batches: tuple[int, ...] = ()
        if rows and recorder and rows.run == recorder.run:
            whole = self._add(client_id, recorder, report)
            batches = tuple(batch.number for batch in rows.batches)
        elif rows:
            over = True
        run = rows.run if rows else None
        return Taken(__version__, report.asked_at, report.tick, clock.wall_at(), run, batches, whole, over)

    def _add(self, client_id: str, recorder: Recorder, report: Report) -> bool:
        """Write the rows of a report of the present run; whether the worker has handed over everything."""
        rows = report.rows
        if rows is None:
            return False
        name = self.roster.name(client_id)
        self._check_clock(name, report.clock_offset_ms)
        self._pass_on(name, report.warning)
        whole = recorder.add_report(name, rows, clock_offset_ms=report.clock_offset_ms, warning=report.warning)
        # The answer is a promise: if the master is killed now, none of these rows is lost.
        recorder.folder.flush()
        if whole:
            self._finished.set()
        if rows.last is not None and not self._asked:
            self.roster.leave(client_id)
        return whole

    def _pass_on(self, name: str, warning: str) -> None:
        """Log what a worker lacks, once for all workers that lack the same: those of one machine do."""
        if warning and warning not in self._warnings:
            self._warnings.add(warning)
            logger.warning("bedrock-locust: worker %s: %s", name, warning)

    def _check_clock(self, name: str, offset_ms: float | None) -> None:
        if offset_ms is not None and abs(offset_ms) > CLOCK_LIMIT_MS and name not in self._wrong_clocks:
            self._wrong_clocks.add(name)
            logger.warning(
                "bedrock-locust: the clock of worker %s is %.0f s %s: its rows are put right, but AWS refuses requests"
                " signed more than 5 minutes off; set it, with NTP",
                *(name, abs(offset_ms) / 1000, "behind" if offset_ms > 0 else "ahead"),
            )


def _timeout_s(environment: Environment) -> int:
    """How long a silence between master and worker may last, in seconds. Raises SettingsError."""
    seconds: int = getattr(environment.parsed_options, "bedrock_worker_timeout", 30)
    if not LEAST_TIMEOUT_S <= seconds <= MOST_TIMEOUT_S:
        wrong = f"--bedrock-worker-timeout is {seconds}, but must be from {LEAST_TIMEOUT_S} to {MOST_TIMEOUT_S} seconds"
        raise SettingsError(f"{wrong}: silence begins after {SILENT_S} s, and Locust's own workers end after 60 s")
    return seconds
