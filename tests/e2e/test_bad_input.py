"""Each mistake gets one clear line and a non-zero exit code, never a traceback."""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .checks import info, read
from .running import DEADLINE_S, LOCUST, ROOT, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .running import Place, Simulator

STOCK = ROOT / "locustfile.py"
SIMULATED = ("--bedrock-simulator=",)
HOST = ("--host", "http://127.0.0.1:9")
CASES: dict[str, tuple[dict[str, Any] | str | None, tuple[str, ...], str]] = {
    "no-file": (None, (), "config.json: no such file. Copy config.example.json to config.json"),
    "named-file": (None, ("--bedrock-config", "other.json"), "other.json: no such file"),
    "broken-json": ('{"aws": {', (), "config.json: is not valid JSON at line 1, column 10"),
    "wrong-type": ({"test": {"max_tokens": "many"}}, (), 'config.json: test.max_tokens is "many", but must be a whole'),
    "negative": ({"test": {"prompt_size": -5}}, (), "config.json: test.prompt_size is -5, but must be greater than 0"),
    "no-mode": ({"test": {"streaming": False, "non_streaming": False}}, (), "set at least one of them to true"),
    "end-before-start": ({"concurrency": {"start": 9}}, (), "concurrency: end is 3, less than start (9)"),
    "unknown-key": ({"test": {"max_token": 5}}, (), "unknown key test.max_token: did you mean test.max_tokens?"),
    "option": ({}, ("--bedrock-end", "0"), "--bedrock-end (or BEDROCK_END, or the form): concurrency.end is"),
    "no-format": ({"model": {"id": "luma.ray-v2:0", "api": "invoke"}}, HOST, "use api: converse"),
    "placeholder": (
        {"aws": {"access_key_id": "YOUR_AWS_ACCESS_KEY_ID", "secret_access_key": "YOUR_AWS_SECRET_ACCESS_KEY"}},
        (),
        "still the placeholders of the example",
    ),
    "no-profile": ({"aws": {"profile": "nobody"}}, (), "The config profile (nobody) could not be found"),
    "region": ({"aws": {"region": "us-esat-1"}}, (), "unknown region us-esat-1: did you mean us-east-1?"),
    "refused": ({}, HOST, "endpoint http://127.0.0.1:9: no connection (Connection refused): check --host"),
    "both": ({}, (*HOST, "--bedrock-simulator"), "--host and --bedrock-simulator: choose one"),
    "directory": ({"output": {"directory": "config.json/x"}}, ("--bedrock-simulator",), "cannot write there"),
    "report-directory": (
        {"output": {"report_file": "results"}},
        SIMULATED,
        "report_file 'results' is a directory: name",
    ),
    "report-below-file": (
        {},
        (*SIMULATED, "--bedrock-report-file", "config.json/r.md"),
        "config.json is not a directory",
    ),
    "user-class": ({}, ("--bedrock-simulator", "StreamingUser"), "'StreamingUser' is not an option of the simulator"),
    "simulator": ({}, ("--bedrock-simulator=--ttft-ms much",), "--bedrock-simulator: the simulator did not start"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_line(place: Place, case: str) -> None:
    """A mistake is named with its place and its remedy, before anything starts."""
    config, arguments, expected = CASES[case]
    file = place.path / "config.json"
    if isinstance(config, dict):
        place.configure(config)
    elif config is None:
        file.unlink()
    else:
        file.write_text(config)
    code, output = place.run(*arguments)
    assert code != 0
    _check_one_line(place, output, expected)


def _check_one_line(place: Place, output: str, expected: str) -> None:
    """The output has one line of ours, with the text, and nothing has begun."""
    lines = [line for line in output.splitlines() if "bedrock-locust: " in line]
    assert len(lines) == 1, output
    assert expected in lines[0]
    assert "Traceback" not in output, output
    assert not any((place.path / "results").glob("*"))


SETUPS = {
    "report": ('setup(report="reports:nosuch")', "", "setup(report='reports:nosuch'): "),
    "charts": ('setup(charts="reports.chart.live:charts")', "", "__init__.py has no module 'chart'"),
    "hidden": ('setup(report="reports:write")', "def mine(): ...", "reports.py has no 'write'"),
}


@pytest.mark.parametrize("case", SETUPS)
def test_a_function_that_is_not_there(place: Place, case: str) -> None:
    """A mistyped name in setup(), or an own module that hides ours, is found before the load."""
    line, reports, expected = SETUPS[case]
    text = STOCK.read_text()
    start = text.index("setup(report")
    own = place.path / "locustfile.py"
    own.write_text(text[:start] + line + text[text.index("\n", start) :])
    if reports:
        (place.path / "reports.py").write_text(reports + "\n")
    code, output = place.run(*SIMULATED, locustfile=own)
    assert code == 2
    _check_one_line(place, output, expected)


def test_two_locustfiles(place: Place) -> None:
    """Two locustfiles may both set the plugin up, but not in two ways."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    other = "from bedrock_locust import setup\nsetup(report=%r, charts='reports.charts.live:charts')\n"
    both = Path(f"{STOCK},{place.path / 'other.py'}")
    (place.path / "other.py").write_text(other % "reports:write")
    code, output = place.run(*SIMULATED, locustfile=both)
    assert code == 0, output
    (place.path / "other.py").write_text(other % "reports:other")
    code, output = place.run(*SIMULATED, locustfile=both)
    assert code != 0
    assert "call it once, or with the same arguments" in output


@pytest.mark.parametrize("host", ["127.0.0.1", "", "no.such.host.invalid"])
def test_a_web_port_that_cannot_be_had(place: Place, host: str) -> None:
    """In use, or of no address of this machine: one line with the option, and exit code 2."""
    with socket.create_server((host if host == "127.0.0.1" else "", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = place.start(*SIMULATED, "--web-port", port, *(["--web-host", host] if host else []))
        assert process.wait(DEADLINE_S) == 2
    output = place.output(process)
    _check_one_line(place, output, f"--web-port {port}: the web UI cannot listen on ")


@pytest.mark.usefixtures("no_report")
def test_a_host_that_replaces_the_setting(place: Place, simulator: Simulator) -> None:
    """--host takes the place of aws.endpoint_url, and that is said."""
    place.configure({"aws": {"region": "us-east-1", "endpoint_url": "http://127.0.0.1:9"}, "concurrency": {"end": 1}})
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    assert f"--host {simulator.url} takes the place of aws.endpoint_url http://127.0.0.1:9" in output


LIBRARY = """
from locust import User, events
from locust.env import Environment
from bedrock_locust import setup

setup()
environment = Environment(user_classes=[User], events=events)
events.init.fire(environment=environment, runner=environment.create_local_runner(), web_ui=None)
print("it went on")
"""


def test_locust_as_a_library_without_options(place: Place) -> None:
    """One line says what to pass."""
    ended = subprocess.run(
        [sys.executable, "-c", LIBRARY],
        cwd=place.path,
        env=place.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "parsed_options=locust.argument_parser.get_parser().parse_args()" in ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert not ended.stdout


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("more", [(), ("--print-stats",), ("--bedrock-console", "off")], ids=" ".join)
def test_json(place: Place, simulator: Simulator, more: tuple[str, ...]) -> None:
    """With --json, standard output is Locust's JSON and nothing else."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    ended = subprocess.run(
        [LOCUST, "-f", place.locustfile, "--headless", "--json", "--host", simulator.url, *more],
        cwd=place.path,
        env=place.env,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    [entry] = json.loads(ended.stdout)
    assert entry["num_requests"] == len(simulator.calls())
    assert "Report" in ended.stderr


def test_no_credentials(place: Place) -> None:
    """A run without AWS credentials says how to get some."""
    del place.env["AWS_ACCESS_KEY_ID"], place.env["AWS_SECRET_ACCESS_KEY"]
    code, output = place.run()
    assert code == 2
    assert "bedrock-locust: no AWS credentials found: set AWS_PROFILE" in output
    assert "Traceback" not in output, output


def test_no_region(place: Place) -> None:
    """A run without a region says where to set one."""
    place.configure({"aws": {"region": None}})
    code, output = place.run()
    assert code == 2
    assert "bedrock-locust: no AWS region: set aws.region" in output
    assert "Traceback" not in output, output


@pytest.fixture
def nonsense() -> Iterator[str]:
    """The URL of a web server that is not Bedrock."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>It works!</html>")

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("no_charts")
@pytest.mark.parametrize("streaming", [True, False], ids=["streaming", "non-streaming"])
def test_nonsense(place: Place, nonsense: str, streaming: bool) -> None:
    """An endpoint that is not Bedrock fails every call, at a bounded pace, and the run says why."""
    place.configure({"concurrency": {"end": 1}, "test": {"streaming": streaming, "non_streaming": not streaming}})
    code, output = place.run("--host", nonsense)
    assert code == 1
    assert "bedrock-locust: no call succeeded;" in output
    assert "Traceback" not in output, output
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    assert 5 < len(rows) < 60
    assert {row["error"] for row in rows} <= {"NotAnAnswerError", "StreamInterruptedError"}
    assert (run / "report.md").exists()


def test_report_file(place: Place, simulator: Simulator) -> None:
    """A report file that can no longer be written costs the copy, and an exit code, but nothing of the run."""
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False}})
    process = place.start("--headless", "--host", simulator.url, "--bedrock-report-file", "late.md")
    until(place.runs, "run")
    (place.path / "late.md").mkdir()
    assert process.wait(DEADLINE_S) == 1
    output = place.output(process)
    run = place.runs()[0]
    assert "bedrock-locust: report file late.md" in output
    assert str(run.relative_to(place.path)) in output
    assert "Traceback" not in output, output
    assert info(run)["ended"] == "complete"
    assert "# Bedrock load test" in (run / "report.md").read_text()
    assert len(read(run / "requests.csv")) == len(simulator.calls())


def test_simulator_port(simulator: Simulator) -> None:
    """A simulator on a port that is taken says so."""
    port = simulator.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr


def test_config_of_the_master_only(place: Place) -> None:
    """A worker that finds no master and no configuration ends by Locust's rules, without a traceback of ours."""
    (place.path / "config.json").unlink()
    process = place.start("--worker", "--master-port", str(free_port()))
    place.said(process, "Starting Locust")
    process.terminate()
    assert process.wait(20) not in (0, 2), "it was ended, and not by its settings"
    assert "bedrock_locust" not in place.output(process)


def test_credentials_that_cannot_be_had(place: Place) -> None:
    """A credential_process that prints no JSON is one line before the run, and not a traceback for each call."""
    del place.env["AWS_ACCESS_KEY_ID"], place.env["AWS_SECRET_ACCESS_KEY"]
    (place.path / ".aws").mkdir()
    (place.path / ".aws" / "config").write_text("[default]\ncredential_process = echo hello\n")
    code, output = place.run()
    assert code == 2
    assert "bedrock-locust: no AWS credentials: JSONDecodeError" in output
    assert "Traceback" not in output, output
