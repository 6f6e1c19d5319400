"""What is made ready for each run, and what is kept from one run to the next."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

from locust import HttpUser
from locust.argument_parser import get_empty_argument_parser
from locust.env import Environment

import pytest
from gevent.event import Event

from bedrock_locust.aws import preparation as module
from bedrock_locust.aws.preparation import Preparation
from bedrock_locust.settings import options
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulator.process import Simulator


def prepared(simulator: Simulator, folder: Path, **sections: Any) -> Preparation:
    """For runs on this simulator."""
    return prepared_with(folder, [], {"host": simulator.url}, **sections)


def prepared_with(folder: Path, given: list[str], environment: dict[str, Any], **sections: Any) -> Preparation:
    """For runs with these options, in this environment."""
    (folder / "config.json").write_text(json.dumps({"aws": {"region": "us-east-1"}, "model": {"id": "m"}, **sections}))
    parser = get_empty_argument_parser()
    options.add_options(parser, None)
    made = Environment(**environment)
    made.parsed_options = parser.parse_args(["--bedrock-config", str(folder / "config.json"), *given])
    return Preparation(made, local=True)


def test_words_are_counted_once_for_the_same_requests(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second run has the counts of the first, unless something about its requests has changed."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    preparation = prepared(simulator, tmp_path, workload={"input_tokens": 300}, test={"preflight": False})
    client = preparation.connect()
    preparation.try_one_call(client, preparation.settings)
    first = preparation.calibrations
    assert first
    preparation.try_one_call(client, preparation.settings)
    assert preparation.calibrations is first
    client, settings = preparation.check_form({"bedrock_model": "other"})
    preparation.try_one_call(client, settings)
    assert preparation.calibrations is not first


class Asked:
    """An account."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def check_run(self, settings: Any, session: Any, folder: Path, stop: Event) -> None:
        """AWS's own figures are fetched."""
        self.told.append(f"{settings.model.id} {session is not None} {folder.name} {stop.is_set()}")


@pytest.mark.parametrize(("output", "told"), [({}, []), ({"aws_check": True}, ["m True run False"])])
def test_figures_of_aws_are_fetched_where_the_settings_ask(
    simulator: Simulator, tmp_path: Path, keys: None, output: dict[str, Any], told: list[str]
) -> None:
    """Whether or not a report is made."""
    preparation, account = prepared(simulator, tmp_path, output=output), Asked()
    preparation.connect()
    preparation.account = cast("Any", account)
    preparation.check_by_aws(tmp_path / "run", Event())
    assert account.told == told


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")


class Shape:
    """A shape whose levels follow the option for users, as ours do."""

    def planned(self, environment: Environment) -> list[dict[str, Any]]:
        """One level, or a wrong one."""
        asked = int(environment.parsed_options.bedrock_end or 0)  # type: ignore[union-attr]
        level = {"level": "one", "mode": "streaming", "users": asked, "phase": "measure", "duration_s": 60}
        if asked == 13:
            del level["mode"]
        return [level]


def test_the_plan_of_a_form(simulator: Simulator, tmp_path: Path, keys: None) -> None:
    """It follows the fields, and changes nothing of the run that goes on; without levels there is none."""
    preparation = prepared(simulator, tmp_path, model={"id": "m", "quota": 60})
    before = preparation.settings
    assert preparation.plan_of_form({}) is None
    preparation._environment.shape_class = cast("Any", Shape())
    few, many = (preparation.plan_of_form({"bedrock_end": users}) for users in ("2", "7"))
    assert few is not None
    assert many is not None
    assert "up to 2 users" in few.lines()[0]
    assert "up to 7 users" in many.lines()[0]
    assert preparation.settings is before
    assert preparation._options.bedrock_end is None
    with pytest.raises(SettingsError, match="without 'mode'"):
        preparation.check_form({"bedrock_end": "13"})
    client, settings = preparation.check_form({"bedrock_end": "2"})
    assert client.meta.endpoint_url == settings.aws.endpoint_url == simulator.url


def test_a_form_with_an_endpoint_that_does_not_answer(simulator: Simulator, tmp_path: Path, keys: None) -> None:
    """Where calls are made in this process it is told before a run begins; the machines of workers may reach it."""
    preparation = prepared(simulator, tmp_path)
    assert preparation.connect().meta.endpoint_url == simulator.url
    assert preparation.settings.aws.region == "us-east-1"
    with pytest.raises(SettingsError, match="no connection"):
        preparation.check_form({"host": "http://127.0.0.1:1"})
    preparation._local = False
    client, _ = preparation.check_form({"host": "http://127.0.0.1:1"})
    assert client.meta.endpoint_url == "http://127.0.0.1:1"


class Played:
    """A simulator process that the options ask for."""

    started: ClassVar[list[tuple[str, str]]] = []
    url = ""

    def __init__(self, asked: str, endpoint: str) -> None:
        self.started.append((asked, endpoint))
        self.endpoint = endpoint


def with_simulator(folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, **environment: Any) -> Preparation:
    """A run with `--bedrock-simulator`."""
    monkeypatch.setattr(Played, "started", [])
    monkeypatch.setattr(Played, "url", url)
    monkeypatch.setattr(module, "SimulatorProcess", Played)
    return prepared_with(folder, ["--bedrock-simulator=--ttft-ms 5"], environment)


def test_the_simulator_is_started_once(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go to it, without credentials; Locust's page shows its address."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    preparation = with_simulator(tmp_path, simulator.url, monkeypatch)
    for _ in range(2):
        assert preparation.connect().meta.endpoint_url == simulator.url
    assert Played.started == [("--ttft-ms 5", "runtime")]
    assert preparation._environment.host == simulator.url
    with pytest.raises(
        SettingsError, match=r"is mantle, and the simulator was started as bedrock-runtime: set it to runtime"
    ):
        preparation.check_form({"bedrock_endpoint": "mantle", "bedrock_api": "chat"})


def test_the_host_of_other_users_stays(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is theirs; without them it would be a second endpoint."""
    preparation = with_simulator(tmp_path, simulator.url, monkeypatch, host="http://theirs", user_classes=[Visitor])
    assert preparation._environment.host == "http://theirs"
    with pytest.raises(SettingsError, match="--host and --bedrock-simulator: choose one"):
        with_simulator(tmp_path, simulator.url, monkeypatch, host="http://theirs")


class Visitor(HttpUser):
    """A user of another server."""

    abstract = True


def test_what_is_said_of_a_file(simulator: Simulator, tmp_path: Path, keys: None) -> None:
    """Its hash travels to workers, and its figures into the record; without one there is nothing to say."""
    none = prepared(simulator, tmp_path)
    assert (none.file, none.about_file(), none.prepared.sha256) == (None, {}, "")
    path = tmp_path / "requests.jsonl"
    path.write_text('{"prompt": "a"}\n{"prompt": 5}\n{"prompt": "b", "max_tokens": 7}\n')
    own = prepared(simulator, tmp_path, workload={"file": str(path), "on_bad": "skip"})
    assert own.file is not None
    assert own.prepared.sha256 == own.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert own.prepared.bad == (1,)
    assert own.prepared.format == "plain"
    assert own.about_file()["workload"]["sha256"] == own.file.sha256
    assert "replay" not in own.about_file()
