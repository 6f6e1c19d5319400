"""The rows of the workers as they come to the master, and the end: it waits until each has handed over."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.child_workers import Forks
from bedrock_locust.process.clock import clock
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.team.master_roster import Crew
from bedrock_locust.team.messages import FINISH, HAND_OVER_S, REPORT, ROWS, TAKEN
from bedrock_locust.team.worker_watch import SILENT_S

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import MasterRunner

    from bedrock_locust.recording.recorder import Recorder

logger = logging.getLogger(__name__)

AGAIN_S = 1
"""How often a worker is asked again: the message may have been lost with its connection."""
LEAST_TIMEOUT_S, MOST_TIMEOUT_S = SILENT_S + 1, 55
CLOCK_LIMIT_MS = 1000
"""A worker whose clock is further off than this is told to have it set."""


class Handover:
    """The workers of a run as the master sees them."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        """Raises SettingsError where the options are wrong."""
        self.crew = Crew(environment, runner, _timeout_s(environment))
        self._runner = runner
        self._forks = Forks()
        self._recorder: Recorder | None = None
        self._asked = False
        self._asked_first: list[str] = []
        self.deserted = False
        """Whether no worker was left at the end of the last run."""
        self._wrong_clocks: set[str] = set()
        self._warnings: set[str] = set()
        self._answered = gevent.event.Event()
        runner.register_message(ROWS, self._on_rows)
        environment.events.worker_report.add_listener(self._on_report)

    def begin(self, recorder: Recorder) -> None:
        """A run begins with the workers that are there."""
        self._recorder, self._asked, self._warnings = recorder, False, set()
        self.crew.begin(recorder)
        self._forks.begin()

    def ask(self, grace_s: float) -> None:
        """Ask the workers to stop and to hand over. Before Locust's own stop message, which may take long."""
        assert self._recorder is not None  # noqa: S101 - called in a run
        unfinished = self.crew.unfinished()
        if not self._asked:
            self._asked, self.deserted = True, self.crew.deserted
            self._asked_first = unfinished
        for client_id in unfinished:
            self._runner.send_message(FINISH, {"run": self._recorder.run, "grace_s": grace_s}, client_id)

    def wait(self, grace_s: float) -> None:
        """Wait for all of them, but not for long; for one that is silent until its time is over."""
        end, told = time.monotonic() + grace_s + HAND_OVER_S, False
        while waited_for := self._waited_for(late=time.monotonic() > end):
            silent = [self.crew.name(id_) for id_ in waited_for if self.crew.silent_s(id_) >= SILENT_S]
            if silent and not told:
                told = True
                logger.warning(
                    "bedrock-locust: waiting for %s, silent: up to %d s in all", ", ".join(silent), self.crew.timeout_s
                )
            self._answered.clear()
            if not self._answered.wait(AGAIN_S):
                self.ask(grace_s)
        self.deserted &= not any(map(self.crew.is_done, self._asked_first))
        self._recorder = self.crew.recorder = None

    def _waited_for(self, *, late: bool) -> list[str]:
        return [id_ for id_ in self.crew.unfinished() if not late or self.crew.silent_s(id_) >= SILENT_S]

    def _on_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if report := data.get(REPORT):
            self._take(client_id, report)
        else:
            self.crew.meet(client_id, has_users=bool(data.get("user_count")))

    def _on_rows(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        self._take(msg.node_id, msg.data)

    def _take(self, client_id: str, report: dict[str, Any]) -> None:
        # Of another version nothing but the version can be relied on.
        run, recorder = report.get("run"), self._recorder
        answer: dict[str, Any] = {key: report.get(key) for key in ("asked_at", "tick", "run")}
        answer |= {"version": __version__, "at": clock.wall_at(), "batches": [], "whole": False}
        if self.crew.admit(client_id, report.get("version", "unknown")) and recorder and run == recorder.run:
            answer["batches"] = [batch["batch"] for batch in report["batches"]]
            answer["whole"] = self._add(client_id, recorder, report)
        answer["over"] = run is not None and (recorder is None or run != recorder.run)
        self._runner.send_message(TAKEN, answer, client_id)
        # As long as the next report is there already, Locust's listener takes it at once: levels, heartbeats and the
        # page would never have their turn.
        gevent.sleep(0)

    def _add(self, client_id: str, recorder: Recorder, report: dict[str, Any]) -> bool:
        name = self.crew.name(client_id)
        self._check_clock(name, report["clock_offset_ms"])
        self._pass_on(name, report["warning"])
        whole = recorder.add_report(name, report)
        # An answer is a promise: a master that is killed now has lost none of these rows.
        recorder.folder.flush()
        if whole:
            self._answered.set()
        if report["last"] is not None and not self._asked:
            self.crew.left(client_id)
        return whole

    def _pass_on(self, name: str, warning: str) -> None:
        """Say what a worker lacks. Others may lack the same: those of one machine do."""
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
