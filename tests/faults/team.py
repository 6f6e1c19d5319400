"""A master and its workers as processes, and what has to hold of them and of their run in the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import psutil

from tests.e2e.checks import info, read
from tests.e2e.running import free_port, until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.e2e.running import Place, Simulator

TIMEOUT_S = 6
"""The shortest that --bedrock-worker-timeout can be."""
DEADLINE_S = 60


class Team:
    """A master and workers that run in a place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.port = free_port()
        self.workers: list[subprocess.Popen[str]] = []
        (place.path / "tmp").mkdir()
        place.env |= {"TMPDIR": str(place.path / "tmp"), "BEDROCK_WORKER_TIMEOUT": str(TIMEOUT_S)}

    def work(self, *more: str, port: int | None = None, locustfile: Path | None = None) -> subprocess.Popen[str]:
        """Start a worker, of a master behind a port, with more options."""
        worker = self.place.start("--worker", "--master-port", str(port or self.port), *more, locustfile=locustfile)
        self.workers.append(worker)
        return worker

    def lead(
        self, simulator: Simulator, workers: int, *more: str, headless: bool = True, **options: Any
    ) -> subprocess.Popen[str]:
        """Start the master; it begins when this number of workers are there."""
        mode = ("--headless", "--only-summary", "--expect-workers", str(workers)) if headless else ()
        bind = ("--master", "--master-bind-port", str(self.port))
        return self.place.start(*mode, *bind, "--host", simulator.url, *more, **options)

    def measuring(self, level: str) -> Path:
        """The run folder, once a level is measured."""
        until(
            lambda: any(
                row["level"] == level and row["measured_from"] for path in self.place.levels() for row in read(path)
            ),
            f"window of {level}",
            DEADLINE_S,
        )
        return self.place.runs()[-1]

    def reported(self, level: str) -> Path:
        """The run folder, once rows of a level that is measured have come to it from each of the workers."""
        run = self.measuring(level)

        def have_all() -> bool:
            seen = {row["worker"] for row in read(run / "requests.csv") if row["level"] == level}
            return len(seen) == len(self.workers)

        until(have_all, "rows of each worker", DEADLINE_S)
        return run

    def end(self) -> None:
        """Nothing is left: no process of any that was started, no port, no temporary file."""
        for process in self.place.started:
            process.wait(DEADLINE_S)
        until(lambda: not orphans(self.place), f"end of {orphans(self.place)}", 5)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", self.port))
        assert list((self.place.path / "tmp").iterdir()) == []
        assert list(self.place.path.rglob("*.tmp")) == []


def orphans(place: Place) -> list[psutil.Process]:
    """Processes that live on in the sessions of those that were started; each of these had one of its own."""
    sessions = {process.pid for process in place.started}
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) in sessions and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as the kernel's out-of-memory killer does."""
    process.send_signal(signal.SIGKILL)
    process.wait(5)


def freeze(process: subprocess.Popen[str], seconds: float) -> None:
    """Stop a process, and have it go on after some time."""
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def answers(url: str) -> bool:
    """Whether the web UI is there."""
    try:
        urllib.request.urlopen(url, timeout=30).close()
    except OSError:
        return False
    return True


def swarm(url: str) -> None:
    """Press Start, once the web UI is there."""
    until(lambda: answers(url), "web UI", DEADLINE_S)
    with urllib.request.urlopen(f"{url}/swarm", b"x=1", timeout=30) as answer:
        said: dict[str, Any] = json.load(answer)
    assert said["success"], said


def changes(run: Path, what: str) -> list[dict[str, Any]]:
    """The changes of one kind among the workers."""
    return [change for change in info(run)["worker_changes"] if change["what"] == what]


def assert_accounted(run: Path, ledger: list[dict[str, Any]], orphaned: int = 0) -> None:
    """Calls in the record, and those that are said to be lost, are those that the simulator has answered.

    `orphaned` are the rows in files of workers. Of a worker that is missing it is said when it reported last: calls
    that are not in the record ended after that.
    """
    rows, workers = read(run / "requests.csv"), info(run)["workers"]
    known = [row["request_id"] for row in rows if row["request_id"]]
    assert len(known) == len(set(known)), "a row is in the record twice"
    assert set(known) <= {call["request_id"] for call in ledger}
    assert info(run)["rows_written"] == len(rows) == sum(worker["rows_received"] for worker in workers.values())
    stated = sum(worker["rows_lost"] or 0 for worker in workers.values())
    missing = [worker for worker in workers.values() if worker["state"] == "missing"]
    if not missing:
        assert len(rows) + stated + orphaned == len(ledger)
        return
    assert all(worker["rows_lost"] is None for worker in missing)
    unknown = [call for call in ledger if call["request_id"] not in set(known)]
    since = min(worker["last_report_at"] or 0 for worker in missing)
    assert all(call["ended_at_ns"] / 1e9 > since - 0.1 for call in unknown), "a call before the last report is not in"


def assert_right_modes(run: Path) -> None:
    """No call of one mode is in a level of the other."""
    modes = {level["level"]: level["mode"] for level in read(run / "levels.csv")}
    assert all(row["mode"] == modes[row["level"]] for row in read(run / "requests.csv"))
