"""The workers of a run, as their master hears them: who is silent, who is back, who can't take part."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.worker_record import FINISHED, MISSING, REFUSED
from bedrock_locust.team.messages import mismatch, worker_name
from bedrock_locust.team.worker_watch import SILENT_S

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import MasterRunner

    from bedrock_locust.recording.recorder import Recorder

logger = logging.getLogger(__name__)

BEAT_S = 0.5
STRANGER_S = 10
"""A worker that reports without a word of ours is a stranger after this time, in seconds, and at once if it has users:
one with the plugin may report while its locustfile is still setting itself up, but has no users then."""
LEFT = "left before the end"
HELD_BEATS = 1
"""What is left of Locust's patience with a worker that is held: at less than 0 Locust takes it for missing."""


class Crew:
    """The workers of the run that goes on.

    Locust takes a worker for missing after 4 s of silence, and ends the run where it was the last. A network that is
    away for a few seconds is no reason to end a run of an hour: while no worker at all is heard, all of them are
    held until the timeout.
    """

    def __init__(self, environment: Environment, runner: MasterRunner, timeout_s: int) -> None:
        self.recorder: Recorder | None = None
        self.timeout_s = timeout_s
        self._runner = runner
        # In seconds that this process has lived through: it may have been frozen, or busy.
        self._silent_s: dict[str, float] = {}
        self._strangers: dict[str, float] = {}
        self._refused: dict[str, str] = {}
        self._sent_away: set[str] = set()
        self._spread_over: set[str] = set()
        environment.events.heartbeat_sent.add_listener(self._on_heartbeat)
        gevent.spawn(self._keep)

    def begin(self, recorder: Recorder) -> None:
        """A run begins with the workers that are there; those that were refused are named."""
        self.recorder = recorder
        ids = self._there() - set(self._refused)
        self._silent_s = dict.fromkeys(ids, 0.0)
        self._spread_over = self._there()
        for client_id in ids:
            recorder.join(self.name(client_id))
        for client_id, why in self._refused.items():
            self._record_refusal(client_id, why)
        self._refused = {}

    def name(self, client_id: str) -> str:
        """The short name of a worker."""
        return worker_name(client_id, self._runner.get_worker_index(client_id))

    def silent_s(self, client_id: str) -> float:
        """How long a worker of the run has been silent, in seconds."""
        return self._silent_s.get(client_id, 0.0)

    def unfinished(self) -> list[str]:
        """Those workers of the run whose rows have not all come, and that are not given up."""
        return [id_ for id_, silent_s in self._silent_s.items() if silent_s < self.timeout_s and not self.is_done(id_)]

    @property
    def deserted(self) -> bool:
        """Whether none of the workers of the run is left."""
        return all(self.is_done(id_) or silent_s >= SILENT_S for id_, silent_s in self._silent_s.items())

    def admit(self, client_id: str, version: str) -> bool:
        """Whether a worker can take part in a run; one of another version is told so by the answer to its report."""
        self._strangers.pop(client_id, None)
        if why := mismatch(__version__, version):
            self._refuse(client_id, why)
        else:
            self._hear(client_id)
        return not why

    def meet(self, client_id: str, *, has_users: bool) -> None:
        """A worker has reported without a word of ours."""
        since = self._strangers.setdefault(client_id, time.monotonic())
        if (has_users or time.monotonic() - since >= STRANGER_S) and client_id not in self._sent_away:
            self._refuse(client_id, mismatch(__version__, None))
            self._runner.send_message("quit", client_id=client_id)  # it can't know by itself

    def left(self, client_id: str) -> None:
        """A worker has handed over without being asked to."""
        account = self.recorder.join(self.name(client_id)) if self.recorder else None
        if account and not account.reason:
            account.reason = LEFT
            self._change(client_id, "left", "has left the run, with all of its rows handed over")

    def _on_heartbeat(self, client_id: str, **_: Any) -> None:
        if client_id in self._silent_s:
            self._hear(client_id)

    def _hear(self, client_id: str) -> None:
        if self.recorder is None:
            return
        silent_s = self._silent_s.get(client_id)
        self._silent_s[client_id] = 0.0
        if silent_s is None:
            self.recorder.join(self.name(client_id))
            self._change(client_id, "joined", "has joined the run")
        elif silent_s >= SILENT_S and not self.is_done(client_id):
            account = self.recorder.join(self.name(client_id))
            account.state, account.reason = "running", ""
            self._change(client_id, "back", f"is back after {silent_s:.0f} s")

    def _keep(self) -> None:
        while True:
            gevent.sleep(BEAT_S)
            if self.recorder:
                self._grow_silent()
                self._hold()
                self._spread_users()

    def _grow_silent(self) -> None:
        for client_id in self._silent_s:
            before = self._silent_s[client_id]
            self._silent_s[client_id] += BEAT_S
            if before < SILENT_S <= self._silent_s[client_id] and not self.is_done(client_id):
                self._lose(client_id)

    def _lose(self, client_id: str) -> None:
        assert self.recorder is not None  # noqa: S101 - called in a run
        since = clock.wall_at() - SILENT_S
        account = self.recorder.join(self.name(client_id))
        account.state = MISSING
        account.reason = f"not heard of since {time.strftime('%H:%M:%S', time.gmtime(since))} UTC"
        rows = f"{account.rows_received:,} rows of it are in"
        self._change(client_id, "lost", f"has been silent for {SILENT_S} s; {rows}", since)

    def _hold(self) -> None:
        """Keep Locust from giving up workers of which none is heard."""
        there = [client for client in self._runner.clients.all if client.state != "missing"]
        if any(client.heartbeat > HELD_BEATS for client in there):
            return
        for client in there:
            if self._silent_s.get(client.id, self.timeout_s) < self.timeout_s:
                client.heartbeat = HELD_BEATS

    def _spread_users(self) -> None:
        """Have those that are there run all users, after one has come or gone: a level that begins would wait for them.

        Locust does so itself, but not while users are being spawned, and of several changes only after the first.
        """
        runner = self._runner
        there = self._there()
        if there != self._spread_over and runner.state == "running" and runner.spawning_completed and there:
            self._spread_over = there
            gevent.spawn(runner.start, runner.target_user_count, runner.spawn_rate)

    def _there(self) -> set[str]:
        """The workers that Locust gives users."""
        return {client.id for client in self._runner.clients.all if client.state != "missing"}

    def _refuse(self, client_id: str, why: str) -> None:
        """Send a worker away, and keep the reason."""
        if client_id in self._sent_away:
            return
        self._sent_away.add(client_id)
        logger.error("bedrock-locust: worker %s can't take part: %s", self.name(client_id), why)
        if self.recorder:
            self._silent_s.pop(client_id, None)
            self._record_refusal(client_id, why)
        else:
            self._refused[client_id] = why

    def _record_refusal(self, client_id: str, why: str) -> None:
        assert self.recorder is not None  # noqa: S101 - called in a run
        account = self.recorder.join(self.name(client_id))
        account.state, account.reason = REFUSED, why
        self.recorder.change(self.name(client_id), REFUSED)

    def is_done(self, client_id: str) -> bool:
        """Whether no more rows will come of a worker, as all have, or as it was refused."""
        assert self.recorder is not None  # noqa: S101 - called in a run
        return self.recorder.join(self.name(client_id)).state in (FINISHED, REFUSED)

    def _change(self, client_id: str, what: str, text: str, since: float | None = None) -> None:
        assert self.recorder is not None  # noqa: S101 - called in a run
        log = logger.info if what == "joined" else logger.warning
        log("bedrock-locust: worker %s %s", self.name(client_id), text)
        self.recorder.change(self.name(client_id), what, since)
