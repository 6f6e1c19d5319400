"""Regions of calls by logs in S3 and in CloudWatch Logs: what is asked for, what is kept, and what is said."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import os
import re
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from bedrock_locust.commands import main
from tests.core.logs_server import group_of
from tests.core.s3_server import bucket_of
from tests.core.test_permissions import LOGS_POLICY
from tests.core.test_serving import EAST, WEST, record, run_of
from tests.simulator.process import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulator.process import Simulator

SECRET = "what somebody wrote"
LOGS_ACTIONS = [action for statement in LOGS_POLICY["Statement"] for action in statement["Action"]]
ACCOUNT = "123456789012"
GROUP = "logs:/aws/bedrock/calls"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys of AWS, and nothing else of it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


class Case:
    """A run, its records, and the command for it."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.run, self.rows = run_of(folder / "run")
        self.config = folder / "c.json"
        self.config.write_text(json.dumps({"aws": {"control_endpoint_url": url}}), encoding="utf-8")
        info = json.loads((self.run / "run.json").read_text("utf-8"))
        self.begin_s, self.end_s = float(info["started_at"]), float(info["ended_at"])
        self._capsys = capsys

    def records(self) -> list[dict[str, Any]]:
        """One for each call, with all that a log has and nobody is to keep."""
        said = {"accountId": ACCOUNT, "identity": {"arn": f"arn:aws:iam::{ACCOUNT}:user/ott"}}
        body = {"input": {"inputBodyJson": {"prompt": SECRET}}, "modelId": f"arn:aws:bedrock:x:{ACCOUNT}:y"}
        regions = (WEST, None, f"{SECRET} {ACCOUNT}")
        return [record(row["request_id"], regions[n % 3]) | said | body for n, row in enumerate(self.rows)]

    def made(self, place: str) -> tuple[int, str, str]:
        """Exit code, and what is said."""
        code = main(["aws", str(self.run), "--bedrock-config", str(self.config), "--logs", place])
        return code, *self._capsys.readouterr()

    def serving(self) -> Any:
        """What is kept; nothing of the logs but Regions is in any file of the run."""
        for path in self.run.rglob("*"):
            assert not path.is_file() or not re.search(rf"{SECRET}|{ACCOUNT}|user/ott", path.read_text("utf-8"))
        return json.loads((self.run / "aws.json").read_text("utf-8")).get("serving")

    def calls(self) -> dict[str, int]:
        """Region -> calls that are to be found, of all records."""
        ids = range(1, len(self.rows))
        return {name: len([n for n in ids if n % 3 == k]) for k, name in enumerate((WEST, EAST, "unknown"))}


@pytest.fixture
def case(tmp_path: Path, simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> Case:
    """A run whose CloudWatch is the simulator."""
    return Case(tmp_path, simulator.url, capsys)


def key(at_s: float, name: str) -> str:
    """That of a log of an hour."""
    hour = datetime.fromtimestamp(at_s, UTC).strftime("%Y/%m/%d/%H")
    return f"x/AWSLogs/{ACCOUNT}/BedrockModelInvocationLogs/{EAST}/{hour}/{name}"


def packed(*records: Mapping[str, Any]) -> bytes:
    """A log as S3 has it."""
    return gzip.compress("".join(json.dumps(one) + "\n" for one in records).encode())


def counted(serving: Any) -> dict[str, int]:
    """Region -> calls."""
    return {one["region"]: one["calls"] for one in serving["regions"]}


def test_a_bucket(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only hours of the run are listed; pictures and broken files are a line each, and what is before it counts."""
    records = case.records()
    half = len(records) // 2
    noise = [{"requestId": f"other-{n}", "input": os.urandom(30).hex()} for n in range(200)]
    broken = packed(*records[half:-1], *noise)[:-2000]
    objects = {
        key(case.begin_s, "a.json.gz"): packed(*records[:half]),
        key(case.begin_s, "b.json.gz"): broken,
        key(case.begin_s, "c.json.gz"): b"\x89PNG\r\n\x1a\n" + os.urandom(1000),
        key(case.begin_s, "d.json"): b"\xff\xd8\xff\xe0 a picture",
        key(case.begin_s, "z.json"): json.dumps(records[-1]).encode(),
        key(case.begin_s, "data/e_input.json.gz"): b"a large body",
        key(case.begin_s - 86400, "f.json.gz"): b"of another day",
    }
    with bucket_of(objects, page=2) as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
        code, out, err = case.made("s3://logs/x")
    assert (code, [line[:8] for line in err.splitlines() if "/x/AWSLogs" in line]) == (0, ["--logs: "] * 3)
    names = ["a.json.gz", "b.json.gz", "c.json.gz", "d.json", "z.json"]
    assert [name.rpartition("/")[2] for name in bucket.read] == names
    assert bucket.actions <= {*LOGS_ACTIONS}
    assert f"{case.calls()[WEST]} in {WEST}" in out
    assert counted(case.serving()) == case.calls()


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_a_group(case: Case, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    """Its events of the time of the run, in pages; one that is no JSON is a line. The last page need not be read."""
    at_ms = int(1000 * case.begin_s)
    events = [(at_ms + n, json.dumps(one)) for n, one in enumerate(case.records())]
    events.insert(1, (at_ms, "no record"))
    events.insert(0, (at_ms - 3_600_000, "of another hour"))
    with group_of(events, page) as group:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", group.url)
        code, out, err = case.made(GROUP)
    assert (code, err.count("not JSON")) == (0, 1), err
    assert f"{case.calls()[WEST]} in {WEST}" in out
    assert counted(case.serving()) == case.calls()
    assert group.asked[0]["startTime"] <= at_ms < group.asked[0]["endTime"] < at_ms + 3_600_000
    assert group.actions <= {*LOGS_ACTIONS}


def test_a_group_of_the_simulator(case: Case, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has logs of the calls that it served, by the Regions of their profile: what the docs show works."""
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}).encode()
    for _ in case.rows:
        simulator.request("POST", "/model/us.amazon.nova-lite-v1%3A0/converse", body)
    ids = [call["request_id"] for call in simulator.ended(len(case.rows))]
    with (case.run / "requests.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, case.rows[0])
        writer.writeheader()
        modes = itertools.cycle(("streaming", "non_streaming"))
        writer.writerows(
            {**row, "request_id": id_, "mode": mode} for row, id_, mode in zip(case.rows, ids, modes, strict=False)
        )
    info = json.loads((case.run / "run.json").read_text("utf-8"))
    now = time.time()
    (case.run / "run.json").write_text(json.dumps({**info, "started_at": now - 60, "ended_at": now}), "utf-8")
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", simulator.url)
    code, out, err = case.made("logs:/aws/bedrock/invocations")
    assert (code, "without a log: 0" in out) == (0, True), err
    assert {*counted(case.serving())} <= {"us-east-1", "us-east-2", "us-west-2"}
    assert out.count(" in us-east-1") == 1, "modes are added up"
    code, _, err = case.made("logs:another")
    assert (code, "there is no such log group in us-east-1" in err) == (2, True)


def test_the_policy_is_what_is_called(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each action of it, and no other, for both places together."""
    with bucket_of({key(case.begin_s, "a.json.gz"): packed(*case.records())}) as bucket, group_of([]) as group:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", group.url)
        assert [case.made(place)[0] for place in ("s3://logs", GROUP)] == [0, 0]
    assert bucket.actions | group.actions == {*LOGS_ACTIONS}


@pytest.mark.parametrize("action", LOGS_ACTIONS)
def test_each_action_denied_in_turn(case: Case, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """It is named in one line for each place that needs it, and what CloudWatch says is written all the same."""
    objects = {key(case.begin_s, f"{n}.json.gz"): packed(*case.records()) for n in range(9)}
    denied = ("AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:user/ott is not authorized")
    with bucket_of(objects) as bucket, group_of([]) as group:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", group.url)
        bucket.refused = {action: denied}
        group.refused = ("AccessDeniedException", denied[1]) if action.startswith("logs:") else None
        found = {place: case.made(place) for place in ("s3://logs/x", GROUP)}
    needs = GROUP if action.startswith("logs:") else "s3://logs/x"
    assert {place: code for place, (code, _, _) in found.items()} == {place: 2 * (place == needs) for place in found}
    lines = [line for line in found[needs][2].splitlines() if action in line]
    assert len(lines) == 1
    assert lines[0].startswith("--logs: ")
    assert case.serving() is not None or needs == GROUP
    assert "metrics" in json.loads((case.run / "aws.json").read_text("utf-8"))
    assert len(bucket.read) <= len(objects)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("logs:", "'' names no log group: it must be as logs:/aws/bedrock/invocations"),
        ("logs:a b", "'a b' names no log group"),
        ("logs:/of/another", "logs:/of/another: there is no such log group in us-east-1"),
        ("s3://", "'s3://' names no bucket: it must be as s3://bucket/prefix"),
        ("s3://other/x", "s3://other/x/: there is no such bucket"),
        ("s3://logs/x", "s3://logs/x/: there is no log of that time in it"),
    ],
)
def test_a_place_that_is_none(case: Case, monkeypatch: pytest.MonkeyPatch, place: str, says: str) -> None:
    """One line, and exit code 2."""
    with bucket_of({key(case.begin_s - 86400, "a.json"): b""}) as bucket, group_of([]) as group:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", group.url)
        code, _, err = case.made(place)
    assert (code, len([line for line in err.splitlines() if line.startswith("--logs: ")])) == (2, 1)
    assert f"--logs: {says}" in err


@pytest.mark.long
def test_an_aws_that_nobody_here_wrote(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs in moto's server, in more pages than one: both places say the same."""
    program = Path(__file__).parents[2] / ".venv-clients" / "bin" / "moto_server"
    if not program.exists():
        pytest.skip("moto is not installed: make long")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name in ("S3", "CLOUDWATCH_LOGS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", f"http://127.0.0.1:{port}")
    command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: _listens(port), "moto's server")
            bucket, group = (boto3.client(name, region_name=EAST) for name in ("s3", "logs"))
            bucket.create_bucket(Bucket="logs")
            records = case.records()
            for n in range(0, len(records), 10):
                bucket.put_object(
                    Bucket="logs", Key=key(case.begin_s, f"{n:05}.json.gz"), Body=packed(*records[n : n + 10])
                )
            # moto, as AWS, takes only events of the last days.
            begin_s = datetime.now(UTC).timestamp() - 300
            info = json.loads((case.run / "run.json").read_text("utf-8"))
            group.create_log_group(logGroupName="/aws/bedrock/calls")
            group.create_log_stream(logGroupName="/aws/bedrock/calls", logStreamName="aws/bedrock/modelinvocations")
            assert (case.made("s3://logs/x")[0], counted(case.serving())) == (0, case.calls())
            info.update(started_at=begin_s, ended_at=begin_s + case.end_s - case.begin_s)
            (case.run / "run.json").write_text(json.dumps(info), "utf-8")
            noise = [json.dumps(record(f"other-{n}", WEST)) for n in range(11_000)]
            events = [*noise, *map(json.dumps, records)]
            for n in range(0, len(events), 1000):
                group.put_log_events(
                    logGroupName="/aws/bedrock/calls",
                    logStreamName="aws/bedrock/modelinvocations",
                    logEvents=[{"timestamp": int(1000 * begin_s) + n, "message": one} for one in events[n : n + 1000]],
                )
            (case.run / "aws.json").unlink()
            assert (case.made(GROUP)[0], counted(case.serving())) == (0, case.calls())
            assert case.made("logs:none")[2].count("there is no such log group") == 1
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
