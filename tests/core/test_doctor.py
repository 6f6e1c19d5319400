"""The doctor: what it finds, with each thing broken in turn."""

from __future__ import annotations

import subprocess
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.doctor import examine
from bedrock_locust.commands import main
from bedrock_locust.settings.schema import Settings

from .raw_server import response, serving

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tests.simulator.process import Simulator

pytestmark = pytest.mark.usefixtures("made_up_keys")

MODEL = "us.anthropic.claude-haiku-5-5"
CHECKS = ["open files", "credentials", "region", "endpoint", "clock", "model", "streaming", "quotas"]


def found(url: str, control: str | None = None, **sections: Any) -> dict[str, tuple[str, str]]:
    """What is found with these settings: by what was checked, state and words."""
    aws = {"region": "us-east-1", "endpoint_url": url, "control_endpoint_url": control, **sections.pop("aws", {})}
    settings = Settings.model_validate({"model": {"id": MODEL}, "aws": aws, **sections})
    return {finding.what: (finding.state, finding.said) for finding in examine(settings)}


def test_all_is_well(simulator: Simulator) -> None:
    """Each check says what it saw."""
    simulator.set(tokens_per_minute=1000)
    findings = found(simulator.url, simulator.url)
    assert list(findings) == CHECKS
    assert {state for state, _ in findings.values()} == {"ok"}
    assert findings["credentials"][1] == "arn:aws:iam::123456789012:user/simulator (from environment variables)"
    assert findings["quotas"][1] == "1,000 tokens per minute"
    assert "first token after" in findings["streaming"][1]


@pytest.mark.parametrize(
    ("broken", "what", "state", "words"),
    [
        ({"denied": ["bedrock:InvokeModel"]}, "model", "FAIL", "AccessDeniedError"),
        ({"denied": ["bedrock:InvokeModelWithResponseStream"]}, "streaming", "FAIL", "AccessDeniedError"),
        (
            {"denied": ["servicequotas:*"]},
            "quotas",
            "note",
            "servicequotas:ListServiceQuotas is missing",
        ),
        ({"denied": ["sts:GetCallerIdentity"]}, "credentials", "note", "sts:GetCallerIdentity is missing"),
        ({"denied": ["bedrock:GetFoundationModel"]}, "quotas", "note", "has no quota that is called like"),
        ({"legacy": True}, "lifecycle", "note", "it will be gone on"),
        ({"denied": ["bedrock:GetFoundationModel"]}, "lifecycle", "note", "and whether it streams: the permission"),
        ({"no_streaming": True}, "streaming", "note", "does not stream, so calls that stream will fail: set"),
        ({"faults": {"ExpiredTokenException": 1}}, "model", "FAIL", "CredentialsError"),
        ({"faults": {"InvalidSignatureException": 1}}, "streaming", "FAIL", "CredentialsError"),
        ({"faults": {"cut": 1}}, "streaming", "FAIL", "Error"),
    ],
)
def test_a_service_that_refuses(
    simulator: Simulator, broken: dict[str, Any], what: str, state: str, words: str
) -> None:
    """The check that meets it says why, with what to do; nothing else is worse for it."""
    simulator.set(**broken)
    findings = found(simulator.url, simulator.url, test={"timeout_seconds": 5})
    assert findings[what][0] == state
    assert words in findings[what][1]
    assert {findings[name][0] for name in ("region", "endpoint", "clock", "open files")} == {"ok"}


def test_a_call_that_is_throttled(simulator: Simulator) -> None:
    """The model is there and may be called: no failure, unless the quota of the account is 0."""
    simulator.set(faults={"ThrottlingException": 1}, tokens_per_minute=1000)
    findings = found(simulator.url, simulator.url)
    for what in ("model", "streaming"):
        state, said = findings[what]
        assert state == "note"
        assert said.startswith(f"{MODEL}: throttled (ThrottlingException: ")
        assert "The model is there and may be called, but its quota is used up now" in said
    assert {state for state, _ in findings.values()} == {"ok", "note"}
    simulator.set(more_quotas={"Cross-region model inference tokens per minute for Anthropic Claude Haiku 5.5": 0})
    state, said = found(simulator.url, simulator.url)["quotas"]
    assert (state, "so each call will be throttled: ask for more" in said) == ("FAIL", True)


def test_a_model_that_is_not_there(simulator: Simulator) -> None:
    """The id is named, and what to do."""
    findings = found(simulator.url, model={"id": "us.anthropic.does-not-exist"})
    state, said = findings["model"]
    assert state == "FAIL"
    assert said.startswith("us.anthropic.does-not-exist: ModelNotFoundError") or "identifier is invalid" in said
    assert findings["credentials"][1].startswith("found (from environment variables); who that is was not asked")


def test_nobody_to_sign(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials nothing is called."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    findings = found(simulator.url)
    assert list(findings) == ["open files", "credentials"]
    assert findings["credentials"][0] == "FAIL"
    assert "no AWS credentials found" in findings["credentials"][1]


def test_a_region_that_is_none() -> None:
    """It says which one is meant."""
    findings = found("", aws={"region": "us-esat-1", "endpoint_url": None})
    assert findings["region"] == ("FAIL", "unknown region us-esat-1: did you mean us-east-1?")


@pytest.mark.parametrize("region", ["mars-1", "eu-west-9"])
def test_a_region_that_boto3_does_not_know(simulator: Simulator, region: str) -> None:
    """A note where calls go to an endpoint of the user's own, with similar names; the rest is checked all the same."""
    findings = found(simulator.url, simulator.url, aws={"region": region})
    state, said = findings["region"]
    assert state == "note"
    assert said.startswith(f"{region} is no region that this boto3 knows.")
    assert len(said.rpartition("similar names are ")[2].split(", ")) == 3
    assert findings["model"][0] == "ok"


def test_an_endpoint_that_is_not_there(simulator: Simulator) -> None:
    """No connection, and no TLS where there should be; then no call is made."""
    findings = found("http://127.0.0.1:9")
    assert findings["endpoint"][0] == "FAIL"
    assert "no connection (Connection refused)" in findings["endpoint"][1]
    assert "model" not in findings
    findings = found(simulator.url.replace("http:", "https:"))
    assert findings["endpoint"][0] == "FAIL"
    assert "no TLS there" in findings["endpoint"][1]


@pytest.mark.parametrize(
    ("off_s", "state", "words"),
    [(-900, "FAIL", "900 s ahead of the service's: AWS refuses"), (120, "note", "s behind"), (None, "note", "not say")],
)
def test_a_clock_that_is_wrong(off_s: float | None, state: str, words: str) -> None:
    """By the date of the service's answers."""

    def answer(peer: socket.socket, head: Any) -> None:
        date = b"" if off_s is None else f"Date: {formatdate(time.time() + off_s, usegmt=True)}\r\n".encode()
        content = response(b"{}")
        line, rest = content.split(b"\r\n", 1)
        peer.sendall(line + b"\r\n" + date + rest)

    with serving(answer) as server:
        found_state, said = found(server.url, test={"timeout_seconds": 2, "streaming": False})["clock"]
    assert found_state == state
    assert words in said.replace("899", "900").replace("901", "900")


def test_counts_agree_with_their_nouns(simulator: Simulator) -> None:
    """One call in the largest level, and answers of one token or of none that is known."""
    simulator.set(output_tokens=1)
    findings = found(simulator.url, concurrency={"start": 1, "end": 1, "step": 1})
    assert findings["open files"] == ("ok", "enough for 1 call")
    assert findings["model"][1].endswith(", 1 output token")


def test_too_few_open_files(simulator: Simulator) -> None:
    """As many as the largest level has calls are needed."""
    findings = found(simulator.url, concurrency={"start": 100_000, "end": 100_000})
    assert findings["open files"][0] in {"FAIL", "ok"}
    if findings["open files"][0] == "FAIL":
        assert "open files, but the limit is" in findings["open files"][1]


def test_a_reader_that_leaves(simulator: Simulator, tmp_path: Path) -> None:
    """As `head` does: no traceback."""
    file = tmp_path / "c.json"
    file.write_text(f'{{"model": {{"id": "{MODEL}"}}, "aws": {{"region": "us-east-1"}}}}', encoding="utf-8")
    command = [sys.executable, "-m", "bedrock_locust", "doctor", str(file), "--host", simulator.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("ok ")
        process.stdout.close()
        assert process.stderr
        assert (process.stderr.read(), process.wait(100)) == ("", 141)


def test_the_command(simulator: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each check, and an exit code that says whether a run could begin."""
    file = tmp_path / "c.json"
    file.write_text(f'{{"model": {{"id": "{MODEL}"}}, "aws": {{"region": "us-east-1"}}}}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bedrock_locust", "doctor", str(file), "--host", simulator.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\n\nA run can begin.\n")
    assert main(["doctor", str(file), "--host", "http://127.0.0.1:9"]) == 1
    assert "1 of these would keep a run from working." in capsys.readouterr().out
    assert main(["doctor", str(tmp_path / "none.json")]) == 2
    assert "no such file" in capsys.readouterr().err
