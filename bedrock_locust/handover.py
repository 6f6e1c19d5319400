"""The end of a run with workers: the master waits until each of them has handed over its rows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust.worker import FINISH, FINISHED, REPORT, worker_name

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import MasterRunner

    from bedrock_locust.recorder import Recorder

logger = logging.getLogger(__name__)

LIMIT_S = 15
"""How long to wait for the last rows of the workers, beyond the grace for calls in flight, in seconds."""


class Handover:
    """The workers of a run as the master sees them."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._runner = runner
        self._recorder: Recorder | None = None
        self._finished: set[str] = set()
        self._answered = gevent.event.Event()
        runner.register_message(FINISHED, self._on_finished)
        environment.events.worker_report.add_listener(self._on_report)

    def begin(self, recorder: Recorder) -> None:
        """A run begins with the workers that are there."""
        self._recorder = recorder
        self._finished = set()
        for client in self._runner.clients.all:
            recorder.join(self._name(client.id))

    def ask(self, grace_s: float) -> None:
        """Ask the workers to stop and to hand over. Before Locust's own stop message, which may take long."""
        self._runner.send_message(FINISH, {"grace_s": grace_s})

    def wait(self, grace_s: float) -> None:
        """Wait for all of them, but not for long."""
        with gevent.Timeout(grace_s + LIMIT_S, False):  # type: ignore[arg-type]  # False: end the block silently
            while self._missing():
                self._answered.clear()
                self._answered.wait(1)
        for client_id in self._missing():
            logger.warning("bedrock-locust: worker %s has not handed over its last rows", self._name(client_id))
        self._recorder = None

    def _missing(self) -> set[str]:
        there = {client.id for client in self._runner.clients.all if client.state != "missing"}
        return there - self._finished

    def _on_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if self._recorder is not None and (batch := data.get(REPORT)):
            self._recorder.add_batch(self._name(client_id), batch)

    def _on_finished(self, environment: Environment, msg: Any, **_: Any) -> None:  # noqa: ARG002 - Locust's names
        if self._recorder is None or msg.data["run"] != self._recorder.run:
            return
        self._finished.add(msg.node_id)
        self._recorder.finished(self._name(msg.node_id))
        self._answered.set()

    def _name(self, client_id: str) -> str:
        return worker_name(client_id, self._runner.get_worker_index(client_id))
