"""The process that leads runs, the master or the only one: it begins each, ends it and tells the workers."""

from __future__ import annotations

import logging
import math
from argparse import Namespace
from copy import copy
from typing import TYPE_CHECKING, Any

from locust.event import EventHook
from locust.runners import LocalRunner, MasterRunner

import gevent

from bedrock_locust import __version__, exits, formats
from bedrock_locust.aws.boto3_client import check_credentials, check_endpoint, connect
from bedrock_locust.aws.preflight import preflight, public
from bedrock_locust.bench import LEVEL, Bench, put_bench
from bedrock_locust.level import Level, LevelError, planned_levels
from bedrock_locust.live.health import Pulse
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console.screen import wants_tables
from bedrock_locust.outputs.registered import outputs_of
from bedrock_locust.outputs.web import Runs, show
from bedrock_locust.outputs.web.form import guard_form
from bedrock_locust.process.signals import Signals
from bedrock_locust.process.simulator import SimulatorProcess
from bedrock_locust.recording.recorder import LOCAL
from bedrock_locust.recording.run_folder import check_directory
from bedrock_locust.recording.run_info import first_info
from bedrock_locust.run import Run
from bedrock_locust.settings import options
from bedrock_locust.settings.forecast import forecast
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import GRACE_S, RunOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from locust.env import Environment
    from locust.runners import Runner
    from locust.web import WebUI

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call
    from bedrock_locust.process.report import MakeReport
    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

DRAIN_MARGIN_S = 10
"""How much longer than the longest call a user may take to stop, in seconds."""


class Lead:
    """This process as the one that leads. Raises SettingsError where no run could begin."""

    def __init__(
        self,
        environment: Environment,
        runner: Runner,
        web_ui: WebUI | None,
        report: MakeReport | None,
        charts: str | None,
    ) -> None:
        assert environment.parsed_options is not None  # noqa: S101 - the locust command has options
        self._environment, self._runner, self._web_ui, self._report = environment, runner, web_ui, report
        self._options: Namespace = environment.parsed_options
        self._run: Run | None = None
        self._runs, self._ending = Runs(), False
        self._written: Path | None = None
        self._stop_timeout, self._local = environment.stop_timeout, isinstance(runner, LocalRunner)
        # First: a worker reports at once, and to start a simulator, or to make a call, gives it a turn.
        self._receiver = Receiver(environment, runner) if isinstance(runner, MasterRunner) else None
        self.settings = self._load(self._options, self._environment.host)
        self._simulator = self._start_simulator()
        client = self._prepare()
        # Not at test_start: once Locust has fired that, it goes on to make users.
        self._first = self._call_first(client, self.settings) if self._starts_alone() else None
        self._warn()
        terminate = bool(web_ui or (self._options.headless and environment.shape_class))
        self._signals = Signals(self._on_signal, self._last_words, terminate=terminate, theirs=bool(web_ui))
        if web_ui:
            guard_form(web_ui, self._check_form, self._runs.expect)
            show(web_ui, self._runs, plan=self._plan, charts=charts)
        self._listen()

    def _listen(self) -> None:
        events = self._environment.events
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        # A shape fires it, see shapes/step.py.
        events.level_change = EventHook()  # type: ignore[attr-defined]  # Locust's events are open to new ones
        events.level_change.add_listener(self._on_level)  # type: ignore[attr-defined]
        events.request.add_listener(self._on_request)

    def _load(self, parsed: Namespace, endpoint: str | None) -> Settings:
        settings = options.load(parsed, endpoint)
        if settings.model.api == "invoke":
            try:
                formats.native(settings.model.id)
            except formats.UnknownFormatError as error:
                raise SettingsError(f"model.api is invoke, but {error}") from None
        return settings

    def _read_form(self, form: Mapping[str, str]) -> Settings:
        return self._load(self._with_form(form), form.get("host", self._environment.host))

    def _with_form(self, form: Mapping[str, str]) -> Namespace:
        """The options of this process, with those of a form over them."""
        return Namespace(**{**vars(self._options), **form})

    def _check_form(self, form: Mapping[str, str]) -> Settings:
        settings = self._read_form(form)
        self._first = self._call_first(self._connect(settings), settings)
        return settings

    def _plan(self, form: Mapping[str, str]) -> Plan | None:
        """What a run with this form would do; None without levels. Raises SettingsError."""
        settings, environment = self._read_form(form), copy(self._environment)
        environment.parsed_options = self._with_form(form)
        environment.host = form.get("host", self._environment.host)
        return self._plan_of(settings, planned_levels(environment))

    def _plan_of(self, settings: Settings, levels: Sequence[Level] | None) -> Plan | None:
        """The plan of a run with these levels; None without levels."""
        if levels is None:
            return None
        quota_use = str(forecast(settings, self._first, levels) or "")
        return Plan.of(settings, quota_use, self._first, levels)

    def _starts_alone(self) -> bool:
        """Whether the run begins without a form."""
        return bool(self._options.headless or getattr(self._options, "autostart", False))

    def _call_first(self, client: BedrockRuntimeClient, settings: Settings) -> Call | None:
        return preflight(client, settings, simulator=self._simulator is not None, local=self._local)

    def _connect(self, settings: Settings) -> BedrockRuntimeClient:
        return connect(settings, simulator=self._simulator is not None, version=__version__)

    def _start_simulator(self) -> SimulatorProcess | None:
        asked = self._options.bedrock_simulator
        if asked is None:
            return None
        if self._environment.host:
            raise SettingsError("--host and --bedrock-simulator: choose one; the simulator is an endpoint of its own")
        simulator = SimulatorProcess(asked)
        self._environment.host = simulator.url
        return simulator

    def _prepare(self) -> BedrockRuntimeClient:
        """Read the settings anew and make the client of a run with them."""
        settings = self._load(self._options, self._environment.host)
        if self._local and self._simulator is None:
            check_credentials(settings)
        client = self._connect(settings)
        if self._local and settings.aws.endpoint_url:
            check_endpoint(settings.aws.endpoint_url)
        check_directory(settings.output.directory)
        self.settings = settings.in_region(client.meta.region_name)
        return client

    def _warn(self) -> None:
        if self.settings.aws.access_key_id:
            logger.warning(
                "bedrock-locust: the configuration file holds AWS keys; a profile (aws.profile) or a role is safer"
            )
        if getattr(self._options, "reset_stats", False):
            logger.warning("bedrock-locust: --reset-stats empties Locust's own tables at every level; leave it out")

    def _on_test_start(self, **_: Any) -> None:
        try:
            self._begin(self._prepare())
        except (SettingsError, LevelError) as error:
            # What was right when Locust started is no longer: a folder, a profile, an endpoint.
            self._refuse(error)

    def _refuse(self, error: SettingsError | LevelError) -> None:
        """End a run that has just begun, because of a mistake in settings or shape."""
        logger.error("bedrock-locust: %s", error)
        self._environment.process_exit_code = exits.BAD_INPUT
        self._runs.give_up()
        gevent.spawn(self._runner.quit if self._options.headless else self._runner.stop)

    def _begin(self, client: BedrockRuntimeClient) -> None:
        self._signals.begin()
        self._environment.process_exit_code, self._ending = None, False
        self._environment.stop_timeout = self._stop_timeout or self.settings.call_limit_s + DRAIN_MARGIN_S
        levels = planned_levels(self._environment)
        info = first_info(
            self.settings,
            endpoint=client.meta.endpoint_url,
            simulator=self._simulator is not None,
            levels=None if levels is None else len(levels),
            preflight=public(self._first) if self._first else None,
        )
        outputs = outputs_of(self._options, self._runs)
        self._run = Run(self._environment, self.settings, info, (levels, self._plan_of(self.settings, levels)), outputs)
        self._options.bedrock_run = self._order(info, levels).to_json()
        if self._receiver:
            self._receiver.begin(self._run.recorder)
        else:
            bench = Bench(self._environment, self.settings, client, LOCAL)
            put_bench(bench)
            self._run.recorder.join_local(Pulse(bench.measured_level).start())
        if level := getattr(self._options, LEVEL, None):
            self._run.on_level(Level.from_plain(level))

    def _order(self, info: Mapping[str, Any], levels: Sequence[Level] | None) -> RunOrder:
        """What the workers must know of a run that begins."""
        workers = max(1, getattr(self._runner, "worker_count", 1))
        return RunOrder(
            version=__version__,
            run=info["run"],
            simulator=info["simulator"],
            worker_timeout_s=self._options.bedrock_worker_timeout,
            users=None if levels is None else math.ceil(max((level.users for level in levels), default=0) / workers),
            settings=self.settings.public(),
        )

    def _on_request(self, **event: Any) -> None:
        if self._run:
            self._run.add(**event)

    def _on_level(self, level: Mapping[str, Any] | None, **_: Any) -> None:
        if self._run:
            try:
                self._run.on_level(None if level is None else Level.from_plain(level))
            except LevelError as error:
                self._refuse(error)

    def _on_test_stopping(self, **_: Any) -> None:
        """Also a planned end comes by here, with no call in flight."""
        self._environment.stop_timeout, self._ending = GRACE_S, True
        if self._run:
            self._run.stopping()
        if self._run and self._receiver:
            self._receiver.ask(GRACE_S)

    def _on_test_stop(self, **_: Any) -> None:
        if self._run is None:
            return
        run, self._run = self._run, None
        if self._receiver:
            self._receiver.wait(GRACE_S)
        setattr(self._options, LEVEL, None)
        ended, reason = run.outcome(self._signals.ended_by, deserted=bool(self._receiver and self._receiver.deserted))
        self._written = run.end(ended=ended, reason=reason, report=self._report)
        self._ending = bool(self._options.headless)

    def _on_quitting(self, **_: Any) -> None:
        """Before Locust looks at the failures for its exit code: calls that the end cuts off are some."""
        if self._run:
            self._runner.stop()

    def _on_quit(self, **_: Any) -> None:
        """Last of all, below Locust's tables if there are any: where the report is."""
        if self._simulator:
            self._simulator.stop()
        if self._written and wants_tables(self._options):
            console.write(f"\nReport: {self._written}")

    def _on_signal(self) -> type[BaseException] | None:
        """What a signal raises. A headless run that still waits for its workers sends home those that are there."""
        if self._ending:
            return None
        if self._options.headless and self._run is None:
            self._runner.quit()
            return SystemExit
        if self._web_ui and self._run and self._starts_alone():
            gevent.spawn(_close_page, self._web_ui, self._run)
        return KeyboardInterrupt

    def _last_words(self) -> None:
        """The process ends at once: what has been measured goes to disk. A simulator ends with its parent."""
        if self._run:
            self._run.abandon()


def _close_page(web_ui: WebUI, run: Run) -> None:
    """End the process after a run that began by itself: Locust's page would stay for good."""
    while run.ended_at is None:
        gevent.sleep(0.1)
    web_ui.stop()
