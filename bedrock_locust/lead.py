"""The process that leads runs, the master or the only one: it begins each run, ends it and tells the workers."""

from __future__ import annotations

import atexit
import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.event import EventHook
from locust.runners import LocalRunner, MasterRunner

import gevent

from bedrock_locust import __version__, exits
from bedrock_locust.arrivals.lease import alone
from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.arrivals.tenant import Tenant
from bedrock_locust.aws.account.known import WAIT_S
from bedrock_locust.aws.host import http_users
from bedrock_locust.aws.preflight import public
from bedrock_locust.aws.preparation import Preparation
from bedrock_locust.call import CANCELLED
from bedrock_locust.level import Level, LevelError, planned_levels
from bedrock_locust.live.health import Pulse
from bedrock_locust.live.judge import Judge
from bedrock_locust.live.passes import EndAfterPasses
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console.screen import stream_of, wants_tables
from bedrock_locust.outputs.console.spawning import spare_spawn_news
from bedrock_locust.outputs.otlp import sent
from bedrock_locust.outputs.prometheus import exposed
from bedrock_locust.outputs.registered import outputs_of
from bedrock_locust.outputs.web import Runs, show
from bedrock_locust.outputs.web.form import guard_form
from bedrock_locust.process.at_exit import ExitCode, undisturbed
from bedrock_locust.process.locust_patches import leave_out_tables, listen_first, survive_wrong_messages
from bedrock_locust.process.present import NO_OPTIONS, present
from bedrock_locust.process.signals import Signals
from bedrock_locust.process.stop import RunStop
from bedrock_locust.recording.recorder import LOCAL
from bedrock_locust.recording.run_folder import check_directory, check_report_file
from bedrock_locust.recording.run_info import first_info
from bedrock_locust.run import Run
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.options import endpoint_in_file, exposed_keys
from bedrock_locust.team.locust_check import checker
from bedrock_locust.team.master_leases import Leases
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import GRACE_S, HAND_OVER_S, RunOrder
from bedrock_locust.team.record_ranges import Dealer
from bedrock_locust.wire.in_flight import calls_in_flight
from bedrock_locust.workload.bench import LEVEL, Bench, put_bench
from bedrock_locust.workload.minimums import too_short
from bedrock_locust.workload.positions import HandedOut, local_positions

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from locust.env import Environment
    from locust.runners import Runner
    from locust.web import WebUI

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.live.attainment import Verdict
    from bedrock_locust.live.output import Output
    from bedrock_locust.process.report import MakeReport
    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

DRAIN_MARGIN_S = 10
"""How much longer than the longest call a user may take to stop, in seconds."""
STOP_LIMIT_S = 60 + GRACE_S + HAND_OVER_S
"""How long Locust may take to stop the load, in seconds; then the run is ended without it."""


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
        self._environment, self._runner, self._web_ui, self._report = environment, runner, web_ui, report
        self._options: Namespace = present(environment.parsed_options, NO_OPTIONS)
        self._run: Run | None = None
        self._stop: RunStop | None = None
        self._runs = Runs()
        self._lasting = exposed(self._options, web_ui)
        self._written: Path | None = None
        self._exit_code, self._exits = ExitCode(), False
        self._stop_timeout = environment.stop_timeout
        # First: a worker reports at once, and to start a simulator, or to make a call, gives it a turn.
        self._receiver: Receiver | None = None
        self._leases: Leases | None = None
        self._tenant: Tenant | None = None
        self._dealer: Dealer | None = None
        self._handed_out = HandedOut()
        self._judge: Judge | None = None
        if isinstance(runner, MasterRunner):
            self._receiver = Receiver(environment, runner)
            self._leases = Leases(runner, self._receiver.roster.able)
            survive_wrong_messages(runner, checker(environment.stats), self._receiver.roster.turn_away)
            self._dealer = Dealer(runner, self._receiver.roster.turn_away)
        self._preparation = Preparation(environment, local=isinstance(runner, LocalRunner))
        client = self._prepare()
        self._preparation.look_up_account()
        if self._starts_alone():
            # Not at test_start: once Locust has fired that, it goes on to make users.
            self._preparation.try_one_call(client, self.settings)
        self._warn()
        terminate = bool(web_ui or (self._options.headless and environment.shape_class))
        self._signals = Signals(self._on_signal, self._last_words, terminate=terminate, theirs=bool(web_ui))
        if web_ui:
            guard_form(web_ui, self._check_form, self._runs.expect)
            folder, plan = (lambda: self.settings.output.directory), self._preparation.plan_of_form
            show(web_ui, self._runs, plan=plan, charts=charts, directory=folder)
        if self._options.headless and not wants_tables(self._options):
            leave_out_tables()
        if hasattr(environment.shape_class, "levels") and not wants_tables(self._options):
            spare_spawn_news()
        self._listen()

    @property
    def shown_settings(self) -> Settings:
        """Those that the form shows: without what AWS has told of the model, which may not hold for the next one."""
        return self._preparation.account.as_given(self.settings)

    @property
    def settings(self) -> Settings:
        """The settings of the last run, or of the next."""
        return self._preparation.settings

    def _listen(self) -> None:
        events = self._environment.events
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        # A shape fires it, see docs/extending.md.
        events.level_change = EventHook()  # type: ignore[attr-defined]  # Locust's events are open to new ones
        events.level_change.add_listener(self._on_level)  # type: ignore[attr-defined]
        for name, listener in (
            ("schedule_change", self._on_schedule),
            ("search_change", self._on_search),
            ("probe_judge", self._on_probe),
            ("level_failures", self._on_level_failures),
            ("arrivals_unmade", self._on_arrivals_unmade),
        ):
            setattr(events, name, EventHook())
            getattr(events, name).add_listener(listener)
        listen_first(events.request, self._on_request)

    def _starts_alone(self) -> bool:
        """Whether the run begins without a form."""
        return bool(self._options.headless or getattr(self._options, "autostart", False))

    def _prepare(self) -> BedrockRuntimeClient:
        """The client of a run that can begin now. Raises SettingsError."""
        client = self._preparation.connect()
        _check_results(self.settings)
        return client

    def _check_form(self, form: Mapping[str, str]) -> None:
        """Raise SettingsError where no run could begin with a form: the page says so in place of a start.

        The call before the load, which costs, is made last, and not for a form that comes while a run goes on.
        """
        if why := self._still_ending():
            raise SettingsError(why)
        client, settings = self._preparation.check_form(form)
        _check_results(settings)
        if self._run is None:
            self._preparation.look_up_account(settings)
            self._preparation.try_one_call(client, settings)

    def _still_ending(self) -> str:
        """Why no run can begin now, as Locust drops a start while a shape ends; empty if one can."""
        if self._stop is None or self._stop.is_done:
            return ""
        if self._preparation.account.is_waiting:
            limit = f"{WAIT_S / 60:g} min"
            return f"the last run waits for AWS's own figures, for {limit} at most: start again after its report"
        shape = getattr(self._runner, "shape_greenlet", None)
        return "the last run is being brought to its end: start again after its report" if shape else ""

    def _warn(self) -> None:
        if self.settings.aws.access_key_id:
            logger.warning(
                "bedrock-locust: the configuration file holds AWS keys; a profile (aws.profile) or a role is safer"
            )
        if self._environment.host and (classes := http_users(self._environment)):
            logger.warning(
                "bedrock-locust: --host is the address of %s; Bedrock calls go to %s",
                ", ".join(classes),
                self.settings.aws.endpoint_url or "AWS. For another endpoint set aws.endpoint_url",
            )
        in_file, in_force = endpoint_in_file(self._options), self.settings.aws.endpoint_url
        if in_file and in_force != in_file:
            by = "the simulator" if self._preparation.simulator else f"--host {in_force}"
            logger.warning("bedrock-locust: %s takes the place of aws.endpoint_url %s", by, in_file)
        if why := too_short(self.settings):
            logger.warning("bedrock-locust: %s", why)
        if why := exposed_keys(self._options):
            logger.warning("bedrock-locust: %s", why)
        if getattr(self._options, "reset_stats", False):
            logger.warning("bedrock-locust: --reset-stats empties Locust's own tables at every level; leave it out")

    def _on_test_start(self, **_: Any) -> None:
        try:
            self._begin(self._prepare())
        except (SettingsError, LevelError) as error:
            # What was right when Locust started is no longer: a folder, a profile, an endpoint.
            self._refuse(error)
            if self._run is None and isinstance(gevent.getcurrent(), gevent.Greenlet):
                # Locust would go on in this greenlet, and make users that have no run.
                raise gevent.GreenletExit from None

    def _refuse(self, error: SettingsError | LevelError) -> None:
        """End a run that has just begun, because of a mistake in settings or shape."""
        logger.error("bedrock-locust: %s", error)
        self._environment.process_exit_code = exits.BAD_INPUT
        self._runs.give_up()
        gevent.spawn(self._runner.quit if self._options.headless else self._runner.stop)

    def _begin(self, client: BedrockRuntimeClient) -> None:
        if self._stop:
            self._stop.wait()
            self._stop = None
        self._signals.begin()
        self._environment.process_exit_code = None
        self._environment.stop_timeout = self._stop_timeout or self.settings.call_limit_s + DRAIN_MARGIN_S
        levels = planned_levels(self._environment)
        info = self._info(client, levels)
        plan = levels, self._preparation.plan(levels)
        self._run = Run(self._environment, self._preparation.in_force, info, plan, self._outputs())
        survey = self._preparation.survey
        most = survey.positions(self.settings) if survey else None
        self._options.bedrock_run = self._order(info, levels).to_json()
        if self._receiver and self._dealer:
            self._handed_out = self._dealer.begin(info["run"], most)
            self._receiver.begin(self._run.recorder)
        else:
            self._begin_alone(client, self._run, most)
        if level := getattr(self._options, LEVEL, None):
            self._run.on_level(Level.from_plain(level))
        # Last, so that it is the first at the exit.
        atexit.unregister(self._on_exit)
        atexit.register(self._on_exit)

    def _info(self, client: BedrockRuntimeClient, levels: Sequence[Level] | None) -> dict[str, Any]:
        """What `run.json` says of a run that begins."""
        first_call = self._preparation.first_call
        known = self._preparation.account.known(self.settings)
        info = first_info(
            self._preparation.in_force,
            endpoint=client.meta.endpoint_url,
            simulator=self._preparation.simulator is not None,
            levels=None if levels is None else len(levels),
            preflight=public(first_call) if first_call else None,
        )
        if quotas := known.sources(self.settings):
            info["quotas"] = quotas
        if notes := known.found.notes:
            info["quota_notes"] = list(notes)
        return info | self._preparation.about_file()

    def _outputs(self) -> list[Output]:
        """What gets calls and levels of a run, in order."""
        passes = EndAfterPasses(lambda: self._handed_out, lambda: getattr(self._runner, "clients", ()))
        self._judge = Judge()
        return [self._judge, *outputs_of(self._options, self.settings, self._runs, self._lasting), passes]

    def _begin_alone(self, client: BedrockRuntimeClient, run: Run, most: int | None) -> None:
        """Make the calls in this process."""
        self._handed_out = HandedOut(most)
        bench = Bench(self._environment, self.settings, client, LOCAL)
        positions = local_positions(self._handed_out)
        bench.read(self._preparation.file, self._preparation.prepared, positions)
        put_bench(bench)
        pulse = Pulse(bench.measured_level).start()
        self._tenant = Tenant(self._runner, bench, LOCAL)
        run.recorder.join_local(pulse, lambda: calls_in_flight.now, self._tenant.made.to_plain)

    def _order(self, info: Mapping[str, Any], levels: Sequence[Level] | None) -> RunOrder:
        """What the workers must know of a run that begins."""
        workers = max(1, getattr(self._runner, "worker_count", 1))
        return RunOrder(
            version=__version__,
            run=info["run"],
            simulator=info["simulator"],
            worker_timeout_s=self._options.bedrock_worker_timeout,
            in_flight=None
            if levels is None
            else math.ceil(max((level.most_in_flight for level in levels), default=0) / workers),
            settings=self.settings.public(),
            workload=self._preparation.prepared.to_plain(),
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

    def _on_search(self, search: Mapping[str, Any], **_: Any) -> None:
        """A search has come to its next probe, or is over."""
        if self._run and self._stop is None:
            self._run.on_search(search)

    def _on_probe(
        self, levels: Sequence[str], elapsed_s: float | None, decided: Verdict, answer: dict[str, Any], **_: Any
    ) -> None:
        """A search asks how a load does."""
        if self._run and self._judge:
            answer |= self._judge.answer(levels, elapsed_s, decided)

    def _on_level_failures(self, level: str, answer: dict[str, int], **_: Any) -> None:
        """A ramp asks which failures the calls of a level had."""
        found = self._run and self._run.tally.levels.get(level)
        if found:
            answer |= found.errors

    def _on_arrivals_unmade(self, answer: dict[str, int], **_: Any) -> None:
        """A replay asks how many arrivals were due and neither made nor dropped."""
        if self._run and (fate := self._run.recorder.fate()):
            answer["unmade"] = fate.missed

    def _on_schedule(self, schedule: Mapping[str, Any] | None, **_: Any) -> None:
        """The shape has announced arrivals: have them made here, or by the workers. None ends those that come now."""
        if self._run is None or self._stop is not None:
            return
        if schedule is None:
            self._run.cut_schedule()
            self._cut_arrivals()
            return
        try:
            found = Schedule.from_plain(schedule)
        except LevelError as error:
            self._refuse(error)
            return
        workload = self.settings.workload
        restarts = workload is not None and workload.restart == "level"
        first = 0 if restarts else self._run.recorder.arrivals_due
        found = replace(found, replay=self._preparation.replay, first_position=first, restarts=restarts)
        self._run.on_schedule(found)
        if self._leases:
            self._leases.begin(self._run.recorder.run, found)
        elif self._tenant:
            self._tenant.renew(found, alone(LOCAL, found.max_in_flight))

    def _cut_arrivals(self) -> None:
        """Have no more calls of the present schedule arrive."""
        if self._leases:
            self._leases.cut()
        if self._tenant:
            self._tenant.cut()

    def _stop_arrivals(self) -> None:
        """Have no more calls arrive."""
        if self._leases:
            self._leases.stop()
        if self._tenant:
            self._tenant.stop()

    def _on_test_stopping(self, **_: Any) -> None:
        """The load ends: by plan with no call in flight, or early."""
        self._environment.stop_timeout = GRACE_S
        self._stop_arrivals()
        if self._run and self._stop is None:
            self._run.stopping()
            if self._receiver:
                self._receiver.ask(GRACE_S)
            self._stop = RunStop(self._runner, self._end_run, limit_s=STOP_LIMIT_S, quits=bool(self._options.headless))

    def _on_test_stop(self, **_: Any) -> None:
        if self._stop:
            self._stop.load_is_over()

    def _end_run(self) -> None:
        """The load is over: collect all rows, make the report, set the exit code."""
        run, self._run = self._run, None
        if run is None:
            return
        if self._receiver:
            self._receiver.wait(GRACE_S)
        setattr(self._options, LEVEL, None)
        deserted = bool(self._receiver and self._receiver.deserted)
        ended, reason = run.outcome(
            self._signals.ended_by or ("an exit of the process" if self._exits else ""), deserted=deserted
        )
        if about := self._preparation.about_file():
            run.recorder.write_info(workload={**about["workload"], **self._handed(run)})
        before = self._environment.process_exit_code
        # Until the end is reached: a run that is not brought to its end has not gone well.
        self._environment.process_exit_code = exits.FAILED
        self._written, codes = run.end(
            ended=ended,
            reason=reason,
            check=lambda folder: self._preparation.check_by_aws(folder, self._signals.hurry),
            report=self._report,
        )
        code = exits.first([*codes, *([before] if before else [])])
        self._environment.process_exit_code = 0 if code is None and _were_only_cut_off(self._runner) else code

    def _handed(self, run: Run) -> dict[str, int]:
        """How many positions of the sequence of records were handed out; arrivals have their own."""
        workload = self.settings.workload
        counted = workload is not None and workload.passes is not None
        return {"handed_out": self._handed_out.dealt} if counted or not run.recorder.arrivals_due else {}

    def _on_quitting(self, **_: Any) -> None:
        """Comes before Locust looks at the failures for its exit code: calls that the end cuts off are some."""
        if self._run is None or self._run.early_end is None:
            # Locust's own way to end at SIGTERM, where no shape runs; a limit comes by it, too, and is in no hurry.
            self._signals.hurry.set()
        if self._run and self._stop is None:
            self._runner.stop()
        if self._run and self._stop is None:
            self._on_test_stopping()  # Locust thinks that no load is running
        if self._stop:
            self._stop.wait()

    def _on_quit(self, **_: Any) -> None:
        """Comes last, after Locust's tables if there are any: print where the report is."""
        if self._preparation.simulator:
            self._preparation.simulator.stop()
        if self._written and wants_tables(self._options):
            console.write(f"\nReport: {self._written}", stream_of(self._options))

    def _on_exit(self) -> None:
        """The process ends without Locust's end of it: a task, or a listener, called sys.exit."""
        if self._run is None:
            return
        self._exits = True
        logger.warning("bedrock-locust: this process was told to exit in the middle of a run: the run ends")
        undisturbed(self._on_quitting)
        undisturbed(self._runner.quit)
        self._on_quit()
        self._exit_code.code = self._environment.process_exit_code or 0

    def _on_signal(self) -> type[BaseException] | None:
        """What a signal raises. A headless run that still waits for its workers sends home those that are there."""
        if self._stop and (self._options.headless or (self._run and not self._stop.is_done)):
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


def _were_only_cut_off(runner: Runner) -> bool:
    """Whether all that Locust has for failures are calls that the end of the run cut off: these are none."""
    errors = [str(error.error) for error in runner.errors.values()]
    return bool(errors) and not runner.exceptions and all(error == f"CallError({CANCELLED!r})" for error in errors)


def _check_results(settings: Settings) -> None:
    """Raise SettingsError where the results of a run could not be written, or sent."""
    sent(settings)
    check_directory(settings.output.directory)
    check_report_file(settings.output.report_file)


def _close_page(web_ui: WebUI, run: Run) -> None:
    """End the process after a run that began by itself: Locust's page would stay for good."""
    while run.ended_at is None:
        gevent.sleep(0.1)
    web_ui.stop()
