"""A worker's part in a run: its boto3 client, and its rows until they are handed over."""

from __future__ import annotations

import atexit
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gevent
import gevent.lock

from bedrock_locust import __version__, exits
from bedrock_locust.arrivals.tenant import Tenant
from bedrock_locust.aws.boto3_client import check_credentials, connect
from bedrock_locust.aws.host import http_users
from bedrock_locust.aws.own_endpoint import check_endpoint_is_own
from bedrock_locust.call import Call
from bedrock_locust.live.health import Pulse
from bedrock_locust.process.at_exit import undisturbed
from bedrock_locust.process.clock import clock
from bedrock_locust.process.locust_patches import keep_defaults, listen_first, start_only_while
from bedrock_locust.process.open_files import lack_for_calls
from bedrock_locust.process.signals import Signals
from bedrock_locust.process.stop import RunStop
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.options import exposed_keys, own_credentials, own_directory, own_endpoints
from bedrock_locust.settings.schema import Settings
from bedrock_locust.team.messages import (
    FINISH,
    GRACE_S,
    LEASE,
    Finish,
    LeaseOrder,
    RunOrder,
    mismatch,
    version_of,
    worker_name,
)
from bedrock_locust.team.record_ranges import Taker
from bedrock_locust.team.worker_buffer import Buffer
from bedrock_locust.team.worker_sender import Sender
from bedrock_locust.wire.in_flight import calls_in_flight
from bedrock_locust.workload.bench import Bench, put_bench
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.replay import replay_of
from bedrock_locust.workload.survey import Library

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.env import Environment
    from locust.runners import WorkerRunner

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.workload.jsonl import RecordFile
    from bedrock_locust.workload.replay import Replay

logger = logging.getLogger(__name__)

STOP_LIMIT_S = 60 + GRACE_S
"""How long Locust may take to stop the users of this worker, in seconds."""


class Worker:
    """This process as a worker. Its credentials are its own: what the master sends has none."""

    def __init__(self, environment: Environment, runner: WorkerRunner, own: Namespace) -> None:
        """`own` are the options of this process: at the start of a run Locust puts the master's in their place."""
        self._environment = environment
        self._runner = runner
        self._credentials = own_credentials(own)
        if not own.processes and (why := exposed_keys(own)):
            logger.warning("bedrock-locust: %s", why)
        self._buffer: Buffer | None = None
        self._tenant: Tenant | None = None
        self._directory = own_directory(own)
        self._endpoints = own_endpoints(own, None if http_users(environment) else own.host)
        self._replay: Replay | None = None
        self._quitting = self._refused = self._takes_users = False
        self._stop: RunStop | None = None
        self._stopping = gevent.lock.RLock()
        self._connection: tuple[str, BedrockRuntimeClient] | None = None
        keep_defaults()
        start_only_while(runner, lambda: self._takes_users)
        # Beside its master, on the same terminal.
        self._quiet = bool(own.processes)
        self._signals = Signals(
            terminate=False,
            quiet=self._quiet,
            respond=self._on_signal,
            last_words=self._last_words,
        )
        self._sender = Sender(environment, runner, on_gone=self._lose_master, on_stranger=self._refuse)
        runner.register_message(FINISH, self._on_finish)
        runner.register_message(LEASE, self._on_lease)
        self._records, self._library = Taker(runner), Library(gevent.sleep)
        events = environment.events
        events.test_start.add_listener(self.begin)
        listen_first(events.request, self._on_request)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        atexit.register(undisturbed, self._on_quitting)
        # Last: others may have their turn while it is sent.
        self._sender.greet()

    def begin(self, **_: Any) -> None:
        """A run begins: connect, and be ready for its users."""
        clock.begin()
        text = getattr(self._environment.parsed_options, "bedrock_run", None) or ""
        if why := mismatch(__version__, version_of(json.loads(text)) if text else None):
            self._refuse(why)
            return
        order = RunOrder.from_json(text)
        settings, prepared = Settings.model_validate(order.settings), Prepared.from_plain(order.workload)
        try:
            own = settings if order.simulator else settings.with_credentials(self._credentials)
            if not order.simulator:
                check_endpoint_is_own(settings.aws.endpoint_url, self._endpoints)
            client = self._connect(own, simulator=order.simulator)
            self._replay = replay_of(settings, gevent.sleep, prepared.bad)
            file = self._file(settings, prepared)
        except SettingsError as error:
            self._sender.refuse(str(error))
            self._quit(str(error), exits.BAD_INPUT, said=self._quiet)
            return
        bench = Bench(self._environment, settings, client, self._name)
        bench.read(file, prepared, self._records.begin(order.run))
        put_bench(bench)
        self._tenant = tenant = Tenant(self._runner, bench, self._runner.client_id)
        self._buffer = Buffer(
            order.run,
            Pulse(bench.measured_level).start(),
            self._sender.offset,
            lambda: calls_in_flight.now,
            tenant.made.to_plain,
        )
        self._sender.begin(self._buffer, order.worker_timeout_s)
        self._takes_users = not self._quitting
        self._warn(order.in_flight)

    def _warn(self, calls: int | None) -> None:
        """Say, here and on the master, that this process may open too few files for its calls in flight."""
        self._sender.warning = lack_for_calls(calls) if calls else ""
        if self._sender.warning:
            if not self._quiet:
                logger.warning("bedrock-locust: %s", self._sender.warning)
            self._sender.greet()

    @property
    def has_run(self) -> bool:
        """Whether this worker has taken part in a run."""
        return self._buffer is not None

    @property
    def _name(self) -> str:
        return worker_name(self._runner.client_id, self._runner.worker_index)

    def _connect(self, settings: Settings, *, simulator: bool) -> BedrockRuntimeClient:
        """The client of this process, made anew only for other settings. Raises SettingsError."""
        key = settings.model_dump_json()
        session = None if simulator else check_credentials(settings)
        if self._connection is None or self._connection[0] != key:
            self._connection = (key, connect(settings, simulator=simulator, version=__version__, session=session))
        return self._connection[1]

    def _file(self, settings: Settings, prepared: Prepared) -> RecordFile | None:
        """This process's own copy of the file of the workload. Raises SettingsError where it is not the master's."""
        name, setting = settings.file_of_requests, "arrivals.trace" if settings.trace else "workload.file"
        if not name:
            return None
        file = self._replay.file if self._replay else self._library.open(name)
        if file.sha256 != prepared.sha256:
            raise SettingsError(
                f"{setting}: {name} is not the file that the master has: SHA-256"
                f" {file.sha256[:12]} here, {prepared.sha256[:12]} there. Copy it to this worker"
            )
        return file

    def _on_request(self, response: Any = None, **_: Any) -> None:
        if isinstance(response, Call) and self._buffer is not None:
            self._buffer.add(response)

    def _refuse(self, why: str) -> None:
        """The master is of another kind: leave it. It is noticed by its answer, and by the run that it begins."""
        if not self._refused:
            self._refused = True
            self._quit(f"this worker cannot work with its master: {why}", exits.BAD_INPUT)

    def _lose_master(self, why: str) -> None:
        self._environment.stop_timeout = GRACE_S
        self._quit(f"{why}; this worker ends", exits.FAILED)

    def _quit(self, why: str, code: int, *, said: bool = False) -> None:
        """End this worker; `said` means that the master, on the same terminal, tells the reason."""
        if not said:
            logger.error("bedrock-locust: %s", why)
        self._environment.process_exit_code = code
        gevent.spawn(self._runner.quit)

    def _on_finish(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        """The master asks for all rows; it asks again until it has them."""
        asked = Finish.from_plain(msg.data)
        if self._buffer is None or self._buffer.run != asked.run:
            self._sender.decline(asked.run)
            return
        if not self._buffer.closed:
            self._close(self._buffer, asked.grace_s)
            gevent.spawn(self._deliver, self._buffer)

    def _on_lease(self, environment: Environment, msg: Any) -> None:  # noqa: ARG002 - Locust's name
        """The master says which arrivals are ours. Until the clocks have been compared, none are."""
        order = LeaseOrder.from_plain(msg.data)
        ours = self._buffer is not None and self._buffer.run == order.run and not self._buffer.closed
        if self._tenant and ours and self._sender.offset.offset_s is not None:
            schedule = replace(order.schedule, replay=self._replay)
            self._tenant.renew(schedule, order.lease, clock_offset_s=self._sender.offset.correction_s)

    def _on_signal(self) -> type[BaseException] | None:
        return None if self._quitting else KeyboardInterrupt

    def _on_test_stopping(self, **_: Any) -> None:
        self._takes_users = False
        if self._tenant:
            self._tenant.stop()
        if self._stop is None:
            by_a_user = gevent.getcurrent() in list(self._runner.user_greenlets)
            self._stop = RunStop(self._runner, self._forget_stop, limit_s=STOP_LIMIT_S, quits=by_a_user)

    def _on_test_stop(self, **_: Any) -> None:
        if self._stop:
            self._stop.load_is_over()

    def _forget_stop(self) -> None:
        self._stop = None

    def _on_quitting(self, **_: Any) -> None:
        """Hand over all rows before the process ends: after Ctrl-C on the worker itself, or at the end of all."""
        self._quitting = True
        if (buffer := self._buffer) and not (buffer.whole or buffer.over):
            self._close(buffer, GRACE_S)
            self._deliver(buffer)

    def _close(self, buffer: Buffer, grace_s: float) -> None:
        """Stop the users; once, whoever asks first."""
        with self._stopping:
            if buffer.closed:
                return
            self._takes_users = False
            self._environment.stop_timeout = grace_s
            if self._tenant:
                self._tenant.stop()
            self._runner.stop()
            # So that the stop message, which follows, makes the worker ready for the next run at once.
            self._environment.stop_timeout = 0
            buffer.close()

    def _deliver(self, buffer: Buffer) -> None:
        """Hand over what there is, or say what could not be handed over."""
        if self._sender.finish(buffer) or self._buffer is not buffer:
            return
        self._buffer = None
        self._sender.give_up(buffer, self._directory, self._name)
        self._environment.process_exit_code = exits.FAILED

    def _last_words(self) -> None:
        """The process ends at once: what has not been handed over goes to disk."""
        if self._buffer:
            self._sender.give_up(self._buffer, self._directory, self._name)
