"""No secret leaves the process that read it."""

from __future__ import annotations

import socket
import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest

from .running import ROOT, free_port, until

if TYPE_CHECKING:
    from .running import Place, Simulator

KEY = "AKIAMARKEDKEYMARKED1"
SECRET = "marked-secret-5f3a"
TOKEN = "marked-token-9c2e"


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


def test_no_secret_leaves(place: Place, simulator: Simulator) -> None:
    """Keys of the master's file are in no file of the run, no output, no page and no message to a worker."""
    keys = {"access_key_id": KEY, "secret_access_key": SECRET, "session_token": TOKEN}
    place.configure(
        {"aws": keys | {"region": "us-east-1"}, "concurrency": {"end": 1}, "test": {"non_streaming": False}}
    )
    web, master_port = free_port(), free_port()
    tap = Tap(master_port)
    tap.start()
    master = place.start(
        *("--host", simulator.url, "--master", "--master-bind-port", str(master_port), "--web-port", str(web))
    )
    place.said(master, "Starting web interface")
    worker = place.start("--worker", "--master-port", str(tap.port))
    place.said(master, "workers connected")
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=10) as answer:
        page = answer.read().decode()
    urllib.request.urlopen(f"http://127.0.0.1:{web}/swarm", b"x=1", timeout=10).close()
    until(lambda: any((run / "report.md").exists() for run in place.runs()), "report")
    master.terminate()
    master.wait(30)
    worker.wait(30)

    assert simulator.calls(), "the keys were used"
    assert b"bedrock_run" in tap.seen, "the settings went through the tap"
    texts = {"page": page, "messages": tap.seen.decode("latin-1")}
    texts |= {f"output {n}": place.output(process) for n, process in enumerate(place.started)}
    texts |= {str(path): path.read_text() for path in place.runs()[0].rglob("*") if path.is_file()}
    texts["copy"] = (place.path / "benchmark_report.md").read_text()
    found = [name for name, text in texts.items() for secret in (KEY, SECRET, TOKEN) if secret in text]
    assert not found, f"secrets in {found}"


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
