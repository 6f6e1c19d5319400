"""The end of a process that nobody asked to end a run first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bedrock_locust.process.at_exit import ExitCode

PROGRAM = """
import atexit, sys
import gevent
from bedrock_locust.process.at_exit import ExitCode, undisturbed

code = ExitCode()
atexit.register(lambda: print("others come first"))

def collects():
    gevent.sleep(0.1)
    print("all collected")

def disturbs():
    gevent.sleep(0.02)
    hub = gevent.get_hub()
    hub.handle_system_error(SystemExit, SystemExit(7))

gevent.spawn(disturbs)
undisturbed(collects)
code.code = {code}
sys.stdout.write("without a line end")
sys.stderr.write("nor this")
sys.exit(5)
"""


def test_a_process_keeps_its_own_code_unless_it_is_told_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens at the exit where nobody has said one."""
    left: list[int] = []
    monkeypatch.setattr("atexit.register", lambda leave: leave())
    monkeypatch.setattr("os._exit", left.append)
    made = ExitCode()
    assert (made.code, left) == (0, [])
    made.code = 4
    made._leave()
    assert left == [4]


@pytest.mark.parametrize(("code", "expected"), [(0, 5), (3, 3)])
def test_the_end_is_reached_and_has_its_exit_code(code: int, expected: int) -> None:
    """A further exit does not cut it short, what was printed is there, and 0 leaves the code of the process."""
    program = PROGRAM.replace("{code}", str(code))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == expected, done.stderr
    assert done.stdout == "all collected\nwithout a line endothers come first\n"
    assert done.stderr.endswith("nor this")
