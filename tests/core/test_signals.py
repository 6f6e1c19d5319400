"""Signals: the first stops a run in good order, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import exits

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, signal, sys
import gevent
from bedrock_locust.process.signals import Held, Signals

def responds():
    print("asked")
    return {answer}

signals = Signals(responds, lambda: print("last words", flush=True), {options})
signals.begin()

def send(name, wait=True):
    os.kill(os.getpid(), getattr(signal, name))
    for _ in range(500 * wait):
        gevent.sleep(0.01)
        if signals._taken:
            break

try:
    {steps}
except KeyboardInterrupt:
    print("stopped by", signals.ended_by)
{then}
"""


def run(steps: str, answer: str = "KeyboardInterrupt", options: str = "terminate=True", then: str = "") -> Any:
    """A process that gets signals."""
    program = PROGRAM.replace("{steps}", steps).replace("{answer}", answer)
    program = program.replace("{options}", options).replace("{then}", then)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("name", "words"),
    [("SIGINT", "Ctrl-C"), ("SIGTERM", "SIGTERM"), ("SIGHUP", "SIGHUP (the terminal went away)")],
)
def test_the_first_stops_and_the_second_ends(name: str, words: str) -> None:
    """One line for each; what is left to do at once is done."""
    done = run(f'send("{name}")', then=f'send("{name}"); print("never")')
    assert done.stdout == f"asked\nstopped by {words}\nlast words\n"
    assert done.stderr.split("\n") == [
        "",
        f"bedrock-locust: {words}, stopping (again to end at once)",
        "",
        "bedrock-locust: again, ending at once",
        "",
    ]
    assert done.returncode == exits.ENDED_AT_ONCE


def test_a_run_that_stops_already_is_not_stopped_again() -> None:
    """Nothing is raised, and the signal is not what ended it."""
    done = run('send("SIGINT")\n    print(repr(signals.ended_by))', answer="None")
    assert (done.stdout, done.returncode) == ("asked\n''\n", 0)


def test_an_exit_has_the_code_of_an_end_at_once() -> None:
    """Where no run has begun."""
    done = run('send("SIGINT")', answer="SystemExit")
    assert (done.stdout, done.returncode) == ("asked\n", exits.ENDED_AT_ONCE)


def test_what_locust_handles_itself_is_only_noted() -> None:
    """Its first SIGTERM; and with `quiet` nothing is printed."""
    done = run(
        'send("SIGTERM")\n    print(signals.ended_by)',
        options="terminate=True, theirs=True, quiet=True",
        then="print(1)",
    )
    assert (done.stdout, done.stderr, done.returncode) == ("SIGTERM\n1\n", "", 0)


def test_sigterm_is_taken_over_where_it_is_asked_for() -> None:
    """Else it ends the process."""
    done = run('send("SIGTERM")', options="terminate=False")
    assert (done.stdout, done.returncode) == ("", -signal.SIGTERM)


def test_a_terminal_that_does_not_matter_does_not_end_a_run() -> None:
    """With nohup SIGHUP is ignored."""
    done = subprocess.run(
        ["nohup", sys.executable, "-c", PROGRAM_OF_NOHUP], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.returncode) == ("goes on\n", 0)


PROGRAM_OF_NOHUP = (
    "import os, signal, gevent; from bedrock_locust.process.signals import Signals\n"
    "Signals(lambda: KeyboardInterrupt, print, terminate=True)\n"
    "os.kill(os.getpid(), signal.SIGHUP); gevent.sleep(0.1); print('goes on')"
)


def test_each_run_begins_anew() -> None:
    """After a run that a signal stopped, the next has its own first and second signal."""
    done = run(
        'send("SIGINT")',
        then='signals.begin()\nprint(repr(signals.ended_by))\ntry:\n    send("SIGINT")\nexcept '
        'KeyboardInterrupt:\n    print("again", signals.ended_by)',
    )
    assert done.stdout == "asked\nstopped by Ctrl-C\n''\nasked\nagain Ctrl-C\n"
    assert done.returncode == 0


def test_signals_wait_while_the_report_is_made() -> None:
    """How many came is known at once; the first is handled afterwards, unless a second came, which ends all."""
    steps = (
        'with Held() as held:\n        print(held.look())\n        send("SIGTERM", False)\n        print(held.look())'
        '\n        send("SIGINT", False)\n        print(held.look(), flush=True)\n    gevent.sleep(5)'
    )
    done = run(steps)
    assert done.stdout == "0\n1\n2\nasked\nstopped by SIGTERM\n"
    assert "bedrock-locust: SIGTERM, the report is being made (again to end at once)\n" in done.stderr
    assert "bedrock-locust: SIGINT, again, ending at once\n" in done.stderr
    assert done.returncode == 0


PROGRAM_OF_A_TERMINAL = """
import os, signal, stat, sys
import gevent
from bedrock_locust.process.signals import Signals

Signals(lambda: None, print, terminate=True)
before = [os.fstat(descriptor).st_rdev for descriptor in (0, 1, 2)]
os.kill(os.getpid(), getattr(signal, sys.argv[1]))
gevent.sleep(0.2)
nowhere = os.stat(os.devnull).st_rdev
with open(sys.argv[2], "w") as said:
    for descriptor, was in zip((0, 1, 2), before):
        now = os.fstat(descriptor)
        print("nowhere" if now.st_rdev == nowhere else "as before" if now.st_rdev == was else "?", file=said)
"""


@pytest.mark.parametrize(("name", "where"), [("SIGHUP", "nowhere"), ("SIGINT", "as before")])
def test_what_is_written_to_a_terminal_that_went_away_goes_nowhere(tmp_path: Path, name: str, where: str) -> None:
    """A write to it would fail; files stay what they are, and so does a terminal that is there."""
    ours, theirs = os.openpty()
    with (tmp_path / "log").open("w") as log:
        for output, found in ((theirs, [where] * 3), (log, [where, "as before", where])):
            subprocess.run(
                [sys.executable, "-c", PROGRAM_OF_A_TERMINAL, name, tmp_path / "said"],
                stdin=theirs,
                stdout=output,
                stderr=theirs,
                check=True,
                timeout=60,
            )
            assert (tmp_path / "said").read_text().splitlines() == found
    os.close(ours)
    os.close(theirs)


START_UP = """
import os, signal, sys, time
from bedrock_locust.process.signals import StartUp

class Swallows:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)

start_up = StartUp()
{steps}
print("goes on")
"""
LINE = "bedrock-locust: stopped before the run began\n"


@pytest.mark.parametrize(
    ("steps", "code", "said", "complained"),
    [
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, "", LINE),
        ("import gevent; gevent.spawn_later(0.1, os.kill, os.getpid(), signal.SIGINT); gevent.sleep(9)", -2, "", LINE),
        ("start_up.end_if_stopped()", 0, "goes on\n", ""),
        (
            "if os.fork() == 0: os.kill(os.getpid(), signal.SIGINT)\nprint(os.waitstatus_to_exitcode(os.wait()[1]))",
            *(0, f"{exits.ENDED_AT_ONCE}\ngoes on\n", ""),
        ),
    ],
)
def test_ctrl_c_before_a_run(steps: str, code: int, said: str, complained: str) -> None:
    """One line of the process that leads, none of a worker, and never a traceback."""
    done = run_start_up(steps)
    assert (done.returncode, done.stdout, done.stderr) == (code, said, complained)


def test_ctrl_c_that_python_loses() -> None:
    """In a finalizer, or in a hook of a fork, nothing that is raised has an effect: the next look ends the process."""
    done = run_start_up("kept = Swallows(); del kept; print('lost'); start_up.end_if_stopped()")
    assert (done.returncode, done.stdout, done.stderr) == (exits.ENDED_AT_ONCE, "lost\n", LINE)


def test_ctrl_c_after_the_start_is_pythons() -> None:
    """Who uses Locust as a library sees it as ever; a handler of the user's own stays."""
    done = run_start_up("start_up.is_over = True; os.kill(os.getpid(), signal.SIGINT)")
    assert done.returncode == -signal.SIGINT
    assert done.stderr.endswith("KeyboardInterrupt\n")
    done = run_start_up(
        "signal.signal(signal.SIGINT, print); StartUp(); print(signal.getsignal(signal.SIGINT) is print)"
    )
    assert done.stdout == "True\ngoes on\n"


def run_start_up(steps: str) -> Any:
    """A process that begins."""
    program = START_UP.replace("{steps}", steps)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
