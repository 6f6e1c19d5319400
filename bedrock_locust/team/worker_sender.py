"""Rows from a worker to its master, and the master's word that it has them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from locust.exception import RPCError

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.clock import clock
from bedrock_locust.team import undelivered_rows as orphans
from bedrock_locust.team.clock_offset import Offset
from bedrock_locust.team.messages import HAND_OVER_S, REPORT, ROWS, TAKEN, mismatch
from bedrock_locust.team.worker_watch import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.env import Environment
    from locust.runners import WorkerRunner

    from bedrock_locust.team.worker_buffer import Outbox

logger = logging.getLogger(__name__)

AGAIN_S = 1
"""How often a worker that has finished says so, until the master has heard it."""


class Delivery:
    """What this worker sends to its master about its rows, and what it is answered."""

    def __init__(
        self,
        environment: Environment,
        runner: WorkerRunner,
        *,
        on_gone: Callable[[str], None],
        on_stranger: Callable[[str], None],
    ) -> None:
        """`on_gone` is told why the master is given up in a run, `on_stranger` why it is not one for this worker."""
        self.offset = Offset()
        self.warning = ""
        """What the master is to be told that this worker lacks, in words."""
        self._environment = environment
        self._runner = runner
        self._outbox: Outbox | None = None
        self._link = Link(runner.master_host, runner.master_port, on_gone)
        self._on_stranger: Callable[[str], None] | None = on_stranger
        self._answered = gevent.event.Event()
        runner.register_message(TAKEN, self._on_taken)
        environment.events.heartbeat_received.add_listener(self._on_heartbeat)
        environment.events.report_to_master.add_listener(self._on_report)

    def greet(self) -> None:
        """Tell the master that the plugin is here."""
        self._send(ROWS, self._report())

    def begin(self, outbox: Outbox, timeout_s: int) -> None:
        """A run begins: its rows are in the outbox. A master that is silent for so long is given up."""
        self._outbox = outbox
        self._link.timeout_s = timeout_s

    def finish(self, outbox: Outbox) -> bool:
        """Send until the master has everything of an outbox that is closed; whether it has."""
        listener = None if self._runner.greenlet else gevent.spawn(self._listen)
        data: dict[str, Any] = {}
        # With Locust's own figures, which would otherwise be lost.
        self._environment.events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._send("stats", data)
        end = time.monotonic() + HAND_OVER_S
        while not (outbox.whole or outbox.over) and self._link.reachable and time.monotonic() < end:
            self._answered.clear()
            if not self._answered.wait(AGAIN_S) or outbox.unsent:
                self._send(ROWS, self._report())
        if listener:
            listener.kill()
        if self._outbox is outbox:
            self._link.timeout_s = 0
        return outbox.whole

    def decline(self, run: str) -> None:
        """Say that this worker has nothing of a run."""
        nothing = {"batches": [], "rows_made": 0, "cpu_percent": None, "last": 0}
        self._send(ROWS, {**self._report(), **nothing, "run": run})

    def give_up(self, outbox: Outbox, directory: str, worker: str) -> None:
        """Say how many rows the master does not have, and keep them in a file if that can be."""
        if self._outbox is outbox:
            self._outbox = None
        if not (rows := outbox.rows):
            logger.error("bedrock-locust: the master did not say that it has all rows; all were sent to it")
            return
        try:
            where = f"they are in {orphans.keep(directory, outbox.run, worker, rows)}"
        except OSError as error:
            where = f"and could not be kept in {directory!r} ({error.strerror})"
        logger.error("bedrock-locust: %d rows of this worker were not handed over; %s", len(rows), where)

    def _report(self) -> dict[str, Any]:
        offset_s = self.offset.offset_s
        report = {
            "version": __version__,
            "asked_at": clock.wall_at(),
            "tick": time.perf_counter(),
            "clock_offset_ms": None if offset_s is None else round(offset_s * 1000, 1),
            "run": None,
            "warning": self.warning,
        }
        if self._outbox is None or self._outbox.whole or self._outbox.over:
            return report
        return {**report, **self._outbox.report(hearing=self._link.hearing)}

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        data[REPORT] = self._report()

    def _on_heartbeat(self, **_: Any) -> None:
        self._link.hear()

    def _on_taken(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        answer = msg.data
        self._link.hear()
        if why := mismatch(__version__, answer.get("version", "unknown")):
            tell, self._on_stranger = self._on_stranger, None
            if tell:
                tell(why)
            return
        took_s = time.perf_counter() - answer["tick"]
        self.offset.add(asked_at=answer["asked_at"], took_s=took_s, answered_at=answer["at"])
        if self._outbox and answer["run"] == self._outbox.run:
            self._outbox.acknowledge(answer["batches"])
            self._outbox.whole |= answer["whole"]
            self._outbox.over |= answer["over"]
            self._answered.set()

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        try:
            self._runner.send_message(kind, data)
        except RPCError as error:
            logger.warning("bedrock-locust: could not send to the master: %s", error)

    def _listen(self) -> None:
        """In place of Locust's own listener, which has ended by now."""
        while True:
            try:
                message = self._runner.client.recv()
            except RPCError:
                return
            if message.type == TAKEN:
                self._on_taken(self._environment, message)
            elif message.type == "heartbeat":
                self._link.hear()
