"""A simulator in a process of its own, for tests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEADLINE_S = 20.0
NONE: Mapping[str, str] = {}
"""No headers beyond the usual ones."""
READY = "bedrock-locust simulator listening on "


def error_of(headers: dict[str, str]) -> str:
    """The name of an error in the headers of an answer, without what the service puts after it."""
    name, colon, rest = headers["x-amzn-errortype"].partition(":")
    assert (colon, rest) == (":", "http://internal.amazon.com/coral/com.amazon.bedrock/")
    return name


def start(*options: str) -> subprocess.Popen[str]:
    """Start the command; its output comes through pipes."""
    return _popen(options, subprocess.PIPE, subprocess.PIPE)


def _popen(options: tuple[str, ...], out: IO[str] | int, err: IO[str] | int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bedrock_locust.simulator", *options],
        stdout=out,
        stderr=err,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def _read(file: IO[str]) -> str:
    """All that a process has written into a file so far."""
    return os.pread(file.fileno(), 1 << 20, 0).decode()


def wait_for(happened: Callable[[], bool], what: str) -> None:
    """Wait until this is so, or fail at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {DEADLINE_S:g} s: {what}")
        time.sleep(0.01)


class Simulator:
    """A running simulator."""

    def __init__(self, *options: str, trust: str = "") -> None:
        """Start it; in TLS, `trust` is the file of its certificate."""
        self._trust = trust
        self._ready = 0
        # Files, not pipes: the end of a pipe is seen only once every process has closed it.
        self._out, self._err = (tempfile.TemporaryFile("w+") for _ in range(2))  # noqa: SIM115 - closed by stop
        self.process = _popen(("--port", "0", "--exit-with-parent", *options), self._out, self._err)
        wait_for(lambda: _read(self._out).endswith("\n") or self.process.poll() is not None, "the simulator is ready")
        line = _read(self._out).partition("\n")[0]
        if not line.startswith(READY):
            self.process.kill()
            raise RuntimeError(f"not ready: {line!r} {self.stop()}")
        self._ready = len(line) + 1
        self.url = line.removeprefix(READY).strip()
        self.port = urlsplit(self.url).port or 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """End it with a signal: its exit code and what else it wrote."""
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        said = self.said, _read(self._err)
        self._out.close()
        self._err.close()
        return code, *said

    @property
    def said(self) -> str:
        """What it has written to stdout after its first line."""
        return _read(self._out)[self._ready :]

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = NONE
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers with small letters, and body of one HTTP exchange."""
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def connection(self) -> http.client.HTTPConnection:
        """A new connection to it."""
        if not self._trust:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        context = ssl.create_default_context(cafile=self._trust)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=DEADLINE_S, context=context)

    def set(self, **settings: Any) -> None:
        """Change its behaviour."""
        status, _, body = self.request("POST", "/_simulator/settings", json.dumps(settings).encode())
        assert status == 200, body

    def calls(self) -> list[dict[str, Any]]:
        """The ledger."""
        return [json.loads(line) for line in self.request("GET", "/_simulator/calls")[2].splitlines()]

    def ended(self, count: int) -> list[dict[str, Any]]:
        """The ledger, once this many calls have ended: a client may see that first."""
        wait_for(lambda: len(self.calls()) >= count, f"{count} calls have ended")
        return self.calls()

    def stats(self) -> dict[str, Any]:
        """The totals."""
        stats: dict[str, Any] = json.loads(self.request("GET", "/_simulator/stats")[2])
        return stats
