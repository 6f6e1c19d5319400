"""The worker's side of the connection: it sends rows to the master and reads the master's answers."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.exception import RPCError

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.worker_rows import RowsReport
from bedrock_locust.team import undelivered_rows
from bedrock_locust.team.clock_offset import ClockOffset
from bedrock_locust.team.messages import HAND_OVER_S, REPORT, ROWS, TAKEN, Report, Taken, mismatch, version_of
from bedrock_locust.team.worker_watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment
    from locust.runners import WorkerRunner

    from bedrock_locust.team.worker_buffer import Buffer

logger = logging.getLogger(__name__)

AGAIN_S = 1
"""How often a worker that has finished repeats its report, until the master answers."""


class Sender:
    """Sends this worker's reports and reads the answers."""

    def __init__(
        self,
        environment: Environment,
        runner: WorkerRunner,
        *,
        on_gone: Callable[[str], None],
        on_stranger: Callable[[str], None],
    ) -> None:
        """`on_gone` gets the reason when the master is given up, `on_stranger` when it is of another version."""
        self.offset = ClockOffset()
        self.warning = ""
        """What this worker lacks, in words: for the master to show."""
        self._environment = environment
        self._runner = runner
        self._buffer: Buffer | None = None
        self._watch = Watch(runner.master_host, runner.master_port, on_gone)
        self._on_stranger: Callable[[str], None] | None = on_stranger
        self._answered = gevent.event.Event()
        runner.register_message(TAKEN, self._on_taken)
        environment.events.heartbeat_received.add_listener(self._on_heartbeat)
        environment.events.report_to_master.add_listener(self._on_report)

    def greet(self) -> None:
        """Tell the master that the plugin is here."""
        self._send(ROWS, self._report().to_plain())

    def begin(self, buffer: Buffer, timeout_s: int) -> None:
        """Send the rows of a run from now on. The master is given up after `timeout_s` of silence."""
        self._buffer = buffer
        self._watch.timeout_s = timeout_s

    def finish(self, buffer: Buffer) -> bool:
        """Send until the master has confirmed all of a closed buffer, or time is up. Returns whether it has."""
        listener = None if self._runner.greenlet else gevent.spawn(self._listen)
        data: dict[str, Any] = {}
        # Locust sends its own figures every 3 s: without this, the last ones would be lost.
        self._environment.events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._send("stats", data)
        end = time.monotonic() + HAND_OVER_S
        while not (buffer.whole or buffer.over) and self._watch.reachable and time.monotonic() < end:
            self._answered.clear()
            if not self._answered.wait(AGAIN_S) or buffer.unsent:
                self._send(ROWS, self._report().to_plain())
        if listener:
            listener.kill()
        if self._buffer is buffer:
            self._watch.timeout_s = 0
        return buffer.whole

    def decline(self, run: str) -> None:
        """Tell the master that this worker has no rows of a run."""
        nothing = RowsReport(run, rows_made=0, cpu_percent=None, last=0)
        self._send(ROWS, self._report(nothing).to_plain())

    def refuse(self, why: str) -> None:
        """Tell the master why this worker cannot take part in its run."""
        self._send(ROWS, replace(self._report(), refusal=why).to_plain())

    def give_up(self, buffer: Buffer, directory: str, worker: str) -> None:
        """Log how many rows the master has not confirmed, and write them to a file if possible."""
        if self._buffer is buffer:
            self._buffer = None
        if not (rows := buffer.rows):
            logger.error("bedrock-locust: the master did not say that it has all rows; all were sent to it")
            return
        try:
            where = f"they are in {undelivered_rows.keep(directory, buffer.run, worker, rows)}"
        except OSError as error:
            where = f"and could not be kept in {directory!r} ({error.strerror})"
        logger.error("bedrock-locust: %d rows of this worker were not handed over; %s", len(rows), where)

    def _report(self, rows: RowsReport | None = None) -> Report:
        """What to tell the master now: these rows, or those that are due."""
        offset_s = self.offset.offset_s
        return Report(
            version=__version__,
            asked_at=clock.wall_at(),
            tick=time.perf_counter(),
            clock_offset_ms=None if offset_s is None else round(offset_s * 1000, 1),
            warning=self.warning,
            rows=rows or self._due_rows(),
        )

    def _due_rows(self) -> RowsReport | None:
        """The report of the run that goes on; None where the master needs nothing more."""
        if self._buffer is None or self._buffer.whole or self._buffer.over:
            return None
        return self._buffer.report(hearing=self._watch.hearing)

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        data[REPORT] = self._report().to_plain()

    def _on_heartbeat(self, **_: Any) -> None:
        self._watch.hear()

    def _on_taken(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        self._watch.hear()
        if why := mismatch(__version__, version_of(msg.data)):
            tell, self._on_stranger = self._on_stranger, None
            if tell:
                tell(why)
            return
        self._take(Taken.from_plain(msg.data))

    def _take(self, answer: Taken) -> None:
        """Note what the master has confirmed, and what its clock says."""
        if answer.tick is not None and answer.asked_at is not None:
            took_s = time.perf_counter() - answer.tick
            self.offset.add(asked_at=answer.asked_at, took_s=took_s, answered_at=answer.answered_at)
        if self._buffer and answer.run == self._buffer.run:
            self._buffer.confirm(answer.batches)
            self._buffer.whole |= answer.whole
            self._buffer.over |= answer.over
            self._answered.set()

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        try:
            self._runner.send_message(kind, data)
        except RPCError as error:
            logger.warning("bedrock-locust: could not send to the master: %s", error)

    def _listen(self) -> None:
        """Read messages in place of Locust's own listener, which has ended by now."""
        while True:
            try:
                message = self._runner.client.recv()
            except RPCError:
                return
            if message.type == TAKEN:
                self._on_taken(self._environment, message)
            elif message.type == "heartbeat":
                self._watch.hear()
