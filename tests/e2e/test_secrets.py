"""No secret leaves the process that read it."""

from __future__ import annotations

import base64
import json
import re
import shutil
import socket
import stat
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .running import QUICK, ROOT, free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator

API_KEY = "ABSKmarkedApiKey0123456789/marked+of=="
"""A Bedrock API key."""
FILE_KEYS = {
    "access_key_id": "AKIAMARKEDKEYMARKED1",
    "secret_access_key": "marked/secret+5f3a/of-the-file",
    "session_token": "marked-token-9c2e/of+the-file==",
}
WITNESS = """
import json, os
from pathlib import Path

command = Path("/proc/self/cmdline").read_bytes().decode()
if "locustfile.py" not in command:
    (Path({folder!r}) / str(os.getpid())).write_text(command + json.dumps(dict(os.environ)))
"""
"""Runs at the start of every Python process, and leaves what its environment is; but for those of locust's own."""


class Tap(threading.Thread):
    """A TCP relay in front of a port that keeps what passes."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.seen = bytearray()
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]

    def run(self) -> None:
        """Relay until the process ends."""
        while True:
            inside = self._server.accept()[0]
            outside = socket.create_connection(("127.0.0.1", self._target))
            for source, sink in ((inside, outside), (outside, inside)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self.seen += data
                sink.sendall(data)
        except OSError:
            pass
        finally:
            sink.close()


def forms(secret: str) -> set[str]:
    """A secret as it is, and in the encodings in which a request or a message may have it."""
    return {
        *(secret, urllib.parse.quote(secret), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1]),
        *(base64.b64encode(secret.encode()).decode(), urllib.parse.quote(secret, safe="").lower()),
    }


def no_script_is_kept(place: Place, cache: Path) -> None:
    """Have the page make the script of its charts, which another process may have kept; that of reports may stay."""
    for kept in (Path(place.env["XDG_CACHE_HOME"]) / "bedrock-locust").glob("vega-[0-9]*.js"):
        (cache / "bedrock-locust").mkdir(exist_ok=True)
        shutil.copy(kept, cache / "bedrock-locust")
    place.env["XDG_CACHE_HOME"] = str(cache)


def witnesses(place: Place) -> Path:
    """Have each child leave its environment in a folder."""
    folder = place.path / "witnesses"
    folder.mkdir()
    (place.path / "site").mkdir()
    (place.path / "site" / "sitecustomize.py").write_text(WITNESS.format(folder=str(folder)))
    place.env["PYTHONPATH"] = str(place.path / "site")
    return folder


def _wait_for_reports(place: Place, runs: int) -> None:
    until(lambda: sum((run / "report.html").exists() for run in place.runs()) == runs, f"{runs} reports")


def everything_of(place: Place, web: int, master: Any, tap: Tap, *, runs: int) -> dict[str, str]:
    """All that a reader of page, files, logs, children and network can see, after runs from the page."""
    base = f"http://127.0.0.1:{web}/"

    def get(route: str, form: bytes | None = None) -> str:
        with urllib.request.urlopen(base + route, form, timeout=60) as answer:
            text: str = answer.read().decode(errors="replace")
            return text

    texts = {}
    for number in range(1, runs + 1):
        texts[f"start {number}"] = get("swarm", b"user_count=1&spawn_rate=1")
        _wait_for_reports(place, number)
        until(lambda: '"ended_at":null' not in get("bedrock/state.json").replace(" ", ""), "end of the run")
    names = [run.name for run in place.runs()]
    of_runs = [f"bedrock/runs/{name}/{part}" for name in names for part in PARTS_OF_A_RUN]
    texts |= {route: get(route) for route in (*ROUTES, "bedrock/vega.js", "bedrock/state.json", *of_runs)}
    compared = "&".join(f"run={name}" for name in names).encode()
    texts["compare"] = get("bedrock/compare", compared)
    master.terminate()
    for process in place.started:
        process.wait(60)
    skipped = {"config.json", "certificate.pem"}
    files = [path for path in place.path.rglob("*") if path.is_file() and path.name not in skipped]
    texts |= {str(path.relative_to(place.path)): path.read_text(errors="replace") for path in files}
    return {**texts, "messages": tap.seen.decode("latin-1")}


KINDS = {
    "keys of a file": ({}, {}),
    "keys of the environment": ({}, {"HTTPS_PROXY": "http://somebody:marked-password-4c4c@127.0.0.1:9"}),
    "api key": ({}, {"AWS_BEARER_TOKEN_BEDROCK": API_KEY}),
    "proxy": (
        {"endpoint_url": "https://nowhere.example.com"},
        {"HTTPS_PROXY": "http://somebody:marked-password-4c4c@127.0.0.1:9", "NO_PROXY": "127.0.0.1"},
    ),
}
"""Where the secrets are -> changes to the section `aws` and to the environment."""


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_leaves(
    place: Place, start_simulator: Callable[..., Simulator], tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """No key, token, API key or password of a proxy is in a file, log, route, child or message of master and worker.

    All of them log at DEBUG, where botocore logs whole requests.
    """
    aws, environ = KINDS[kind]
    certificate = place.path / "certificate.pem"
    tls = ("--tls-self-made", str(certificate)) if kind == "api key" else ()
    simulator = start_simulator(*QUICK, *tls)
    place.env |= environ | ({"AWS_CA_BUNDLE": str(certificate)} if tls else {})
    secrets = [API_KEY] if kind == "api key" else ["marked-password-4c4c", "somebody:marked-password-4c4c"]
    if kind == "keys of a file":
        aws, secrets = FILE_KEYS, list(FILE_KEYS.values())
    elif kind != "api key":
        place.env |= MARKED | environ
        secrets += [MARKED["AWS_SECRET_ACCESS_KEY"], MARKED["AWS_SESSION_TOKEN"], MARKED["AWS_ACCESS_KEY_ID"]]
    place.configure(
        {
            "aws": {"region": "us-east-1", **aws},
            "concurrency": {"end": 1, "duration_seconds": 1},
            "test": {"non_streaming": False, "preflight": False, "timeout_seconds": 5},
        }
    )
    no_script_is_kept(place, tmp_path_factory.mktemp("cache"))
    folder = witnesses(place)
    web, master_port = free_port(), free_port()
    tap = Tap(master_port)
    tap.start()
    host = () if "endpoint_url" in aws else ("--host", simulator.url)
    debug = ("--loglevel", "DEBUG", "--logfile")
    master = place.start(
        *(*host, "--master", "--master-bind-port", str(master_port), "--web-port", str(web), *debug, "master.log")
    )
    until(lambda: listens(web), "page")
    place.env["BEDROCK_ALLOW_ENDPOINT"] = f"{simulator.url},https://nowhere.example.com"
    worker = place.start("--worker", "--master-port", str(tap.port), *debug, "worker.log")
    until(lambda: "workers connected" in (place.path / "master.log").read_text() or worker.poll() is not None, "worker")
    texts = everything_of(place, web, master, tap, runs=1 + (kind == "keys of the environment"))

    rows = (place.runs()[0] / "requests.csv").read_text().splitlines()
    assert len(rows) > 1, "calls were made"
    assert bool(simulator.calls()) is bool(host) if not tls else True, "by the worker, of the simulator"
    assert "bedrock_run" in texts["messages"], "the settings went through the tap"
    assert "botocore" in texts["worker.log"], "requests were logged"
    commands = " ".join(path.read_text() for path in folder.iterdir())
    children = ("report_child", "vl_convert", *(["compare"] if len(place.runs()) > 1 else []))
    assert all(child in commands for child in children), "the children were seen"
    found = {name for name, text in texts.items() for secret in secrets for form in forms(secret) if form in text}
    assert not found
    assert not [
        name for name, text in texts.items() if re.search(r"[Mm]arked[-/+%]?(?:secret|token|password|Api)", text)
    ]
    shared = [path for run in place.runs() for path in run.rglob("*") if path.is_file()]
    umask = 0o022
    assert {stat.S_IMODE(path.stat().st_mode) for path in shared} == {0o666 & ~umask}, "people share results"


MARKED = {
    "AWS_ACCESS_KEY_ID": "AKIAMARKEDKEYMARKED2",
    "AWS_SECRET_ACCESS_KEY": "marked/secret+7b1d/of-the-environment",
    "AWS_SESSION_TOKEN": "marked-token-2f8e/of+the-environment==",
    "HTTPS_PROXY": "http://somebody:marked-password-4c4c@127.0.0.1:9",
}
PARTS = ("AKIAMARKED", "marked/secret", "marked%2Fsecret", "marked-token", "marked-password")
REPORT = """
import json, os

def write(folder, copy):
    (folder / "environment.json").write_text(json.dumps(dict(os.environ)))
    (folder / "report.md").write_text("# Report")
    return folder / "report.md"
"""
ROUTES = (
    *("", "logs", "stats/requests", "stats/report", "stats/requests/csv", "stats/failures/csv", "exceptions", "tasks"),
    *("exceptions/csv", "worker-count", "bedrock/", "bedrock/live.json", "bedrock/charts.json"),
)


PARTS_OF_A_RUN = ("", "report.md", "report.html", "requests.csv", "run.zip")


def listens(port: int) -> bool:
    """Whether anybody accepts connections on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("transport", ["measured", "botocore"])
def test_no_secret_is_logged(place: Place, simulator: Simulator, transport: str) -> None:
    """At DEBUG, too, where botocore logs whole requests, no log, route, file or child has a secret of the environment.

    All of it is printed where the plugin is not asked to keep it.
    """
    place.env |= MARKED
    place.configure({"concurrency": {"end": 1}, "test": {"non_streaming": False, "transport": transport}})
    (place.path / "own_report.py").write_text(REPORT)
    locustfile = place.path / "locustfile.py"
    locustfile.write_text((ROOT / "locustfile.py").read_text().replace("reports:write", "own_report:write"))
    web = free_port()
    process = place.start(
        *("--host", simulator.url, "--web-port", str(web), "--loglevel", "DEBUG", "--logfile", "all.log"),
        locustfile=locustfile,
    )
    until(lambda: listens(web), "page")
    urllib.request.urlopen(f"http://127.0.0.1:{web}/swarm", b"x=1", timeout=30).close()
    until(lambda: any((run / "report.md").exists() for run in place.runs()), "report")
    texts = {}
    for route in ROUTES:
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/{route}", timeout=60) as answer:
            texts[route] = answer.read().decode()
    process.terminate()
    process.wait(30)
    log = (place.path / "all.log").read_text()
    assert "X-Amz-Security-Token" in log, "requests were logged"
    assert "X-Amz-Security-Token" in texts["logs"], "and are shown on the page"
    files = [path for path in place.path.rglob("*") if path.is_file()]
    texts |= {str(path): path.read_text(errors="replace") for path in files}
    assert not [(name, part) for name, text in texts.items() for part in PARTS if part in text]
