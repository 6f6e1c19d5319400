"""What has to be ready before a run: settings, simulator, boto3 client, and one call to see that it works."""

from __future__ import annotations

from argparse import Namespace
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust import __version__
from bedrock_locust.aws.account.known import Account
from bedrock_locust.aws.boto3_client import check_credentials, check_endpoint, connect
from bedrock_locust.aws.host import bedrock_host, http_users
from bedrock_locust.aws.preflight import has_credentials, preflight
from bedrock_locust.aws.probe import calibrate_each
from bedrock_locust.aws.warm import write_prefixes
from bedrock_locust.level import LevelError, planned_levels, within
from bedrock_locust.process.present import NO_OPTIONS, present
from bedrock_locust.process.simulator import SimulatorProcess
from bedrock_locust.settings import options
from bedrock_locust.settings.forecast import forecast
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.run_time import run_time_of
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.replay import replay_of
from bedrock_locust.workload.source import worded_of, workload_of
from bedrock_locust.workload.survey import Library
from bedrock_locust.workload.template import checked
from bedrock_locust.workload.words import nonce

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from locust.env import Environment

    import boto3
    from gevent.event import Event
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.workload.calibration import Calibration
    from bedrock_locust.workload.jsonl import RecordFile
    from bedrock_locust.workload.replay import Replay
    from bedrock_locust.workload.survey import Survey


class Preparation:
    """Makes runs ready in the process that leads them. All of it raises SettingsError where no run could begin."""

    def __init__(self, environment: Environment, *, local: bool) -> None:
        """Read the settings and start the simulator, if one is asked for. `local`: calls are made in this process."""
        self._environment = environment
        self._options: Namespace = present(environment.parsed_options, NO_OPTIONS)
        self._local = local
        self._session: boto3.Session | None = None
        self._simulator_url: str | None = None
        self._library = Library(gevent.sleep)
        self.survey: Survey | None = None
        """What is in the file of the workload, if it has one."""
        self.replay: Replay | None = None
        """The calls of the trace, if one is replayed."""
        # Wrong settings are refused before a simulator starts, unless its control plane tells which model they mean.
        given = options.load(self._options, bedrock_host(environment))
        self.simulator = self._start_simulator(given) if given.hidden_ids else None
        self.account = Account(self._simulator_url)
        """What is known of the model and of its quotas."""
        self.settings = self._load(self._options, environment)
        """The settings of the last run, or of the next."""
        self.first_call: Call | None = None
        """The call that was made to see that calls work, if one was."""
        self.calibrations: dict[str, Calibration] = {}
        """Model -> how many tokens the words of its requests have, if that was counted."""
        self._calibrated_for = self._prefix = ""
        if self.simulator is None and (started := self._start_simulator(self.settings)):
            self.simulator, self.account = started, Account(started.url)

    def connect(self) -> BedrockRuntimeClient:
        """Read the settings anew and make the client of a run."""
        settings = self._load(self._options, self._environment)
        client = self._checked_client(settings)
        self.settings = settings.in_region(client.meta.region_name)
        return client

    def look_up_account(self, settings: Settings | None = None) -> None:
        """Find out which quotas the calls use, where the settings ask for it. It takes some seconds at most."""
        self.account.look_up(self._in_region(settings or self.settings), self._session)

    def check_by_aws(self, folder: Path, stop: Event) -> None:
        """Fetch AWS's own figures of a run that has ended, where the settings ask for them; until `stop` is set."""
        if self.settings.output.aws_check:
            self.account.check_run(self.settings, self._session, folder, stop)

    @property
    def in_force(self) -> Settings:
        """The settings of a run, with the quotas that were found."""
        return self.account.known(self.settings).completed(self.settings)

    def _in_region(self, settings: Settings) -> Settings:
        """Settings with the region in which this process calls, if they name none."""
        region = self.settings.aws.region
        return settings if settings.aws.region or not region else settings.in_region(region)

    def try_one_call(self, client: BedrockRuntimeClient, settings: Settings) -> None:
        """Make one call, and count the tokens of words, where the settings ask for it."""
        self.first_call = preflight(
            client,
            settings,
            simulator=self.simulator is not None,
            local=self._local,
            workload=workload_of(settings, self.prepared, file=self.file),
        )
        if self._local or self.simulator or has_credentials(settings):
            self._calibrate(client, settings)

    def _calibrate(self, client: BedrockRuntimeClient, settings: Settings) -> None:
        """Count the tokens of words, not again for the same requests; and have the prefixes of the run cached."""
        key = settings.model_dump_json(include={"aws", "model", "test", "workload", "arrivals"})
        if self._calibrated_for != key:
            worded = worded_of(settings, self.prepared, self.file)
            self._calibrated_for, self.calibrations = key, calibrate_each(client, settings, worded)
        self._prefix = nonce()
        write_prefixes(client, settings, self.prepared)

    @property
    def prepared(self) -> Prepared:
        """What workers must know of the workload."""
        found = self.replay or self.survey
        if found is None:
            return Prepared(self.calibrations, prefix=self._prefix)
        format_ = self.survey.format if self.survey else ""
        return Prepared(self.calibrations, found.file.sha256, format_, tuple(found.bad))

    @property
    def file(self) -> RecordFile | None:
        """The file with what is sent, if there is one."""
        found = self.replay or self.survey
        return found.file if found else None

    def about_file(self) -> dict[str, Any]:
        """What `run.json` says of that file, and of the traffic of a trace."""
        if self.replay:
            return {"workload": self.replay.public(), "replay": self.replay.traffic.public()}
        return {"workload": self.survey.public()} if self.survey else {}

    def check_form(self, form: Mapping[str, str]) -> tuple[BedrockRuntimeClient, Settings]:
        """The client and the settings of a form with which a run can begin. Nothing has been called yet."""
        settings = self._read(form)
        client = self._checked_client(settings)
        try:
            planned_levels(self._environment_of(form))
        except LevelError as error:
            raise SettingsError(str(error)) from None
        return client, settings

    def plan_of_form(self, form: Mapping[str, str]) -> Plan | None:
        """What a run with this form would do; None without levels."""
        settings = self._read(form)
        return self.plan(planned_levels(self._environment_of(form)), settings, run_time_of(self._with(form)))

    def plan(
        self, levels: Sequence[Level] | None, settings: Settings | None = None, run_time_s: float | None = None
    ) -> Plan | None:
        """What a run with these levels will do, by default with the present settings; None without levels."""
        if levels is None:
            return None
        given = self._in_region(settings or self.settings)
        known = self.account.known(given)
        settings, run_time_s = known.completed(given), run_time_s or run_time_of(self._options)
        if self.replay:
            counted = self.replay.counted(settings)
            plan = self.replay.told(Plan.of(counted, "", self.first_call, levels, run_time_s), settings)
        else:
            counted = self.survey.counted(settings) if self.survey else settings
            quota_use = str(forecast(counted, self.first_call, within(levels, run_time_s), known.others) or "")
            plan = Plan.of(counted, quota_use, self.first_call, levels, run_time_s)
        return replace(plan, quota_sources=known.in_words(given), quota_notes=known.notes(given))

    def _read(self, form: Mapping[str, str]) -> Settings:
        return self._load(self._with(form), self._environment_of(form))

    def _environment_of(self, form: Mapping[str, str]) -> Environment:
        """The environment as it is once Locust has taken over a form."""
        environment = copy(self._environment)
        environment.parsed_options = self._with(form)
        environment.host = form.get("host", self._environment.host)
        return environment

    def _with(self, form: Mapping[str, str]) -> Namespace:
        """The options of this process, with those of a form over them."""
        return Namespace(**{**vars(self._options), **form})

    def _load(self, parsed: Namespace, environment: Environment) -> Settings:
        settings = options.load(parsed, self._simulator_url or bedrock_host(environment))
        settings = checked(*self.account.resolved(settings, self._session))
        self.replay = replay_of(settings, gevent.sleep)
        self.survey = None if self.replay else self._library.survey(settings)
        return settings

    def _checked_client(self, settings: Settings) -> BedrockRuntimeClient:
        """A client with which this process, if it makes the calls, can sign and connect."""
        plays = self.simulator.endpoint if self.simulator else ""
        if plays and plays != settings.model.endpoint:
            raise SettingsError(
                f"model.endpoint is {settings.model.endpoint}, and the simulator was started as bedrock-{plays}:"
                f" set it to {plays}, or start locust with --bedrock-endpoint {settings.model.endpoint}"
            )
        self._session = check_credentials(settings) if self._local and self.simulator is None else None
        client = connect(settings, simulator=self.simulator is not None, version=__version__, session=self._session)
        if self._local and settings.aws.endpoint_url:
            check_endpoint(settings.aws.endpoint_url)
        return client

    def _start_simulator(self, settings: Settings) -> SimulatorProcess | None:
        asked = self._options.bedrock_simulator
        if asked is None:
            return None
        if bedrock_host(self._environment):
            raise SettingsError("--host and --bedrock-simulator: choose one; the simulator is an endpoint of its own")
        simulator = SimulatorProcess(asked, settings.model.endpoint)
        self._simulator_url = simulator.url
        if not http_users(self._environment):
            # Locust's page shows it.
            self._environment.host = simulator.url
        return simulator
