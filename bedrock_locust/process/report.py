"""The report, made in a process of its own: if memory runs out there, the run is not affected.

A report needs much more memory than a run, and the library that draws its charts ends the process if it gets none.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from gevent import monkey

from bedrock_locust import exits
from bedrock_locust.process.signals import Held
from bedrock_locust.redaction import public_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    MakeReport = Callable[[Path, Path | None], Path]
    """Makes the report of a run: the run folder and `output.report_file` in, the path of what it wrote out."""

CHILD = "bedrock_locust.process.report_child"
LIMIT_S = 600
LOOK_S = 0.1
limit_s = LIMIT_S
"""The longest that a report may take, in seconds; `--bedrock-report-timeout` sets it."""

# gevent's own would wait for its loop.
_waitpid: Any = monkey.get_original("os", "waitpid")
_poll: Any = monkey.get_original("select", "poll")  # select() takes no file number above 1,023
_close: Any = monkey.get_original("os", "close")


class ReportError(Exception):
    """There is no report; the message says why."""


def why_not_written(error: OSError, folder: Path, again: str) -> str:
    """Which file of a report cannot be written, and what to do. `again` tells how to make the report later."""
    if error.filename is None or Path(error.filename).is_relative_to(folder):
        return f"the report cannot be written ({error.strerror}): make room, and {again}"
    wrong = f"report file {error.filename} cannot be written ({error.strerror})"
    return f"{wrong}: choose another with --bedrock-report-file; the report of this run is in {folder}"


def maker(name: str) -> MakeReport:
    """What makes a report by calling this function, `package.module:function`, in a process of its own.

    It raises OSError where the function has, and ReportError for everything else that goes wrong in it.
    """

    def make(folder: Path, copy: Path | None) -> Path:
        return _result(_run(name, str(folder), *([str(copy)] if copy else [])))

    return make


def _run(*arguments: str) -> str:
    """What it said at last.

    gevent's loop stands still meanwhile, on purpose: it would take in a request to start the next run, which Locust
    then drops, as the end of this one is not over.
    """
    gone, alive = os.pipe()  # it ends when this process does
    said, says = os.pipe()
    with os.fdopen(alive, "wb"), os.fdopen(said, "rb") as answer:
        try:
            pid = _start(arguments, gone, says)
        except OSError as error:
            raise ReportError(f"there cannot be a process for it: {error.strerror}") from None
        finally:
            _close(gone)
            _close(says)
        with Held() as signals:
            output = _read(answer, signals, lambda: os.kill(pid, signal.SIGKILL))
            _, status = _waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGALRM:
        raise ReportError(f"it was not there after {limit_s} s, see --bedrock-report-timeout")
    if code < 0:
        raise ReportError(f"its process was ended by {signal.Signals(-code).name}: not enough memory?")
    if code:
        raise ReportError(f"its process ended with exit code {code}")
    return output.decode().splitlines()[-1]


def _read(answer: IO[bytes], signals: Held, kill: Callable[[], None]) -> bytes:
    """All that comes. A second signal meanwhile ends this process at once: the record of the run is on disk."""
    output = b""
    coming = _poll()
    coming.register(answer, select.POLLIN)
    while True:
        if signals.look() > 1:
            kill()
            os._exit(exits.ENDED_AT_ONCE)
        if coming.poll(LOOK_S * 1000):
            piece = os.read(answer.fileno(), 1 << 16)
            if not piece:
                return output
            output += piece


def _start(arguments: Sequence[str], gone: int, says: int) -> int:
    """Its process id. It is in a group of its own, as Ctrl-C is for this process."""
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", CHILD, str(limit_s), *arguments],
        # The path is that of this process: Locust adds the folder of the locustfile to it.
        {**public_environment(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
        file_actions=[
            (os.POSIX_SPAWN_DUP2, gone, 0),
            (os.POSIX_SPAWN_DUP2, says, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ],
        setpgroup=0,
        setsigmask=(),
    )


def _result(line: str) -> Path:
    said = json.loads(line)
    if "errno" in said:
        raise OSError(said["errno"], said["strerror"], said["filename"])
    if "error" in said:
        raise ReportError(said["error"])
    return Path(said["written"])
