"""A report that is made by a process of its own, and what can befall that process."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bedrock_locust.process import report
from bedrock_locust.process.report import ReportError, maker
from tests.e2e.running import until

MAKERS = """
import os, pathlib, signal, time

def write(folder, copy=None):
    print("chatter")
    (folder / "report.md").write_text("# A report")
    return folder / "report.md"

def full(folder, copy=None):
    pathlib.Path("/dev/full").write_text("x")

def missing(folder, copy=None):
    (folder / "nowhere" / "x").write_text("x")

def broken(folder, copy=None):
    raise ValueError("one line\\n  and another")

def killed(folder, copy=None):
    os.kill(os.getpid(), signal.SIGKILL)

def gone(folder, copy=None):
    os._exit(7)

def slow(folder, copy=None):
    (folder / "pid").write_text(str(os.getpid()))
    time.sleep(60)
"""

WAITS = """
def waits(folder, copy=None):
    (folder / "pid").write_text(str(os.getpid()))
    while not (folder / "go on").exists():
        time.sleep(0.02)
    return write(folder)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with a module of functions that make reports on the path."""
    (tmp_path / "makers_of_reports.py").write_text(MAKERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def make(name: str, folder: Path) -> Path:
    """Have this function make a report."""
    return maker(f"makers_of_reports:{name}")(folder, None)


def test_a_report(folder: Path) -> None:
    """Its path comes back, whatever else the function prints."""
    assert make("write", folder) == folder / "report.md"
    assert (folder / "report.md").read_text() == "# A report"


def test_a_file_that_can_not_be_written(folder: Path) -> None:
    """An error of the operating system is raised here as it was there."""
    with pytest.raises(OSError, match="No space left on device") as full:
        make("full", folder)
    assert full.value.filename is None
    with pytest.raises(FileNotFoundError) as missing:
        make("missing", folder)
    assert missing.value.filename == str(folder / "nowhere" / "x")


def test_a_process_with_very_many_open_files(folder: Path) -> None:
    """A run of a thousand users has more connections than select() can name."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        for _ in range(1100):
            opened.enter_context(Path(os.devnull).open("rb"))
        assert make("write", folder) == folder / "report.md"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken", "ValueError: one line and another"),
        ("killed", "its process was ended by SIGKILL: not enough memory?"),
        ("gone", "its process ended with exit code 7"),
        ("nobody", "AttributeError: module 'makers_of_reports' has no attribute 'nobody'"),
    ],
)
def test_whatever_befalls_it_is_one_line(folder: Path, name: str, reason: str) -> None:
    """The reason is said, and this process goes on."""
    with pytest.raises(ReportError) as failed:
        make(name, folder)
    assert str(failed.value) == reason


def test_it_ends_with_the_process_that_wants_it(folder: Path) -> None:
    """Where that is killed, nobody is left who goes on writing."""
    program = (
        "import locust, pathlib; from bedrock_locust.process.report import maker;"
        " maker('makers_of_reports:slow')(pathlib.Path('.'), None)"
    )
    wanting = subprocess.Popen([sys.executable, "-c", program], cwd=folder)
    pid = int(until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), "process of the report", 30))
    wanting.kill()
    wanting.wait(10)
    until(lambda: not psutil.pid_exists(pid), "end of the process of the report", 10)


def test_a_report_has_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes too long is ended, also where it does not let go, and says which option there is."""
    monkeypatch.setattr(report, "limit_s", 1)
    with pytest.raises(ReportError, match="not there after 1 s, see --bedrock-report-timeout"):
        make("slow", folder)


@pytest.mark.parametrize(("signals", "code"), [(1, -signal.SIGTERM), (2, 130)])
def test_signals_while_it_is_made(folder: Path, signals: int, code: int) -> None:
    """The first lets the report be finished and is handled then; the second ends the process at once."""
    program = (
        "import locust, pathlib; from bedrock_locust.process.report import maker;"
        "maker('makers_of_reports:waits')(pathlib.Path.cwd(), None); import gevent; gevent.sleep(30)"
    )
    (folder / "makers_of_reports.py").write_text(MAKERS + WAITS)
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    until(lambda: (folder / "pid").exists() and (folder / "pid").read_text(), "report that is made")
    child = psutil.Process(int((folder / "pid").read_text()))
    process.terminate()
    assert (
        "SIGTERM, the report is being made (again to end at once)"
        in process.stderr.readline() + process.stderr.readline()
    )
    if signals == 2:
        process.terminate()
    else:
        (folder / "go on").touch()
    with process:
        assert process.wait(30) == code
    until(lambda: not child.is_running(), "end of what makes the report")
    assert (folder / "report.md").exists() == (signals == 1)
