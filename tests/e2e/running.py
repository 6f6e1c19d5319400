"""The real `locust` command in subprocesses, and the simulator as a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).parents[2]
LOCUST = Path(sys.executable).with_name("locust")
DEADLINE_S = 90
QUICK = ("--ttft-ms", "40", "--tpot-ms", "4", "--output-tokens", "20")
CONFIG: dict[str, dict[str, Any]] = {
    "aws": {"region": "us-east-1"},
    "model": {"id": "us.anthropic.claude-sonnet-4-20250514-v1:0", "quota": 1000},
    "test": {"prompt_size": 200, "max_tokens": 100},
    "concurrency": {"start": 1, "end": 3, "step": 2, "duration_seconds": 1.5},
}
LEVELS = ["streaming-1", "streaming-3", "non_streaming-1", "non_streaming-3"]


def until(condition: Callable[[], Any], what: str, limit_s: float = DEADLINE_S) -> Any:
    """Wait for a true value, or fail at the deadline."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    pytest.fail(f"no {what} within {limit_s} s")


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


KNOWN_ENDPOINTS: list[str] = []
"""Those of simulators that tests have started: workers sign for them when their master names them."""


def post(url: str, **form: str) -> dict[str, Any]:
    """The answer to a form."""
    data = urllib.parse.urlencode(form).encode()
    with urllib.request.urlopen(url, data, timeout=DEADLINE_S) as answer:
        values: dict[str, Any] = json.load(answer)
        return values


def serves(url: str) -> bool:
    """Whether a web server answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@dataclass
class Simulator:
    """A running simulator."""

    url: str
    process: subprocess.Popen[str]

    def __post_init__(self) -> None:
        KNOWN_ENDPOINTS.append(self.url)

    @classmethod
    def start(cls, *options: str) -> Self:
        """Start one on a free port, with options of its command; it ends with this process at the latest."""
        command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        line = process.stdout.readline()
        found = re.search(r"listening on (\S+)", line)
        if not found:
            process.kill()
            pytest.fail(f"the simulator said {line!r}")
        return cls(found[1], process)

    def end(self) -> None:
        """End it, unless it has ended."""
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()

    def calls(self) -> list[dict[str, Any]]:
        """Its ledger."""
        return [json.loads(line) for line in self._asked("GET", "calls").splitlines()]

    def forget(self) -> None:
        """Empty its ledger, once the last call has ended: the clients of an earlier test may just have been killed."""
        until(lambda: json.loads(self._asked("GET", "stats"))["in_flight"] == 0, "end of the calls in flight")
        self._asked("DELETE", "calls")

    def _asked(self, method: str, what: str) -> bytes:
        request = urllib.request.Request(f"{self.url}/_simulator/{what}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            said: bytes = answer.read()
            return said


class Place:
    """A folder to run locust in, with a configuration file and an environment without AWS."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.started: list[subprocess.Popen[str]] = []
        self.locustfile = ROOT / "locustfile.py"
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "BEDROCK_", "LOCUST_"))}
        self.env = {
            **kept,
            "HOME": str(path),
            # What takes seconds to make is kept there: once for all tests.
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "PYTHONUNBUFFERED": "1",
        }
        self.configure({})

    def configure(self, changes: dict[str, dict[str, Any]]) -> None:
        """Write config.json with changes to the usual one."""
        values = {key: {**section, **changes.get(key, {})} for key, section in CONFIG.items()}
        values |= {key: section for key, section in changes.items() if key not in CONFIG}
        (self.path / "config.json").write_text(json.dumps(values))

    def replace_report(self, stand_in: str) -> None:
        """Have runs of the stock locustfile make this of `stand_ins.py` in place of the report."""
        shutil.copy(Path(__file__).with_name("stand_ins.py"), self.path)
        text = (ROOT / "locustfile.py").read_text(encoding="utf-8")
        self.locustfile = self.path / "locustfile.py"
        assert '"reports:write"' in text
        self.locustfile.write_text(text.replace("reports:write", f"stand_ins:{stand_in}"), encoding="utf-8")

    def start(
        self, *arguments: str, locustfile: Path | None = None, within: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        """Start the locust command, by way of another where it is to run within that; its output goes to a file."""
        name = f"output-{len(self.started)}.txt"
        if "--processes" in arguments:
            port = str(free_port())
            arguments += ("--master-port", port, "--master-bind-port", port)
        with (self.path / name).open("w") as output:
            process = subprocess.Popen(
                [*within, LOCUST, "-f", locustfile or self.locustfile, *arguments],
                cwd=self.path,
                env={"BEDROCK_ALLOW_ENDPOINT": ",".join(KNOWN_ENDPOINTS[-9:]), **self.env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """Run the locust command to its end: exit code and output."""
        process = self.start("--headless", "--only-summary", *arguments, **options)
        code = process.wait(DEADLINE_S)
        return code, self.output(process)

    def output(self, process: subprocess.Popen[str]) -> str:
        """What a process has said so far."""
        return (self.path / f"output-{self.started.index(process)}.txt").read_text()

    def said(self, process: subprocess.Popen[str], text: str) -> None:
        """Wait until a process says something."""
        until(lambda: text in self.output(process) or process.poll() is not None, f"{text!r}")
        assert text in self.output(process), self.output(process)

    def runs(self) -> list[Path]:
        """The run folders, oldest first."""
        return sorted((self.path / "results").glob("*"))

    def levels(self) -> list[Path]:
        """The level tables that are there: a run folder is made before its files."""
        return sorted((self.path / "results").glob("*/levels.csv"))

    def end(self) -> None:
        """End the processes that are still running."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
