"""The worker processes that `--processes` makes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import pytest

from bedrock_locust.process.child_workers import Parent

PROGRAM = """
import json, logging, os, signal, subprocess, sys, time
from bedrock_locust.process.child_workers import ChildWorkers

said = []
handler = logging.Handler()
handler.emit = lambda record: said.append(record.getMessage().replace(str(child.pid), "N"))
logging.getLogger("bedrock_locust").addHandler(handler)
child = subprocess.Popen([sys.executable, "-c", {child!r}], stdout=subprocess.PIPE)
child.stdout.readline()
workers = ChildWorkers({limit_s})
other = subprocess.Popen(["sleep", "60"])
if {stop}:
    os.kill(child.pid, signal.SIGSTOP)
    time.sleep(0.05)
{begin}
began = time.monotonic()
workers.end()
print(json.dumps([said, child.wait(), time.monotonic() - began, other.poll()]), flush=True)
other.kill()
other.wait()
"""
ENDS = "import time; print(flush=True); time.sleep(0.3)"
STAYS = "import time; print(flush=True); time.sleep(60)"


def end_of(child: str, *, limit_s: float = 30, stop: bool = False, begin: str = "") -> Any:
    """What was said, how the child ended, how long that took, and whether another child has ended as well."""
    program = PROGRAM.format(child=child, limit_s=limit_s, stop=stop, begin=begin)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_a_worker_that_ends_is_waited_for() -> None:
    """Without a word; other children are none of ours."""
    said, code, took_s, other = end_of(ENDS)
    assert (said, code, other) == ([], 0, None)
    assert took_s < 30


def test_a_worker_that_stands_still_is_woken() -> None:
    """So that it can keep its rows; who stays for too long is killed."""
    said, code, _, other = end_of(ENDS, stop=True)
    assert said == ["bedrock-locust: worker process N stands still: it is woken, to end"]
    assert (code, other) == (0, None)
    said, code, _, other = end_of(STAYS, limit_s=1)
    assert said == ["bedrock-locust: worker process N did not end within 1 s: killed"]
    assert (code, other) == (-9, None)


def test_the_wait_comes_when_the_process_ends() -> None:
    """Once a run has begun; without children there is nothing to wait for."""
    program = (
        "import subprocess, sys; from bedrock_locust.process.child_workers import ChildWorkers\n"
        "none = ChildWorkers(); none.begin()\n"
        f"child = subprocess.Popen([sys.executable, '-c', {ENDS!r} + '; print(1)'])\n"
        "workers = ChildWorkers(); workers.begin(); workers.begin()\n"
        "import atexit; atexit.register(print, 'before')"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["before", "1"]
    assert time.monotonic() - began < 60


PARENT = """
import os, sys, time
import gevent
from bedrock_locust.process.child_workers import Parent

parent = Parent()
read, write = os.pipe()
if gevent.fork() == 0:
    os.close(read)
    parent.end_with_it(lambda: {has_run})
    try:
        gevent.sleep({stays_s})
        os.write(write, b"stayed")
    except SystemExit as end:
        os.write(write, f"ended with {{end.code}}, {{parent.is_gone}}".encode())
    os._exit(0)
os.close(write)
if gevent.fork() == 0:
    print(os.read(read, 100).decode(), flush=True)  # the pipe outlives the parent
    os._exit(0)
gevent.sleep(0.5)
os._exit(0)
"""


@pytest.mark.parametrize(("has_run", "words"), [("False", "ended with 1, True"), ("True", "stayed")])
def test_a_worker_that_is_left_behind_ends(has_run: str, words: str) -> None:
    """Not one that has had a run: it has rows to hand over, or to keep."""
    program = PARENT.format(has_run=has_run, stays_s=2 if has_run == "True" else 60)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == (words, "")


def test_a_process_that_leads_is_not_watched() -> None:
    """Only what is forked from it is."""
    parent = Parent()
    assert not parent.is_gone
    parent.end_with_it(lambda: pytest.fail("looked for its parent"))
