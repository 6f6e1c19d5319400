"""No secret leaves the process that read it."""

from __future__ import annotations

import socket
import threading
import urllib.request
from typing import TYPE_CHECKING

from .running import free_port, until

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
