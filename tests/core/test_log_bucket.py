"""Traces made from logs in S3: what is listed and read, and what is said where that cannot be."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_locust.aws.log_bucket import LogBucket, place_of
from bedrock_locust.workload.traces.invocation_logs import Hours
from bedrock_locust.workload.traces.traced import TraceError
from tests.core.s3_server import bucket_of, objects_of
from tests.core.test_traces import SECRET, START, folder_of, logged, made
from tests.simulator.process import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.core.s3_server import Bucket

DOCS = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")
[POLICY] = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL) if "Statement" in block]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys of AWS, and nothing else of it; one attempt for each call."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "made-up",
        "AWS_SECRET_ACCESS_KEY": "made-up-secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)


def use(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> None:
    """Have boto3 find the bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", bucket.url)


def at_hour(hour: int, *names: str) -> dict[str, bytes]:
    """A log with a call of an hour of the day, and large bodies, by their keys."""
    folder = f"x/AWSLogs/1/BedrockModelInvocationLogs/us-east-1/2026/11/27/{hour:02}"
    line = json.dumps(logged((hour - START.hour) * 3600))
    return {
        f"{folder}/a.json.gz": gzip.compress(line.encode()),
        **{f"{folder}/{name}": b"not a log" for name in ("data/b_input.json.gz", *names)},
    }


@pytest.mark.parametrize("page", [1, 3, 1000])
def test_a_bucket_gives_the_trace_of_its_copy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    """Byte for byte, in pages of any size. Only logs are read, as the policy of the docs has it; one file is made."""
    folder = folder_of(tmp_path / "logs", *(logged(second) for second in range(40)))
    code, copied, _ = made(capsys, folder, "-o", tmp_path / "copied.jsonl.gz")
    assert code == 0
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("TMPDIR", str(here))
    with bucket_of(objects_of(folder), page) as bucket:
        use(monkeypatch, bucket)
        code, out, err = made(capsys, "s3://logs/AWSLogs", "-o", "trace.jsonl.gz")
    assert (code, err) == (0, "")
    assert out.replace("trace.jsonl.gz", "") == copied.replace(str(tmp_path / "copied.jsonl.gz"), "")
    assert Path("trace.jsonl.gz").read_bytes() == (tmp_path / "copied.jsonl.gz").read_bytes()
    assert [path.name for path in here.iterdir()] == ["trace.jsonl.gz"]
    assert [key.rpartition("/")[2] for key in bucket.read] == ["20261127080.json.gz", "20261127081.json.gz"]
    assert bucket.actions == {statement["Action"] for statement in POLICY["Statement"]}


def test_a_part_of_the_time_is_a_part_of_the_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of other hours, and of large bodies, are not listed; one hour on each side is."""
    objects = {name: data for hour in range(3, 20) for name, data in at_hour(hour, "").items()}
    part = ["--from", "2026-11-27T08:00:00Z", "--to", "2026-11-27T09:00:00Z"]
    with bucket_of(objects, page=4) as bucket:
        use(monkeypatch, bucket)
        code, out, err = made(capsys, "s3://logs/x/", *part)
        assert (code, err) == (0, "")
        assert "Calls     1 in " in out
        assert [key.split("/")[-2] for key in bucket.read] == ["07", "08", "09", "10"]
        assert {name.split("/")[-2] for name in bucket.listed if "/27/" in name} - {"27"} == {"07", "08", "09", "10"}
        code, _, err = made(capsys, "s3://logs/x", "--from", "2027-01-01T00:00:00Z")
    assert (code, err.count("\n")) == (2, 1)
    assert "s3://logs/x/: there is no log of that time in it" in err


def test_one_object_and_a_folder_of_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix is a folder, not the beginning of one; a name with an ending of logs is that object."""
    objects = {**at_hour(8), "x2/a.json": b"", "data/y/b.log": b"", "z.jsonl": b""}
    with bucket_of(objects) as bucket:
        use(monkeypatch, bucket)
        for text, expected in (
            ("s3://logs/x", [name for name in at_hour(8) if "/data/" not in name]),
            ("s3://logs/data/y", ["data/y/b.log"]),
            ("s3://logs/z.jsonl", ["z.jsonl"]),
            ("s3://logs", [*sorted(name for name in objects if "data/" not in name)]),
        ):
            assert [log.key for log in LogBucket(place_of(text)).logs(Hours())] == expected


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """An empty one, with pages of three."""
    with bucket_of({}, page=3) as found:
        use(monkeypatch, found)
        yield found


@pytest.fixture
def reader(bucket: Bucket) -> LogBucket:
    """What reads it."""
    assert bucket.url
    return LogBucket(place_of("s3://logs/p"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(st.text(st.characters(codec="utf-8", exclude_characters="/\r\n"), min_size=1), max_size=7))
def test_keys_of_any_characters(bucket: Bucket, reader: LogBucket, names: set[str]) -> None:
    """They are read in the order of keys, whatever is in them."""
    expected = sorted(f"p/{name}.json" for name in names if not name.startswith("amazon-bedrock-logs"))
    bucket.objects = dict.fromkeys(expected, b"{}")
    bucket.read.clear()
    found = reader.logs(Hours())
    if not expected:
        with pytest.raises(TraceError, match="there is no log in it"):
            next(found)
    for log in found:
        with log.open("rb") as file:
            assert file.read() == b"{}"
    assert bucket.read == expected


@given(st.integers(0, 4_000_000_000), st.integers(0, 10_000_000), st.integers(0, 3600), st.floats(0, 1))
def test_no_hour_with_a_call_is_left_out(begin: int, length_s: int, late_s: int, where: float) -> None:
    """Nor one in which such a call is written up to an hour later; nor a folder above it."""
    hours, at = Hours.of(begin, begin + length_s), begin + where * length_s
    parts = datetime.fromtimestamp(at + late_s, UTC).strftime("%Y/%m/%d/%H").split("/")
    for depth in range(5):
        folder = "/".join(["AWSLogs/1/BedrockModelInvocationLogs/eu-west-1", *parts[:depth], ""])
        assert hours.may_be_in(folder)
        assert Hours().may_be_in(folder)
    far = "/".join(
        [
            "BedrockModelInvocationLogs",
            "r",
            *datetime.fromtimestamp(begin - 7201, UTC).strftime("%Y %m %d %H").split(),
            "",
        ]
    )
    assert not hours.may_be_in(far)


DENIED = "User: arn:aws:iam::123456789012:user/ott is not authorized to perform: {} because no policy allows it"


@pytest.mark.parametrize(
    ("action", "answer", "says"),
    [
        (
            "s3:ListBucket",
            ("AccessDenied", "Access Denied"),
            "permission s3:ListBucket on arn:aws:s3:::logs is missing",
        ),
        (
            "s3:GetObject",
            ("AccessDenied", "Access Denied"),
            "permission s3:GetObject on arn:aws:s3:::logs/* is missing",
        ),
        ("s3:GetObject", ("AccessDenied", DENIED.format("kms:Decrypt")), "the permission kms:Decrypt is missing"),
        ("s3:ListBucket", ("ExpiredToken", "The provided token has expired."), "renew them, or name others with"),
        ("s3:GetObject", ("InvalidObjectState", "not valid for the storage class"), "is archived: restore it"),
        ("s3:ListBucket", ("Strange", "something new"), "Strange: something new"),
    ],
)
def test_a_refusal_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, action: str, answer: tuple[str, str], says: str
) -> None:
    """It says what is missing and what to do, and not whose account it is."""
    with bucket_of(at_hour(8)) as bucket:
        use(monkeypatch, bucket)
        bucket.refused[action] = answer
        code, out, err = made(capsys, "s3://logs/x")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("s3://logs/x/")
    assert says in err
    assert "123456789012" not in err


def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such bucket, no log, a name that is none, a trace that is there, an object that breaks off, no server."""
    (tmp_path / "there").write_text("mine")

    def said(*arguments: object) -> str:
        code, out, err = made(capsys, *arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        return err

    with bucket_of({**at_hour(8), "bad/a.json": b"{", "text/a.json.gz": b"not compressed"}) as bucket:
        use(monkeypatch, bucket)
        assert "s3://other/: there is no such bucket: `aws bedrock get-model-invocation" in said("s3://other")
        assert "s3://logs/y/: there is no log in it" in said("s3://logs/y")
        assert "s3://logs/bad/a.json, line 1: not JSON" in said("s3://logs/bad")
        assert "s3://logs/text/a.json.gz cannot be read (Not a gzipped file" in said("s3://logs/text")
        for text in ("s3://", "s3:/logs/x", "s3://a b/x"):
            assert f"{text!r} names no bucket: it must be as s3://bucket/prefix" in said(text)
        asked = len(bucket.listed)
        assert "exists already" in said("s3://logs/x", "-o", tmp_path / "there")
        assert len(bucket.listed) == asked
        bucket.breaks = True
        assert re.search(r"s3://logs/x/\S+a\.json\.gz cannot be read \(\w+", said("s3://logs/x"))
    assert f"{bucket.url.removeprefix('http://')} does not answer" in said("s3://logs/x")


def test_credentials_that_are_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No keys, no keys but an API key of Bedrock, a profile that there is none of, a region that is mistyped."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-eats-1")
    code, _, err = made(capsys, "s3://logs")
    assert (code, err) == (2, "unknown region us-eats-1: did you mean us-east-1?\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    code, _, err = made(capsys, "s3://logs")
    assert (code, err.count("\n")) == (2, 1)
    assert "s3://logs/: no AWS credentials found: set AWS_PROFILE or --bedrock-profile" in err
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-key")
    assert made(capsys, "s3://logs")[2].endswith("; a Bedrock API key does not open S3\n")
    code, _, err = made(capsys, "s3://logs", "--bedrock-profile", "nobody")
    assert (code, err.count("\n")) == (2, 1)
    assert "(nobody) could not be found: name one that" in err
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "nonsense")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "made-up")
    code, _, err = made(capsys, "s3://logs")
    assert (code, err.count("\n")) == (2, 1)
    assert "Invalid endpoint: nonsense: see AWS_ENDPOINT_URL_S3" in err


def test_a_process_that_gives_no_keys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line says what went wrong, and what to look at."""
    (tmp_path / "config").write_text("[profile broken]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    code, out, err = made(capsys, "s3://logs", "--bedrock-profile", "broken")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("no AWS credentials: CredentialRetrievalError: ")
    assert err.endswith(
        ": look at the profile in use (its credential_process, role or SSO login); try: aws sts get-caller-identity\n"
    )


class Kept(LogBucket):
    """A bucket that keeps the stream of each object it has opened."""

    def body(self, key: str) -> Any:
        """The stream."""
        self.opened = super().body(key)
        return self.opened


def test_an_object_that_is_not_read_to_its_end_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection is not left open."""
    with bucket_of({"x/a.json": b"{}" * 100_000}) as bucket:
        use(monkeypatch, bucket)
        place = Kept(place_of("s3://logs/x"))
        [log] = place.logs(Hours.of(None, None))
        with log.open("rb") as file:
            assert file.read(4) == b"{}{}"
            assert not place.opened._raw_stream.closed
        assert place.opened._raw_stream.closed
        assert (str(log), log.suffix) == ("s3://logs/x/a.json", ".json")


@pytest.mark.long
def test_an_s3_that_nobody_here_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """More objects than a page has, in moto's server: the trace of a copy, and a part of its time."""
    program = Path(__file__).parents[2] / ".venv-clients" / "bin" / "moto_server"
    if not program.exists():
        pytest.skip("moto is not installed: make long")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    folder = folder_of(tmp_path / "logs", *(logged(second) for second in range(40)))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: _listens(port), "moto's server")
            client = boto3.client("s3", region_name="us-east-1")
            client.create_bucket(Bucket="prod-logs")
            many = {f"AWSLogs/more/{number:04}.json": b'{"schemaType": "Other"}' for number in range(1100)}
            for name, data in {**objects_of(folder), **many}.items():
                client.put_object(Bucket="prod-logs", Key=name, Body=data)
            assert made(capsys, folder, "-o", tmp_path / "copied.jsonl")[0] == 0
            code, out, err = made(capsys, "s3://prod-logs/AWSLogs", "-o", tmp_path / "trace.jsonl")
            assert (code, err.count("\n")) == (0, 1)
            assert "1,000 objects read, now s3://prod-logs/AWSLogs/more/" in err
            assert "left out: 1,100 of another kind" in out
            assert (tmp_path / "trace.jsonl").read_bytes() == (tmp_path / "copied.jsonl").read_bytes()
            assert SECRET not in (tmp_path / "trace.jsonl").read_text()
            part = ["--from", "2026-11-27T08:30:05Z", "--to", "2026-11-27T08:30:10Z"]
            assert "Calls     5 in " in made(capsys, "s3://prod-logs", *part)[1]
            code, _, err = made(capsys, "s3://no-such-bucket/x")
            assert (code, err.count("\n")) == (2, 1)
            assert "there is no such bucket" in err
        finally:
            server.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
