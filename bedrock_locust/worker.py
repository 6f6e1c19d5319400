"""A worker's part in a run: its boto3 client, and its rows on their way to the master."""

from __future__ import annotations

import functools
import json
import logging
from typing import TYPE_CHECKING, Any

from locust import argument_parser

import gevent
import gevent.lock

from bedrock_locust import __version__
from bedrock_locust.bench import Bench, put_bench
from bedrock_locust.call import Call
from bedrock_locust.clock import clock
from bedrock_locust.connection import check_credentials, connect
from bedrock_locust.health import Pulse
from bedrock_locust.mistakes import EXIT_BAD_INPUT
from bedrock_locust.options import own_credentials
from bedrock_locust.recorder import NO_GAPS, Outbox
from bedrock_locust.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from locust.env import Environment
    from locust.runners import WorkerRunner

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

logger = logging.getLogger(__name__)

FINISH = "bedrock_finish"
"""Message from the master: stop the users within `grace_s`, hand over all rows, answer with FINISHED."""
FINISHED = "bedrock_finished"
REPORT = "bedrock"
"""Where the batch is in the data of Locust's report to the master."""


def worker_name(client_id: str, index: int) -> str:
    """The short name of a worker: its host and its number."""
    return f"{client_id.rsplit('_', 1)[0]}_{index}"


class Worker:
    """This process as a worker. Its credentials are its own: what the master sends has none."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        assert environment.parsed_options is not None  # noqa: S101 - a worker is started by the locust command
        self._environment = environment
        self._runner = runner
        # Now: at the start of a run the master's options replace those of this process.
        self._credentials = own_credentials(environment.parsed_options)
        self._outbox: Outbox | None = None
        self._finishing = gevent.lock.RLock()
        self._connection: tuple[str, BedrockRuntimeClient] | None = None
        # Locust looks all of its options up anew for each option that the master sends, which holds up every stream
        # for a tenth of a second at each change of level. They stay what they are.
        argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
        runner.register_message(FINISH, self._on_finish)
        events = environment.events
        events.test_start.add_listener(self._on_test_start)
        events.request.add_listener(self._on_request)
        events.report_to_master.add_listener(self._on_report)
        events.quitting.add_listener(self._on_quitting)

    def _on_test_start(self, **_: Any) -> None:
        clock.begin()
        options = self._environment.parsed_options
        told = json.loads(getattr(options, "bedrock_run", None) or "{}")
        if told.get("version") != __version__:
            logger.error(
                "bedrock-locust: this worker has version %s, the master %s: install the same on both",
                __version__,
                told.get("version", "none: does its locustfile call bedrock_locust.setup()?"),
            )
        settings = Settings.model_validate(told["settings"])
        try:
            own = settings if told["simulator"] else settings.with_credentials(self._credentials)
            if not told["simulator"]:
                check_credentials(own)
            client = self._connect(own, simulator=told["simulator"])
        except SettingsError as error:
            logger.error("bedrock-locust: %s", error)  # noqa: TRY400 - one line says it, a traceback would not
            self._environment.process_exit_code = EXIT_BAD_INPUT
            gevent.spawn(self._runner.quit)
            return
        name = worker_name(self._runner.client_id, self._runner.worker_index)
        bench = Bench(self._environment, settings, client, name)
        put_bench(bench)
        self._outbox = Outbox(told["run"], Pulse(bench.measured_level).start())

    def _connect(self, settings: Settings, *, simulator: bool) -> BedrockRuntimeClient:
        """The client of this process, made anew only for other settings."""
        key = settings.model_dump_json()
        if self._connection is None or self._connection[0] != key:
            self._connection = (key, connect(settings, simulator=simulator, version=__version__))
        return self._connection[1]

    def _on_request(self, response: Any = None, gaps: Mapping[int, int] = NO_GAPS, **_: Any) -> None:
        if isinstance(response, Call) and self._outbox is not None:
            self._outbox.add(response, gaps)

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        if self._outbox is not None:
            data[REPORT] = self._outbox.batch()

    def _on_finish(self, environment: Environment, msg: Any) -> None:
        environment.stop_timeout = msg.data["grace_s"]
        self._finish()

    def _on_quitting(self, **_: Any) -> None:
        """Ctrl-C on the worker itself, or the end of all."""
        self._finish()

    def _finish(self) -> None:
        """Stop the users and hand over what there is, Locust's own figures included; once, whoever asks first."""
        with self._finishing:
            if self._outbox is not None:
                self._hand_over(self._outbox)

    def _hand_over(self, outbox: Outbox) -> None:
        self._runner.stop()
        # So that the stop message, which follows, makes the worker ready for the next run at once.
        self._environment.stop_timeout = 0
        data: dict[str, Any] = {}
        self._environment.events.report_to_master.fire(client_id=self._runner.client_id, data=data)
        self._runner.send_message("stats", data)
        self._runner.send_message(FINISHED, {"run": data[REPORT]["run"]})
        outbox.stop()
        self._outbox = None
