"""The plugin: `setup`, called once in a locustfile, joins the parts to Locust's events."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from locust import events
from locust.runners import WorkerRunner

from gevent.event import Event

from bedrock_locust import exits
from bedrock_locust.aws.boto3_client import warm_up
from bedrock_locust.aws.host import bedrock_host
from bedrock_locust.process import report as report_process
from bedrock_locust.process.child_workers import Parent
from bedrock_locust.process.function_name import why_not_found
from bedrock_locust.process.locust_patches import before_connecting, bound_tables, keep_parsed, keep_time, spare_source
from bedrock_locust.process.logs import scrub_logs
from bedrock_locust.process.present import NO_OPTIONS, present
from bedrock_locust.process.report import maker
from bedrock_locust.process.signals import StartUp
from bedrock_locust.process.web_port import check_web_port
from bedrock_locust.redaction import know_environment, scrub
from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.web import parse_form_may_set, parse_hosts
from bedrock_locust.settings.workload_folder import folder_of
from bedrock_locust.worker import Worker
from bedrock_locust.workload.replay import replay_of as read_replay

if TYPE_CHECKING:
    from argparse import Namespace

    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
    from locust.runners import Runner
    from locust.web import WebUI

    from bedrock_locust.lead import Lead
    from bedrock_locust.process.report import MakeReport
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.replay import Replay

INIT_LIMIT_S = 30

_plugins: list[Plugin] = []


def setup(*, report: MakeReport | str | None = None, charts: str | None = None) -> None:
    """Register the plugin with Locust, at the top level of the locustfile. A second call has to say the same.

    `report` makes the report: it gets the run folder and `output.report_file`, and returns the path of
    what it wrote; without one a run leaves its CSV files and `run.json`. A function that is named, as
    `package.module:function`, is called in a process of its own, so that a lack of memory harms no more
    than the report. `charts` names the function that makes the charts of the web UI in the same way.
    """
    if _plugins:
        _plugins[0].check_alike(report, charts)
        return
    start_up = StartUp()
    know_environment(os.environ)
    scrub_logs()
    _plugins.append(Plugin(report, charts, start_up))
    warm_up()


def settings_of(environment: Environment) -> Settings:
    """The settings in force: those of the configuration file, the options and the web form. Raises SettingsError."""
    return options.load(present(environment.parsed_options, NO_OPTIONS), bedrock_host(environment))


def replay_of(environment: Environment) -> Replay | None:
    """The calls of the trace that the settings in force replay; None where they replay none. Raises SettingsError."""
    return read_replay(settings_of(environment))


class Plugin:
    """The plugin in one process."""

    def __init__(self, report: MakeReport | str | None, charts: str | None, start_up: StartUp) -> None:
        self._report = report
        self._start_up = start_up
        self._charts = charts
        self._lead: Lead | None = None
        self._worker: Worker | None = None
        self._own: Namespace | None = None
        self._form_may_set: frozenset[str] = frozenset()
        self._folder = ""
        events.init_command_line_parser.add_listener(self._on_parser)
        events.init.add_listener(self._on_init)
        events.test_start.add_listener(self._on_test_start)
        self._ready = Event()
        parent = Parent()
        before_connecting(lambda: parent.end_with_it(lambda: bool(self._worker and self._worker.has_run)))

    def check_alike(self, report: MakeReport | str | None, charts: str | None) -> None:
        """Raise RuntimeError where another call of setup() asks for something else, as two locustfiles may."""
        if (report, charts) != (self._report, self._charts):
            raise RuntimeError(
                f"bedrock_locust.setup() was called with report={self._report!r} and charts={self._charts!r}, and"
                f" now with report={report!r} and charts={charts!r}: call it once, or with the same arguments"
            )

    def _on_parser(self, parser: LocustArgumentParser, **_: Any) -> None:
        """Add the options; Locust asks for them at its start, and again for each view of the form."""
        shown = self._lead.shown_settings if self._lead else None
        options.add_options(parser, shown, self._form_may_set, self._folder)
        if self._own is None:
            keep_parsed(parser, self._take)

    def _take(self, own: Namespace) -> None:
        """Note the options of this process, which come first: later ones are those of a form."""
        self._own = self._own or own

    def _on_init(self, environment: Environment, runner: Runner, web_ui: WebUI | None, **_: Any) -> None:
        self._start_up.end_if_stopped()
        if environment.parsed_options is None:
            _refuse(SettingsError(NO_OPTIONS))
        keep_time()
        spare_source()
        bound_tables()
        try:
            options.check_not_empty(self._own or environment.parsed_options)
        except SettingsError as error:
            _refuse(error)
        if isinstance(runner, WorkerRunner):
            self._worker = Worker(environment, runner, self._own or environment.parsed_options)
            self._start_up.is_over = True
            self._ready.set()
            return
        # Console, web UI and Markdown: a tenth of a second and some MB that a worker need not spend.
        from bedrock_locust.lead import Lead  # noqa: PLC0415

        try:
            limit_s = getattr(environment.parsed_options, "bedrock_report_timeout", report_process.LIMIT_S)
            report_process.limit_s = max(1, limit_s)
            parse_hosts(getattr(environment.parsed_options, "bedrock_allowed_hosts", None))
            self._form_may_set = parse_form_may_set(getattr(environment.parsed_options, "bedrock_form_may_set", None))
            self._folder = folder_of(environment.parsed_options)
            check_web_port(web_ui)
            _check_name("report", self._report)
            _check_name("charts", self._charts)
            report = maker(self._report) if isinstance(self._report, str) else self._report
            self._lead = Lead(environment, runner, web_ui, report, self._charts)
        except SettingsError as error:
            _refuse(error)
        except KeyboardInterrupt:
            self._start_up.end()
        self._start_up.end_if_stopped()
        self._start_up.is_over = True
        self._ready.set()

    def _on_test_start(self, **_: Any) -> None:
        """A worker that joins a run may be told to begin, with users at once, before Locust fires `init`."""
        if not self._ready.is_set():
            self._ready.wait(INIT_LIMIT_S)
            if self._worker:
                self._worker.begin()


def _check_name(argument: str, function: object) -> None:
    """Raise SettingsError where setup() was given the name of a function that is not there."""
    if isinstance(function, str) and (why := why_not_found(function)):
        raise SettingsError(f"setup({argument}={function!r}): {why}; correct the name, or rename a file that hides it")


def _refuse(error: SettingsError) -> NoReturn:
    """End before anything has begun, with one line for each mistake."""
    for line in error.lines:
        print(f"bedrock-locust: {scrub(line)}", file=sys.stderr)
    sys.exit(exits.BAD_INPUT)
