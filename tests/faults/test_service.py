"""Faults of the service, and of the way to it."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.exits import ENDED_EARLY
from bedrock_locust.simulator import certificates
from tests.e2e.checks import assert_whole, info, read
from tests.e2e.running import free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.running import Place, Simulator

pytestmark = pytest.mark.usefixtures("no_charts")

QUICK = ("--ttft-ms", "20", "--tpot-ms", "1", "--output-tokens", "10")
TIMEOUT_S = 4
"""No answer that is on its way takes that long, on a machine with other work, too."""
SILENT = ("--stall-seconds", "12")
REFUSALS = {
    "AccessDeniedException": "AccessDeniedError",
    "ExpiredTokenException": "CredentialsError",
    "InternalServerException": "InternalServerError",
    "InvalidSignatureException": "CredentialsError",
    "MissingAuthenticationTokenException": "CredentialsError",
    "RequestTimeoutException": "ConnectionError",
    "ModelErrorException": "ModelError",
    "ModelNotReadyException": "ModelNotReadyError",
    "ModelStreamErrorException": "ModelError",
    "ModelTimeoutException": "ModelTimeoutError",
    "ResourceNotFoundException": "ModelNotFoundError",
    "ServiceQuotaExceededException": "QuotaExceededError",
    "ServiceUnavailableException": "ServiceUnavailableError",
    "ThrottlingException": "ThrottlingError",
    "UnknownOperationException": "UnknownError",
    "UnrecognizedClientException": "CredentialsError",
    "ValidationException": "ValidationError",
}
"""HTTP errors; what each is to the run."""
IN_STREAM = {
    "internalServerException": "InternalServerError",
    "modelStreamErrorException": "ModelError",
    "serviceUnavailableException": "ServiceUnavailableError",
    "throttlingException": "ThrottlingError",
    "validationException": "ValidationError",
    "early-end": "StreamInterruptedError",
    "truncated-frame": "StreamInterruptedError",
    "bad-crc": "StreamInterruptedError",
}
BY_MODE = {
    ("cut", "streaming"): ("ConnectionError", ""),
    ("cut", "non_streaming"): ("ConnectionError", ""),
    ("stall", "streaming"): ("TimeoutError", "stream"),
    ("stall", "non_streaming"): ("TimeoutError", "response"),
    ("slow-headers", "streaming"): ("TimeoutError", "response"),
    ("slow-headers", "non_streaming"): ("TimeoutError", "response"),
    ("nonsense", "streaming"): ("NotAnAnswerError", "stream"),
    ("nonsense", "non_streaming"): ("NotAnAnswerError", "response"),
}
FINE = {"ok", "duplicate-metadata"}
FAULTS = [*REFUSALS, *IN_STREAM, *dict.fromkeys(fault for fault, _ in BY_MODE), "duplicate-metadata"]


def expected(call: dict[str, Any]) -> tuple[str, str, str]:
    """Mode, category and stage of a call in the ledger."""
    mode, outcome = ("streaming" if call["stream"] else "non_streaming"), call["outcome"]
    if outcome in FINE:
        return mode, "", ""
    if outcome in REFUSALS:
        return mode, REFUSALS[outcome], "" if REFUSALS[outcome] == "ConnectionError" else "response"
    if outcome in IN_STREAM:
        return mode, IN_STREAM[outcome], "stream"
    return mode, *BY_MODE[outcome, mode]


def classed(row: dict[str, str]) -> tuple[str, str, str]:
    """Mode, category and stage of a row. What a connection had taken in when it was cut is not in the ledger."""
    stage = "" if row["error"] == "ConnectionError" and row["error_stage"] != "connect" else row["error_stage"]
    return row["mode"], row["error"], stage


def set_faults(simulator: Simulator, faults: dict[str, float]) -> None:
    """Change the faults of a running simulator."""
    body = json.dumps({"faults": faults}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{simulator.url}/_simulator/settings", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=10).close()


def ledger_of(simulator: Simulator, count: int) -> list[dict[str, Any]]:
    """The ledger, once it has that many calls: one that the client gave up ends when the simulator notices."""
    until(lambda: len(simulator.calls()) >= count, f"{count} calls in the ledger", 20)
    return simulator.calls()


def assert_as_in_the_ledger(place: Place, simulator: Simulator, output: str, levels: int) -> set[str]:
    """A run that met faults has ended as planned, and every call is what the ledger says it was: its outcomes."""
    assert "Traceback" not in output, output
    run = place.runs()[-1]
    rows = read(run / "requests.csv")
    ledger = ledger_of(simulator, len(rows))
    assert Counter(map(classed, rows)) == Counter(map(expected, ledger))
    assert {row["request_id"] for row in rows if row["request_id"]} <= {call["request_id"] for call in ledger}
    assert info(run)["ended"] == "complete"
    assert info(run)["rows_written"] == len(rows)
    assert [level["completed"] for level in read(run / "levels.csv")] == ["true"] * levels
    report = (run / "report.md").read_text()
    assert all(category in report for category in {row["error"] for row in rows} - {""})
    return {call["outcome"] for call in ledger}


@pytest.mark.parametrize(
    "rate", [pytest.param(0.01, marks=pytest.mark.long), 0.5, pytest.param(1.0, marks=pytest.mark.long)]
)
def test_all_faults_at_a_rate(place: Place, start_simulator: Callable[..., Simulator], rate: float) -> None:
    """A mixture of everything that can go wrong: the run ends as planned and each call is classed rightly."""
    simulator = start_simulator(*QUICK, *SILENT)
    test = {"timeout_seconds": TIMEOUT_S}
    place.configure({"test": test, "concurrency": {"start": 20, "end": 20, "duration_seconds": 2}})
    set_faults(simulator, {fault: rate / len(FAULTS) for fault in FAULTS})
    code, output = place.run("--host", simulator.url)
    assert code == 1, output
    outcomes = assert_as_in_the_ledger(place, simulator, output, 2)
    assert outcomes - {"ok"}
    if rate >= 0.5:
        assert len(outcomes) > len(FAULTS) * 0.7, "most of them have happened"


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault(place: Place, start_simulator: Callable[..., Simulator], fault: str) -> None:
    """The same for each fault alone: at 1 %, at 50 % and at 100 %, a level each, in both modes."""
    simulator = start_simulator(*QUICK, *SILENT)
    test = {"timeout_seconds": TIMEOUT_S}
    place.configure({"test": test, "concurrency": {"start": 6, "end": 8, "step": 1, "duration_seconds": 1.5}})
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    begun = 0
    while process.poll() is None:
        if (now := sum(len(read(path)) for path in place.levels())) > begun:
            set_faults(simulator, {fault: (0.01, 0.5, 1.0)[(now - 1) % 3]})
            begun = now
        time.sleep(0.05)
    assert assert_as_in_the_ledger(place, simulator, place.output(process), 6) <= {fault, "ok"}
    assert begun == 6


def endpoint(start_simulator: Callable[..., Simulator], port: int) -> Simulator:
    """A simulator on this port."""
    return start_simulator(*QUICK, "--port", str(port))


@pytest.mark.parametrize("away_s", [1.5, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
def test_an_endpoint_that_goes_away_and_comes_back(
    place: Place, start_simulator: Callable[..., Simulator], away_s: float
) -> None:
    """The run goes on, what failed meanwhile is counted, and calls succeed again."""
    port = free_port()
    first = endpoint(start_simulator, port)
    place.configure(
        {"test": {"non_streaming": False}, "concurrency": {"start": 4, "end": 4, "duration_seconds": away_s + 4}}
    )
    process = place.start("--headless", "--only-summary", "--host", first.url)
    until(lambda: len(first.calls()) > 20, "calls")
    before = first.calls()
    first.process.kill()
    first.process.wait(10)
    time.sleep(away_s)
    assert process.poll() is None, "the run has ended"
    second = endpoint(start_simulator, port)
    assert process.wait(60) == 1, place.output(process)
    assert "Traceback" not in place.output(process)
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    ok = {row["request_id"] for row in rows if not row["error"]}
    after = {call["request_id"] for call in second.calls()}
    assert {call["request_id"] for call in before} <= ok
    assert after <= ok
    assert len(after) > 20, "it has recovered"
    failed = [row for row in rows if row["error"]]
    assert {row["error"] for row in failed} == {"ConnectionError"}
    assert 4 <= len(failed) <= 4 * (away_s + 10) / 0.1
    assert info(run)["ended"] == "complete"
    assert "ConnectionError" in (run / "report.md").read_text()


@pytest.mark.long
def test_throttling_so_hard_that_nothing_succeeds(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Failing calls keep to their pace, by the ledger's times; the run ends as planned and says why."""
    simulator = start_simulator(*QUICK, "--fault", "ThrottlingException=1")
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 1, "end": 1, "duration_seconds": 3}})
    code, output = place.run("--host", simulator.url)
    assert code == 1, output
    assert "no call succeeded;" in output
    assert "ThrottlingError" in output
    ledger = simulator.calls()
    arrived = [call["arrived_at_ns"] / 1e9 for call in ledger]
    assert len(arrived) > 10
    # A call that was late itself makes the gap after it shorter.
    assert arrived[-1] - arrived[0] >= 0.1 * (len(arrived) - 1) - 0.1
    rows = read(place.runs()[0] / "requests.csv")
    assert [row["error"] for row in rows] == ["ThrottlingError"] * len(ledger)
    assert info(place.runs()[0])["ended"] == "complete"


CREDENTIALS = """
import datetime, json, pathlib
key, minutes = json.loads(pathlib.Path("credentials.json").read_text())
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
print(json.dumps({
    "Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret-of-" + key, "Expiration": expires.isoformat()
}))
"""
RENEWED_SOON = 15.03
"""botocore renews keys from 15 minutes before their end on."""


def give(place: Place, key: str, minutes: float) -> None:
    """Have the credential process give this key from now on."""
    draft = place.path / "credentials.draft"
    draft.write_text(json.dumps([key, minutes]))
    draft.rename(place.path / "credentials.json")


def renew(place: Place, simulator: Simulator, key: str) -> subprocess.Popen[str]:
    """Run with a key that is to be renewed; the next one is given once calls have been made."""
    give(place, "AKIDFIRST", RENEWED_SOON)
    process = place.start("--headless", "--only-summary", "--host", simulator.url)
    until(lambda: len(simulator.calls()) > 10, "calls")
    give(place, key, 60)
    process.wait(60)
    return process


@pytest.fixture
def refreshing(place: Place) -> Place:
    """A place whose credentials come from a process, with an expiry that botocore renews them for within seconds."""
    del place.env["AWS_ACCESS_KEY_ID"], place.env["AWS_SECRET_ACCESS_KEY"]
    (place.path / "credentials.py").write_text(CREDENTIALS)
    (place.path / ".aws").mkdir()
    process = f"{sys.executable} {place.path / 'credentials.py'}"
    (place.path / ".aws" / "config").write_text(f"[profile renewed]\ncredential_process = {process}\n")
    place.configure(
        {
            "aws": {"profile": "renewed"},
            "test": {"non_streaming": False},
            "concurrency": {"start": 4, "end": 4, "duration_seconds": 5},
            "limits": {"same_failures": 20},
        }
    )
    return place


def test_credentials_that_are_renewed(refreshing: Place, start_simulator: Callable[..., Simulator]) -> None:
    """New keys are asked for in mid-run, and no call fails for it."""
    keys = [f"{key}:secret-of-{key}" for key in ("AKIDFIRST", "AKIDSECOND")]
    simulator = start_simulator(*QUICK, "--access-key", keys[0], "--access-key", keys[1])
    process = renew(refreshing, simulator, "AKIDSECOND")
    output = refreshing.output(process)
    assert process.returncode == 0, output
    assert_whole(refreshing.runs()[0], simulator.calls(), ["streaming-4"])
    assert "secret-of" not in output


@pytest.mark.long
def test_credentials_that_are_no_longer_good(refreshing: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Keys that the service does not know end the run early, by its limit, with their name and what to do."""
    simulator = start_simulator(*QUICK, "--access-key", "AKIDFIRST:secret-of-AKIDFIRST")
    process = renew(refreshing, simulator, "AKIDWRONG")
    output = refreshing.output(process)
    assert process.returncode == ENDED_EARLY, output
    assert re.search(r"limits.same_failures reached: \d+ failures in a row with CredentialsError \(Unrec", output)
    assert "Traceback" not in output
    run = refreshing.runs()[0]
    rows = read(run / "requests.csv")
    assert {row["error"] for row in rows} - {"Cancelled"} == {"", "CredentialsError"}
    assert (info(run)["ended"], info(run)["limit"]) == ("interrupted", "limits.same_failures")
    assert "aws sts get-caller-identity" in (run / "report.md").read_text()


def test_a_name_that_can_not_be_found(place: Place) -> None:
    """Before the run it is one line, and no run."""
    code, output = place.run("--host", "http://nohost.invalid:8080")
    assert code == 2, output
    (line,) = [line for line in output.splitlines() if line.startswith("bedrock-locust: ")]
    assert "endpoint http://nohost.invalid:8080: no connection (" in line
    assert not place.runs()


OWN_NAMES = """
set -e
mount --bind hosts /etc/hosts
mount --bind resolv.conf /etc/resolv.conf
exec "$@"
"""
"""A process that sees other files than this machine, in which names are looked up; nobody answers for other names."""


@pytest.mark.long
@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["local", "processes"])
def test_a_name_that_is_no_longer_found(place: Place, simulator: Simulator, more: tuple[str, ...]) -> None:
    """In mid-run, for all processes: connections that are there go on, new ones fail by name, the run ends whole."""
    hosts = place.path / "hosts"
    hosts.write_text("127.0.0.1 localhost bedrock.test\n")
    (place.path / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    (place.path / "own-names").write_text(OWN_NAMES)
    shell = ("unshare", "--mount", "sh", "own-names")
    done = subprocess.run([*shell, "true"], cwd=place.path, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a name space of mounts is not permitted here: {done.stderr.strip()}")
    place.configure(
        {"test": {"non_streaming": False}, "concurrency": {"start": 2, "end": 4, "step": 2, "duration_seconds": 3}}
    )
    url = simulator.url.replace("127.0.0.1", "bedrock.test")
    process = place.start("--headless", "--only-summary", "--host", url, *more, within=shell)
    until(lambda: len(simulator.calls()) > 20, "calls")
    hosts.write_text("127.0.0.1 localhost\n")
    assert process.wait(90) == 1, place.output(process)
    assert "Traceback" not in place.output(process), place.output(process)
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    failed = [row for row in rows if row["error"]]
    assert {(row["error"], row["error_stage"]) for row in failed} == {("ConnectionError", "connect")}
    assert all("bedrock.test" in row["error_message"] for row in failed), failed[0]["error_message"]
    assert {row["level"] for row in failed} == {"streaming-4"}
    assert any(row["level"] == "streaming-4" and not row["error"] for row in rows)
    assert len(rows) - len(failed) == len(simulator.calls())
    assert info(run)["ended"] == "complete"


@pytest.mark.long
def test_a_name_that_workers_can_not_find(place: Place) -> None:
    """A master does not ask for the endpoint; its workers find out, at a bounded pace, and the run says it."""
    place.configure({"test": {"non_streaming": False}, "concurrency": {"start": 2, "end": 2, "duration_seconds": 2}})
    code, output = place.run("--host", "http://nohost.invalid:8080", "--processes", "1")
    assert code == 1, output
    assert "no call succeeded;" in output
    assert "ConnectionError" in output
    assert "Traceback" not in output
    rows = read(place.runs()[0] / "requests.csv")
    assert {(row["error"], row["error_stage"]) for row in rows} == {("ConnectionError", "connect")}
    assert 2 < len(rows) < 2 * 15 / 0.1
    assert info(place.runs()[0])["ended"] == "complete"


def test_a_certificate_that_is_not_trusted(
    place: Place, start_simulator: Callable[..., Simulator], tmp_path: Path
) -> None:
    """One line before the run says what is wrong with it, and what to do."""
    simulator = start_simulator(*QUICK, "--tls-self-made", str(tmp_path / "certificate.pem"))
    assert "self-signed certificate" in refused(place, simulator.url)


def test_a_certificate_of_another_host(place: Place, start_simulator: Callable[..., Simulator], tmp_path: Path) -> None:
    """A certificate that is trusted, but not for this host, is refused as well."""
    pair = certificates.make("127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    options = ("--host", "127.0.0.2", "--tls-certificate", str(certificate), "--tls-key", str(key))
    place.env["AWS_CA_BUNDLE"] = str(certificate)
    assert "IP address mismatch" in refused(place, start_simulator(*QUICK, *options).url)


def refused(place: Place, url: str) -> str:
    """The one line that refuses the certificate of this endpoint; there is no run."""
    code, output = place.run("--host", url)
    assert code == 2, output
    (line,) = [line for line in output.splitlines() if line.startswith("bedrock-locust: ")]
    assert "its TLS certificate is not trusted (" in line
    assert "AWS_CA_BUNDLE" in line
    assert not place.runs()
    return line


@pytest.mark.long
def test_a_certificate_that_workers_do_not_trust(
    place: Place, start_simulator: Callable[..., Simulator], tmp_path: Path
) -> None:
    """A master does not ask for it; its workers make no call without it, and the run ends early by its limit."""
    simulator = start_simulator(*QUICK, "--tls-self-made", str(tmp_path / "certificate.pem"))
    place.configure({"test": {"non_streaming": False}, "limits": {"same_failures": 10}})
    code, output = place.run("--host", simulator.url, "--processes", "1")
    assert code == ENDED_EARLY, output
    assert re.search(r"same_failures reached: \d+ failures in a row with ConnectionError \(SSLError\)", output)
    assert "Traceback" not in output
    rows = read(place.runs()[0] / "requests.csv")
    assert {row["error_code"] for row in rows} - {""} == {"SSLError"}
    trusting = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
    with urllib.request.urlopen(f"{simulator.url}/_simulator/stats", timeout=10, context=trusting) as answer:
        assert json.load(answer)["calls"] == 0
