"""The workers of a run as the master sees them: which are silent, which are back, which cannot take part."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from locust.runners import STATE_RUNNING, STATE_SPAWNING

import gevent

from bedrock_locust import __version__
from bedrock_locust.process.clock import clock
from bedrock_locust.process.locust_patches import keep_workers
from bedrock_locust.team.messages import mismatch, worker_name
from bedrock_locust.team.worker_watch import SILENT_S

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.runners import MasterRunner

    from bedrock_locust.recording.recorder import Recorder
    from bedrock_locust.recording.worker_record import WorkerRecord

logger = logging.getLogger(__name__)

BEAT_S = 0.5
HEARD_S = 3
"""A worker that is silent for this long gets no more arrivals to make, in seconds."""
STRANGER_S = 10
"""A worker whose reports lack ours is a stranger after this time, in seconds, and at once if it has users: a worker
with the plugin can report while its locustfile is still being set up, but has no users then."""

MOST_STRANGERS = 100
"""Senders to the master's port that are no workers, and that a line names."""


class Roster:
    """The workers of the run that goes on.

    Locust takes a worker for missing after 4 s of silence, and ends the run if it was the last one. A network that is
    down for a few seconds is no reason to end a run of an hour: while no worker at all is heard, all of them are kept
    until the timeout.
    """

    def __init__(self, environment: Environment, runner: MasterRunner, timeout_s: int) -> None:
        self.recorder: Recorder | None = None
        self.timeout_s = timeout_s
        self._runner = runner
        # Counts only seconds in which this process ran: it may have been frozen, or busy.
        self._silent_s: dict[str, float] = {}
        self._strangers: dict[str, float] = {}
        self._refused: dict[str, str] = {}
        self._sent_away: set[str] = set()
        self._dropped: set[str] = set()
        self._spread_over: set[str] = set()
        environment.events.heartbeat_sent.add_listener(self._on_heartbeat)
        gevent.spawn(self._watch)

    def begin(self, recorder: Recorder) -> None:
        """Begin a run with the workers that are connected, and record those that were refused before it."""
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

    def able(self) -> list[str]:
        """The workers of the run that are heard and have begun it: they can make calls now."""
        begun = {client.id for client in self._runner.clients.all if client.state in (STATE_SPAWNING, STATE_RUNNING)}
        heard = [id_ for id_, silent_s in self._silent_s.items() if silent_s < HEARD_S and not self.is_done(id_)]
        return [id_ for id_ in heard if id_ in begun]

    def unfinished(self) -> list[str]:
        """The workers of the run that have not handed over all rows, and that are not given up."""
        return [id_ for id_, silent_s in self._silent_s.items() if silent_s < self.timeout_s and not self.is_done(id_)]

    @property
    def deserted(self) -> bool:
        """Whether every worker of the run is done, or silent."""
        return all(self.is_done(id_) or silent_s >= SILENT_S for id_, silent_s in self._silent_s.items())

    def admit(self, client_id: str, version: str) -> bool:
        """Whether a worker can take part in a run. A worker of another version learns that from our answer."""
        self._strangers.pop(client_id, None)
        if client_id in self._sent_away:
            return False
        if why := mismatch(__version__, version):
            self.refuse(client_id, why)
        else:
            self._hear(client_id)
        return not why

    def send_away(self, client_id: str, why: str) -> None:
        """Refuse a worker whose reports cannot be used, and have it end: it cannot know by itself."""
        self.refuse(client_id, why)
        self._runner.send_message("quit", client_id=client_id)

    def turn_away(self, client_id: str, why: str) -> None:
        """Take note of a message that was dropped. A worker that sends one ends; of strangers each is named once."""
        if client_id in self._runner.clients:
            self.send_away(client_id, f"what it reports is wrong: {why}")
        elif client_id not in self._dropped and len(self._dropped) < MOST_STRANGERS:
            self._dropped.add(client_id)
            logger.error("bedrock-locust: dropped a message to the master's port from %.80r: %s", client_id, why)

    def meet(self, client_id: str, *, has_users: bool) -> None:
        """Note a report without ours in it: the worker may have no plugin."""
        since = self._strangers.setdefault(client_id, time.monotonic())
        if (has_users or time.monotonic() - since >= STRANGER_S) and client_id not in self._sent_away:
            self.send_away(client_id, mismatch(__version__, None))

    def leave(self, client_id: str) -> None:
        """Note that a worker has handed over without being asked to."""
        if (record := self._record(client_id)) and record.leave():
            self._change(client_id, "left", "has left the run, with all of its rows handed over")

    def _record(self, client_id: str) -> WorkerRecord | None:
        """The record of a worker; None while no run goes on."""
        return self.recorder.join(self.name(client_id)) if self.recorder else None

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
            self.recorder.join(self.name(client_id)).come_back()
            self._change(client_id, "back", f"is back after {silent_s:.0f} s")

    def _watch(self) -> None:
        while True:
            gevent.sleep(BEAT_S)
            if self.recorder:
                self._grow_silent()
                self._keep_silent()
                self._spread_users()

    def _grow_silent(self) -> None:
        for client_id in self._silent_s:
            before = self._silent_s[client_id]
            self._silent_s[client_id] += BEAT_S
            if before < SILENT_S <= self._silent_s[client_id] and not self.is_done(client_id):
                self._lose(client_id)

    def _lose(self, client_id: str) -> None:
        if record := self._record(client_id):
            since = clock.wall_at() - SILENT_S
            record.lose(since)
            rows = f"{record.rows_received:,} rows of it are in"
            self._change(client_id, "lost", f"has been silent for {SILENT_S} s; {rows}", since)

    def _keep_silent(self) -> None:
        """Keep Locust from giving up the workers while none of them is heard."""
        there = [client for client in self._runner.clients.all if client.state != "missing"]
        kept = {client.id for client in there if self._silent_s.get(client.id, self.timeout_s) < self.timeout_s}
        keep_workers(there, kept)

    def _spread_users(self) -> None:
        """Spread all users over the workers that are there, after one has come or gone: a level would wait for them.

        Locust does that itself, but not while it spawns users, and only once for several changes. Where there are no
        users to spread, as in an open loop, only a worker that has not begun needs its order: for the others it would
        be one to stop.
        """
        runner = self._runner
        there = self._there()
        if not (runner.target_user_count or runner.clients.ready):
            self._spread_over = there
        if there != self._spread_over and runner.state == "running" and runner.spawning_completed and there:
            self._spread_over = there
            gevent.spawn(runner.start, runner.target_user_count, runner.spawn_rate)

    def _there(self) -> set[str]:
        """The workers that Locust gives users to."""
        return {client.id for client in self._runner.clients.all if client.state != "missing"}

    def refuse(self, client_id: str, why: str) -> None:
        """Record that a worker cannot take part, and why."""
        if client_id in self._sent_away:
            return
        self._sent_away.add(client_id)
        logger.error("bedrock-locust: worker %s cannot take part: %s", self.name(client_id), why)
        if self.recorder:
            self._silent_s.pop(client_id, None)
            self._record_refusal(client_id, why)
        else:
            self._refused[client_id] = why

    def _record_refusal(self, client_id: str, why: str) -> None:
        if self.recorder and (record := self._record(client_id)):
            record.refuse(why)
            self.recorder.change(self.name(client_id), "refused")

    def is_done(self, client_id: str) -> bool:
        """Whether no more rows of a worker will come: all have arrived, or the worker was refused."""
        record = self._record(client_id)
        return record is None or record.is_done

    def _change(self, client_id: str, what: str, text: str, since: float | None = None) -> None:
        log = logger.info if what == "joined" else logger.warning
        log("bedrock-locust: worker %s %s", self.name(client_id), text)
        if self.recorder:
            self.recorder.change(self.name(client_id), what, since)
