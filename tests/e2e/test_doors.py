"""Attacks on a running locust: who may start a run, where credentials go, and which files are read."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
import zmq

from .running import QUICK, ROOT, free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .running import Place, Simulator

ANSWERS_WITHIN_S = 20
KINDS = (
    "stats",
    "spawning",
    "spawning_complete",
    "exception",
    "bedrock_rows",
    "logs",
    "heartbeat",
    "user_error",
    "none",
)
"""Types of messages to a master, and one that there is not."""


class Attacker(BaseHTTPRequestHandler):
    """Takes note of what it is sent."""

    taken: list[str]

    def do_POST(self) -> None:
        """Take a call, with its credentials."""
        self.taken.append(str(self.headers))
        self.send_error(400)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def attacker() -> Iterator[tuple[str, list[str]]]:
    """The URL of a server of an attacker, and what it has been sent."""
    taken: list[str] = []
    handler = type("Handler", (Attacker,), {"taken": taken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join(10)
    server.server_close()


class Page:
    """The web UI of a locust, asked as a browser or as curl asks it."""

    def __init__(self, place: Place, *arguments: str, **options: Any) -> None:
        self.port = free_port()
        self.process = place.start("--web-port", str(self.port), *arguments, **options)
        until(lambda: self.ask("GET", "/")[0] == 200 or self.process.poll() is not None, "web UI")

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of an answer; 0 where there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN_S)
        body = urllib.parse.urlencode(form) if form is not None else None
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        try:
            connection.request(method, path, body, {**kind, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionError:
            return 0, ""
        finally:
            connection.close()

    def start(self, **form: str) -> dict[str, Any]:
        """What Locust says to a start by a command such as curl."""
        status, text = self.ask("POST", "/swarm", form)
        assert status == 200, text
        answer: dict[str, Any] = json.loads(text)
        return answer


@pytest.mark.usefixtures("no_report")
def test_another_site_starts_nothing(place: Place, simulator: Simulator, attacker: tuple[str, list[str]]) -> None:
    """A form on a page of another site starts no run, ends none, and gets no credentials; nor does one for curl."""
    url, taken = attacker
    precious = place.path / "precious.txt"
    precious.write_text("precious")
    page = Page(place, "--host", simulator.url)
    form = {"host": url, "bedrock_report_file": str(precious), "bedrock_directory": str(place.path / "elsewhere")}
    for foreign in ({"Origin": url}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        for path in ("/swarm", "/stop", "/stats/reset", "/user", "/login", "/bedrock/plan.json", "/none"):
            status, text = page.ask("POST", path, form, foreign)
            assert status == 403, (path, foreign)
            assert "bedrock-locust: the request comes from a page of" in text
    refused = page.start(**form)
    assert refused["success"] is False
    for name in ("host", "output.directory", "output.report_file"):
        assert f"--bedrock-form-may-set {name}" in refused["message"]
    for path in ("/", "/swarm", "/logs", "/bedrock/", "/stats/requests"):
        for method in ("GET", "POST"):
            status, text = page.ask(method, path, None, {"Host": f"evil.example:{page.port}"})
            assert (status, "--bedrock-allowed-hosts evil.example" in text) == (403, True), path
    time.sleep(1)
    assert not taken
    assert not place.runs()
    assert precious.read_text() == "precious"
    assert not simulator.calls()
    assert page.start(bedrock_end="1", bedrock_duration="0.5", bedrock_non_streaming="false")["success"]
    until(lambda: any((run / "report.md").exists() for run in place.runs()), "report of a run that curl started")


def test_a_form_may_set_what_the_option_names(place: Place, simulator: Simulator) -> None:
    """With --bedrock-form-may-set the form chooses the endpoint and the file, and shows their fields."""
    page = Page(
        place, "--bedrock-form-may-set", "host,output.report_file", "--bedrock-allowed-hosts", "load.example.com"
    )
    status, text = page.ask("GET", "/", None, {"Host": "load.example.com"})
    assert status == 200
    assert '"bedrock_report_file"' in text
    assert '"bedrock_directory"' not in text
    form = {"host": simulator.url, "bedrock_report_file": "mine.md", "bedrock_end": "1", "bedrock_duration": "0.5"}
    assert page.start(**form, bedrock_streaming="false")["success"]
    until((place.path / "mine.md").exists, "report where the form says")
    assert simulator.calls()


def test_the_form_reads_no_file(place: Place, simulator: Simulator) -> None:
    """Nothing in the form names a configuration file: none is looked for, read, or waited for."""
    secret = place.path / "secret.json"
    secret.write_text('{"db_password": "marked-secret"}')
    os.mkfifo(place.path / "fifo")
    page = Page(place, "--host", simulator.url)
    said = []
    for name in ("secret.json", "fifo", "none.json", "/etc/shadow", "/dev/zero", "/etc"):
        for path in ("/swarm", "/bedrock/plan.json"):
            began = time.monotonic()
            said.append(page.ask("POST", path, {"bedrock_config": name})[1].replace(name, ""))
            assert time.monotonic() - began < 5
    assert len(set(said)) == 2, "each of the two pages says the same of all files"
    assert all("bedrock_config is no field of the form" in text for text in said)
    assert not place.runs()


def test_a_start_that_cannot_be_is_refused(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Where nothing listens any more the page says so in place of a start, as often as it is asked, and Ctrl-C ends."""
    simulator = start_simulator(*QUICK)
    page = Page(place, "--host", simulator.url)
    simulator.process.kill()
    simulator.process.wait(10)
    for _ in range(2):
        answer = page.start(user_count="1", spawn_rate="1")
        assert (answer["success"], "no connection" in answer["message"]) == (False, True), answer
    assert not place.runs()
    page.process.send_signal(signal.SIGINT)
    assert page.process.wait(20) == 0
    assert "Traceback" not in place.output(page.process)


@pytest.mark.usefixtures("no_report")
def test_a_start_while_a_run_goes_on_costs_nothing(place: Place, simulator: Simulator) -> None:
    """The call before the load is made once, however often the button is pressed."""
    place.configure({"concurrency": {"end": 1, "duration_seconds": 3}, "test": {"non_streaming": False}})
    page = Page(place, "--host", simulator.url, "--bedrock-preflight", "true")
    page.start()
    until(place.levels, "run")
    for _ in range(3):
        page.start()
    until((place.runs()[0] / "report.md").exists, "report")
    rows = (place.runs()[0] / "requests.csv").read_text().splitlines()
    assert len(simulator.calls()) == len(rows) - 1 + 1, "header and call before the load"


BLOCKED = """
from pathlib import Path
from locust import events

def block(**_):
    Path("results").rmdir()
    Path("results").write_text("no folder")

if Path("block").exists():
    events.test_start.add_listener(block)
"""
"""A locustfile after whose start no folder of results can be made any more."""


@pytest.mark.parametrize("workers", [(), ("--processes", "2")])
@pytest.mark.parametrize("headless", [True, False])
def test_a_start_that_fails_late_makes_no_users(
    place: Place, simulator: Simulator, workers: tuple[str, ...], headless: bool
) -> None:
    """What goes wrong between form and run is one line; no user is made without a run, and one Ctrl-C ends."""
    first = place.path / "first.py"
    first.write_text(BLOCKED)
    (place.path / "block").touch()
    options: Any = {"locustfile": f"{first},{ROOT / 'locustfile.py'}"}
    arguments = ("--host", simulator.url, *workers)
    if headless:
        process = place.start("--headless", "--only-summary", *arguments, **options)
    else:
        page = Page(place, *arguments, **options)
        process = page.process
        if workers:
            place.said(process, "2 workers connected")
        assert page.start(user_count="1", spawn_rate="1")["success"]
        place.said(process, "cannot write there")
        process.send_signal(signal.SIGINT)
    assert process.wait(30) == 2
    output = place.output(process)
    assert output.count("output.directory 'results': cannot write there") == 1, output
    assert "Traceback" not in output
    assert not simulator.calls()


@pytest.mark.parametrize("option", ["--bedrock-allowed-hosts", "--bedrock-form-may-set"])
def test_a_wrong_option_is_one_line(place: Place, simulator: Simulator, option: str) -> None:
    """A value that cannot be is refused before anything starts."""
    code, output = place.run("--host", simulator.url, option, "http://x/y")
    assert (code, output.count("bedrock-locust:"), "Traceback" in output) == (2, 1, False), output
    assert option in output
    assert "'http://x/y'" in output


def test_a_worker_signs_only_for_endpoints_that_it_knows(place: Place, attacker: tuple[str, list[str]]) -> None:
    """A master that names an endpoint of its own gets no signature of a worker, which says so and ends."""
    url, taken = attacker
    place.configure({"output": {"directory": "named-by-the-master"}})
    port = str(free_port())
    place.start("--host", url, "--headless", "--master", "--master-bind-port", port, "--expect-workers", "1")
    place.configure({})
    worker = place.start("--worker", "--master-port", port)
    assert worker.wait(90) == 2, place.output(worker)
    assert f"--bedrock-allow-endpoint {url}" in place.output(worker)
    assert "Traceback" not in place.output(worker)
    assert not taken


@pytest.mark.usefixtures("no_report")
def test_random_bytes_on_the_master_port(place: Place, simulator: Simulator) -> None:
    """Whatever strangers send to the master's port, the run goes on, and is whole."""
    port = free_port()
    place.configure({"concurrency": {"end": 1, "duration_seconds": 6}, "test": {"non_streaming": False}})
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", str(port), "--expect-workers", "1")
    master = place.start("--headless", "--only-summary", *arguments)
    worker = place.start("--worker", "--master-port", str(port))
    until(lambda: place.levels() or master.poll() is not None, "first level")
    messages = [
        *(random.Random(seed).randbytes(40) for seed in range(30)),
        *(b"", b"\xc1", b"\xdd\xff\xff\xff\xff", msgpack.packb(7), msgpack.packb([1, 2, 3, 4, 5])),
        *(msgpack.packb([kind, data, "stranger"]) for kind in KINDS for data in (None, 7, "x", [1], {"a": 1})),
    ]
    dealer: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 5000)
    dealer.setsockopt(zmq.IDENTITY, b"stranger")
    dealer.connect(f"tcp://127.0.0.1:{port}")
    for message in messages:
        dealer.send(message)
    dealer.send_multipart([b"", b"x", b"y"])
    dealer.close()
    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(random.Random(0).randbytes(100_000))
    assert (master.wait(90), worker.wait(30)) == (0, 0), place.output(master)
    assert "Traceback" not in place.output(master)
    assert "not a message of Locust's" in place.output(master)
    assert place.output(master).count("dropped a message to the master's port from 'stranger'") == 1
    assert len(simulator.calls()) == len((place.runs()[0] / "requests.csv").read_text().splitlines()) - 1


@pytest.mark.usefixtures("no_report")
def test_a_worker_that_reports_what_cannot_be(place: Place, simulator: Simulator) -> None:
    """A worker with wrong figures for Locust's tables is sent away in one line, and the run of the others is whole."""
    port = free_port()
    place.configure({"concurrency": {"end": 1, "duration_seconds": 5}, "test": {"non_streaming": False}})
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", str(port), "--expect-workers", "1")
    master = place.start("--headless", "--only-summary", *arguments)
    worker = place.start("--worker", "--master-port", str(port))
    until(lambda: place.levels() or master.poll() is not None, "first level")
    dealer: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 5000)
    dealer.setsockopt(zmq.IDENTITY, b"evil_1")
    dealer.connect(f"tcp://127.0.0.1:{port}")
    wrong = {"stats": [{"name": {}, "method": 1}], "stats_total": {}, "errors": {}, "user_classes_count": {"X": "many"}}
    for kind, data in (("client_ready", -1), ("stats", wrong), ("stats", wrong), ("heartbeat", {"state": [], "x": 1})):
        dealer.send(msgpack.packb([kind, data, "evil_1"]))
    dealer.close()
    assert (master.wait(90), worker.wait(30)) == (0, 0), place.output(master)
    output = place.output(master)
    assert "Traceback" not in output
    assert output.count("worker evil_1 cannot take part: what it reports is wrong:") == 1, output
    rows = (place.runs()[0] / "requests.csv").read_text().splitlines()
    assert len(simulator.calls()) == len(rows) - 1
