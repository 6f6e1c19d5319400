"""AWS's own figures of a run, fetched from the simulator by the command and after a run."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import gevent
import pytest
from botocore.exceptions import ClientError
from gevent.event import Event

from bedrock_locust.aws.account import cross_check
from bedrock_locust.aws.account.control import Control, control_of
from bedrock_locust.aws.account.known import Account
from bedrock_locust.aws.account.usage import others
from bedrock_locust.commands import main
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.simulator.account.monitoring import get_metric_data
from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.ledger import Entry
from bedrock_locust.simulator.service import Service
from tests.simulator.process import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.client import BedrockClient
    from tests.simulator.process import Simulator

pytestmark = pytest.mark.usefixtures("made_up_keys")


def settings_of(simulator: Simulator, **output: Any) -> Settings:
    """Settings of a run whose control plane is the simulator."""
    aws = {"region": "us-east-1", "control_endpoint_url": simulator.url}
    return Settings.model_validate({"model": {"id": "any"}, "aws": aws, "output": output})


def control(simulator: Simulator) -> Control:
    """Its control plane."""
    found = control_of(settings_of(simulator), None)
    assert found is not None
    return found


def run_of(folder: Path, model: str, **more: Any) -> dict[str, Any]:
    """A run folder whose calls were made just now."""
    info = {
        "settings": {"model": {"id": model, "endpoint": "runtime"}, "aws": {"region": "us-east-1"}},
        "started_at": time.time() - 5,
        "ended_at": time.time(),
        "ended": "complete",
        "rows_written": 3,
        **more,
    }
    (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    return info


@pytest.fixture
def transport() -> str:
    """One of them is enough: what is asked is not the call."""
    return "measured"


def called(make_client: Callable[..., BedrockClient]) -> str:
    """A model of its own that three calls have reached."""
    model = f"us.anthropic.claude-{time.time_ns()}"
    for _ in range(3):
        make_client().converse(modelId=model, messages=[{"role": "user", "content": [{"text": "x" * 40}]}])
    return model


def test_figures_are_those_of_the_calls(
    simulator: Simulator, make_client: Callable[..., BedrockClient], tmp_path: Path
) -> None:
    """Counts and tokens to the last one, and times, in a file that says when and about what it is."""
    model = called(make_client)
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, model))
    assert json.loads((tmp_path / "aws.json").read_text(encoding="utf-8")) == found
    metrics = found["metrics"]
    assert {name: metrics[name]["Sum"] for name in ("Invocations", "InputTokenCount", "InvocationThrottles")} == {
        "Invocations": 3,
        "InputTokenCount": 30,
        "InvocationThrottles": 0,
    }
    assert metrics["InvocationLatency"]["SampleCount"] == 3
    assert metrics["InvocationLatency"]["p50"] > 0
    assert (found["model_id"], found["region"], found["missing"]) == (model, "us-east-1", [])
    assert found["from"] % 60 == found["to"] % 60 == 0


def with_rows(folder: Path, models: list[str], mode: str = "non_streaming") -> None:
    """The rows of a run: a call to each of these models."""
    rows = "".join(f"x,{model},{mode}\n" for model in models)
    (folder / cross_check.ROWS).write_text(f"name,model_id,mode\n{rows}", encoding="utf-8")


@pytest.mark.parametrize(("mode", "is_missed"), [("non_streaming", False), ("streaming", True), ("", True)])
def test_the_first_token_is_missed_where_calls_were_streams(
    simulator: Simulator, make_client: Callable[..., BedrockClient], tmp_path: Path, mode: str, is_missed: bool
) -> None:
    """By the rows, as an own locustfile calls what it likes; without rows by the settings."""
    model = called(make_client)
    if mode:
        with_rows(tmp_path, [model] * 3, mode)
    test = {"settings": {"model": {"id": model}, "test": {"streaming": True}}}
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, model, **test))
    assert found["missing"] == (["CloudWatch has no TimeToFirstToken of this run"] if is_missed else [])


def test_several_models_are_compared_each_for_itself(
    simulator: Simulator, make_client: Callable[..., BedrockClient], tmp_path: Path
) -> None:
    """Those that a trace or an own locustfile called most, with what adds up; all of their calls are waited for."""
    own, other = called(make_client), called(make_client)
    make_client().converse(modelId=own, messages=[{"role": "user", "content": [{"text": "x"}]}])
    with_rows(tmp_path, [own] * 4 + [other] * 3)
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, own, rows_written=7), cross_check.Wait(30))
    [told] = found["others"]
    assert (found["metrics"]["Invocations"]["Sum"], told["metrics"]["Invocations"]["Sum"]) == (4, 3)
    assert (told["model_id"], told["metrics"]["InputTokenCount"]["Sum"], told["missing"]) == (other, 30, [])
    assert "InvocationLatency" not in told["metrics"]
    assert cross_check.calls_in(found) == 7
    assert json.loads((tmp_path / "aws.json").read_text(encoding="utf-8")) == found
    simulator.set(denied=["cloudwatch:GetMetricData"])
    assert cross_check.fetch(control(simulator), cross_check.Subject(own, "runtime", 0, 60, 7), [other])["others"] == []


def test_calls_to_yet_more_models_are_left_out_in_one_line(simulator: Simulator, tmp_path: Path) -> None:
    """Four others are asked for."""
    with_rows(tmp_path, ["x"] * 9 + ["a.b"] * 4 + [f"c.{n}" for n in range(7)] + [""])
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "own", rows_written=21))
    assert [one["model_id"] for one in found["others"]] == ["x", "a.b", "c.0", "c.1"]
    said = "5 calls to others (1 to c.2, 1 to c.3, 1 to c.4, 1 to c.5, 1 more)"
    assert found["missing"] == [f"the models with most calls are compared; left out: {said}"]
    [one] = cross_check.left_out(Counter({"x": 1}))
    assert one.endswith("left out: 1 call to others (1 to x)")
    (tmp_path / cross_check.ROWS).write_text("name\nx\n", encoding="utf-8")
    assert cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "own"))["missing"] == []


def test_figures_that_are_late_are_waited_for(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks again until all calls are there, and gives up in time."""
    monkeypatch.setattr(cross_check, "LOOK_S", 0.05)
    asked: list[float] = []
    fetch = cross_check.fetch

    def counted(*arguments: Any) -> dict[str, Any]:
        asked.append(time.monotonic())
        return fetch(*arguments)

    monkeypatch.setattr(cross_check, "fetch", counted)
    model = f"us.anthropic.claude-{time.time_ns()}"
    asker = control(simulator)
    asker.client("cloudwatch")  # its making takes long on a busy machine
    found = cross_check.check(asker, tmp_path, run_of(tmp_path, model), cross_check.Wait(1))
    assert 2 <= len(asked) <= 22
    assert found["metrics"]["Invocations"]["Sum"] == 0
    asked.clear()
    cross_check.check(asker, tmp_path, run_of(tmp_path, model, rows_written=0), cross_check.Wait(30))
    assert len(asked) == 1


def test_a_fetch_that_finds_nothing_leaves_what_was_found(
    simulator: Simulator, tmp_path: Path, make_client: Callable[..., BedrockClient]
) -> None:
    """Neither AWS's counts nor the Regions of an earlier one are lost."""
    model = f"kept-{time.time_ns()}"
    make_client().converse(modelId=model, messages=[{"role": "user", "content": [{"text": "Hi"}]}])
    info = run_of(tmp_path, model)
    good = cross_check.check(control(simulator), tmp_path, info, cross_check.Wait(30), {"regions": []})
    assert good["metrics"]["Invocations"]["Sum"] == 1
    simulator.set(denied=["cloudwatch:GetMetricData"])
    assert cross_check.check(control(simulator), tmp_path, info)["missing"]
    written = json.loads((tmp_path / cross_check.FILE).read_text(encoding="utf-8"))
    assert (written["metrics"], written["serving"]) == (good["metrics"], {"regions": []})
    other = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "another"))
    assert json.loads((tmp_path / cross_check.FILE).read_text(encoding="utf-8")) == other, (
        "of another run nothing is kept"
    )


def test_a_missing_permission_is_one_line(simulator: Simulator, tmp_path: Path) -> None:
    """The file says so, and nothing fails."""
    simulator.set(denied=["cloudwatch:GetMetricData"])
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "any"), cross_check.Wait(30))
    assert found["missing"] == ["CloudWatch gave no figures: the permission cloudwatch:GetMetricData is missing"]
    assert found["metrics"] == {}


class Asked:
    """CloudWatch as the simulator answers it, with calls that ended long ago or far apart."""

    def __init__(self, *ended_s: float, latency_ms: float = 100, first_ms: float | None = None, aligned: bool) -> None:
        self.region = "us-east-1"
        self._service = Service(Behaviour(aligned_periods=aligned), 100)
        for number, at_s in enumerate(ended_s):
            ended = int(at_s * 1e9)
            began = ended - int((latency_ms + number) * 1e6)
            first = None if first_ms is None else began + int(first_ms * 1e6)
            entry = Entry(number, "converse", "m", first is not None, "id", began, first, ended, 10, 5, "ok")
            self._service.close(entry)

    def client(self, _service: str) -> Any:
        """The only operation that is asked for."""
        return SimpleNamespace(get_metric_data=lambda **asked: get_metric_data(self._service, asked))


def figures(asked: Asked, begin_s: int, end_s: int, *, streams: bool = False) -> tuple[dict[str, Any], list[str]]:
    """What is found of calls between two moments, and what is missing."""
    found = cross_check.fetch(cast("Control", asked), cross_check.Subject("m", "runtime", begin_s, end_s, 2, streams))
    return found["metrics"], found["missing"]


NOW_S = int(time.time()) // 3600 * 3600


@pytest.mark.parametrize("length_s", [120, 540, 7200])
def test_periods_that_begin_elsewhere(length_s: int) -> None:
    """If CloudWatch cuts a run in two, the mean is still that of all calls, and a line names what there is not."""
    begin_s = NOW_S - 7200 - 60
    calls = [begin_s + 1, begin_s + 61, begin_s + length_s - 1]
    whole, nothing = figures(Asked(*calls, aligned=False), begin_s, begin_s + length_s)
    assert nothing == []
    assert whole["InvocationLatency"]["p50"] == pytest.approx(101)
    cut, missing = figures(Asked(*calls, aligned=True), begin_s, begin_s + length_s)
    assert missing == ["CloudWatch has no InvocationLatency (p50, p95, p99) of the whole run"]
    assert cut["InvocationLatency"] == {"SampleCount": 3, "Average": pytest.approx(101)}
    assert cut["Invocations"] == whole["Invocations"] == {"Sum": 3}


def test_a_run_of_more_than_a_day() -> None:
    """No percentile is of more than a day."""
    begin_s = NOW_S - 90_000
    found, missing = figures(Asked(begin_s + 1, begin_s + 88_000, aligned=False), begin_s, begin_s + 89_940)
    assert found["InvocationLatency"] == {"SampleCount": 2, "Average": pytest.approx(100.5)}
    assert missing == ["CloudWatch has no InvocationLatency (p50, p95, p99) of the whole run"]


def test_times_that_are_not_there() -> None:
    """The first token of streams is missed, that of whole answers is not."""
    begin_s = NOW_S - 120
    whole = Asked(begin_s + 1, aligned=False)
    assert figures(whole, begin_s, begin_s + 60)[1] == []
    assert figures(whole, begin_s, begin_s + 60, streams=True)[1] == ["CloudWatch has no TimeToFirstToken of this run"]
    streamed = Asked(begin_s + 1, first_ms=20, aligned=False)
    assert figures(streamed, begin_s, begin_s + 60, streams=True)[1] == []
    nobody = Asked(aligned=False)
    assert figures(nobody, begin_s, begin_s + 60, streams=True)[1] == []


@pytest.mark.parametrize(("days", "step_s"), [(14, 60), (16, 300), (70, 3600)])
def test_an_old_run(days: int, step_s: int) -> None:
    """CloudWatch has no minutes of it any more, which is said; what others did in the same hour counts too."""
    begin_s = NOW_S - days * 86_400 + 60
    asked = Asked(begin_s - 30, begin_s + 1, aligned=True)
    found = cross_check.fetch(cast("Control", asked), cross_check.Subject("m", "runtime", begin_s, begin_s + 60, 1))
    assert found["to"] - found["from"] == step_s
    assert found["metrics"]["Invocations"]["Sum"] == (1 if step_s == 60 else 2)
    said = [f"CloudWatch has only whole periods of {step_s // 60} min of a run so old, others' calls in them too"]
    assert found["missing"] == ([] if step_s == 60 else said)


def test_a_metric_that_is_not_whole() -> None:
    """CloudWatch says of each whether it has given all of it."""
    asked = Asked(NOW_S - 1, aligned=False)
    full = asked.client("cloudwatch").get_metric_data

    def broken(**wanted: Any) -> dict[str, Any]:
        answer = full(**wanted)
        for one in answer["MetricDataResults"]:
            one["StatusCode"] = "InternalError" if one["Label"] == "OutputTokenCount" else "PartialData"
        return cast("dict[str, Any]", answer)

    asked.client = lambda _service: SimpleNamespace(get_metric_data=broken)  # type: ignore[method-assign]
    assert figures(asked, NOW_S - 60, NOW_S)[1] == ["CloudWatch did not give all of OutputTokenCount (InternalError)"]


def test_an_id_that_is_refused_costs_the_others_nothing() -> None:
    """CloudWatch takes no dimension of more than 1,024 characters, and a model of a gateway may be called anything."""
    asked = Asked(NOW_S - 1, aligned=False)
    answers = asked.client("cloudwatch").get_metric_data

    def refusing(**wanted: Any) -> Any:
        if wanted["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"][0]["Value"] == "bad":
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "too long"}}, "GetMetricData")
        return answers(**wanted)

    asked.client = lambda _service: SimpleNamespace(get_metric_data=refusing)  # type: ignore[method-assign]
    subject = cross_check.Subject("other", "runtime", NOW_S - 60, NOW_S, 2)
    found = cross_check.fetch(cast("Control", asked), subject, ["bad", "m"])
    bad, good = found["others"]
    assert good["metrics"]["Invocations"] == {"Sum": 1}
    assert bad["metrics"] == {}
    assert cross_check.not_had(found) == ["CloudWatch gave no figures of bad: ValidationError: too long"]
    assert cross_check.calls_in(found) == 1


def test_nobody_to_ask_with(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials it says what to set."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/none")
    found = cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "any"))
    assert found["missing"] == [
        (
            "CloudWatch gave no figures: there are no AWS credentials: set AWS_PROFILE or --bedrock-profile,"
            " or use a role"
        )
    ]
    assert found["failure"] == "no answer"


def test_after_a_run(simulator: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The settings ask for it; whatever goes wrong, the report is made."""
    run_of(tmp_path, "any", rows_written=0)
    account = Account(simulator.url)
    account.check_run(settings_of(simulator), None, tmp_path, Event())
    assert (tmp_path / "aws.json").exists()
    account.check_run(settings_of(simulator), None, tmp_path / "none", Event())
    assert "no run.json in" in caplog.text
    with caplog.at_level(logging.WARNING):
        Account().check_run(
            Settings.model_validate({"model": {"id": "m"}, "aws": {"endpoint_url": "http://127.0.0.1:9"}}),
            None,
            tmp_path,
            Event(),
        )
    assert "calls do not go to AWS" in caplog.text


@pytest.mark.parametrize(("ended", "signal_after_s"), [("complete", 0.5), ("interrupted", 0.5), ("interrupted", 0)])
def test_a_signal_ends_the_wait(simulator: Simulator, tmp_path: Path, ended: str, signal_after_s: float) -> None:
    """CloudWatch has nothing of the run yet: it is waited for however that ended, unless a signal has come."""
    run_of(tmp_path, "never called", rows_written=5, ended=ended)
    account, stop = Account(), Event()
    waits = []

    def signal() -> None:
        waits.append(account.is_waiting)
        stop.set()

    if signal_after_s:
        gevent.spawn_later(signal_after_s, signal)
    else:
        stop.set()
    with gevent.Timeout(10):
        account.check_run(settings_of(simulator), None, tmp_path, stop)
    assert waits == ([True] if signal_after_s else [])
    assert not account.is_waiting
    assert json.loads((tmp_path / "aws.json").read_text())["metrics"]


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    """It is named, with what to do."""
    path = tmp_path / "none" / "aws.json"
    with pytest.raises(
        SettingsError, match=f"cannot write {path}: No such file or directory: make the folder writable"
    ):
        cross_check._write(path, {})


@pytest.mark.parametrize("info", [{}, {"settings": 5}, {"settings": {"model": {}}}, {"started_at": "x"}])
def test_a_run_that_says_too_little(tmp_path: Path, info: dict[str, Any]) -> None:
    """It is refused with what to do."""
    with pytest.raises(SettingsError, match="give the folder of a run"):
        cross_check.Subject.of(info)


def test_a_link_is_not_written_through(simulator: Simulator, tmp_path: Path) -> None:
    """Whose file that is nobody knows."""
    (tmp_path / "aws.json").symlink_to(tmp_path / "other")
    with pytest.raises(SettingsError, match="is a link"):
        cross_check.check(control(simulator), tmp_path, run_of(tmp_path, "any", rows_written=0))
    assert not (tmp_path / "other").exists()


def test_the_command(
    simulator: Simulator,
    make_client: Callable[..., BedrockClient],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says how many calls there are, or in one line why not."""
    run_of(tmp_path, called(make_client))
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"aws": {"control_endpoint_url": simulator.url}}), encoding="utf-8")
    command = ["aws", str(tmp_path), "--bedrock-config", str(config)]
    assert main(command) == 0
    assert "3 calls by CloudWatch" in capsys.readouterr().out
    before = (tmp_path / "aws.json").read_text(encoding="utf-8")
    simulator.set(denied=["cloudwatch:*"])
    assert main(command) == 0
    said = capsys.readouterr()
    assert said.err == "CloudWatch gave no figures: the permission cloudwatch:GetMetricData is missing\n"
    assert said.out == ""
    assert (tmp_path / "aws.json").read_text(encoding="utf-8") == before
    config.write_text(json.dumps({"aws": {"control_endpoint_url": "http://127.0.0.1:9"}}), encoding="utf-8")
    assert main(command) == 1
    assert capsys.readouterr().err == "CloudWatch gave no figures: 127.0.0.1:9 does not answer\n"
    with pytest.raises(SystemExit):
        main([*command, "--wait", "1 min"])
    assert "--wait: '1 min' must be a number of seconds, from 0 to 3,600" in capsys.readouterr().err
    assert main(["aws", str(tmp_path / "none")]) == 2
    assert "no run.json in" in capsys.readouterr().err
    config.write_text(json.dumps({"aws": {"endpoint_url": "http://127.0.0.1:9"}}), encoding="utf-8")
    assert main(command) == 2
    assert "do not go to AWS: set aws.control_endpoint_url" in capsys.readouterr().err


@pytest.mark.long
def test_a_cloudwatch_that_nobody_here_wrote(tmp_path: Path) -> None:
    """Counts and means as moto's server has them; it knows no percentiles, and that costs the counts nothing."""
    program = Path(__file__).parents[2] / ".venv-clients" / "bin" / "moto_server"
    if not program.exists():
        pytest.skip("moto is not installed: make long")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: _listens(port), "moto's server")
            session = boto3.Session("made-up", "made-up", region_name="us-east-1")
            control_ = Control(session, "us-east-1", f"http://127.0.0.1:{port}")
            now = time.time()
            for minute in range(3):
                data = {"Dimensions": [{"Name": "ModelId", "Value": "m"}], "Timestamp": now - 60 * minute}
                values = {"Invocations": 1, "InputTokenCount": 10 + minute, "EstimatedTPMQuotaUsage": 30}
                control_.client("cloudwatch").put_metric_data(
                    Namespace="AWS/Bedrock",
                    MetricData=[{"MetricName": name, "Value": value, **data} for name, value in values.items()],
                )
            subject = cross_check.Subject("m", "runtime", int(now // 60 - 5) * 60, int(now // 60 + 1) * 60, 3)
            found = cross_check.fetch(control_, subject)
            sums = {name: found["metrics"][name]["Sum"] for name in ("Invocations", "InputTokenCount")}
            assert sums == {"Invocations": 3, "InputTokenCount": 33}
            assert [line for line in found["missing"] if "for the times" not in line] == []
            used, notes = others(control_, settings_model(), datetime.fromtimestamp(now + 60, UTC))
            assert notes == []
            assert used["quota"] == pytest.approx(3 / 15)
        finally:
            server.terminate()


def settings_model() -> Any:
    """A model that is called `m`."""
    return Settings.model_validate({"model": {"id": "m"}}).model


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
