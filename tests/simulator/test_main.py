"""The command `python -m bedrock_locust.simulator`: how it starts, and how it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.control import HANDLERS, PREFIX
from bedrock_locust.simulator.faults import NAMES
from bedrock_locust.simulator.ledger import FIELDS

from .process import DEADLINE_S, wait_for

PARENT = """
import subprocess, sys, time
command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--exit-with-parent"]
child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
print(child.pid, child.stdout.readline(), flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_parent(number: signal.Signals) -> None:
    """With --exit-with-parent it ends when its parent does, also when that was killed."""
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline().split()[0]))
        assert child.is_running()
        parent.send_signal(number)
        parent.wait(DEADLINE_S)
        wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "the child has ended")


def test_its_first_lines_are_there_at_once() -> None:
    """Also in a pipe, where Python would keep them back: who started it waits for them."""
    command = [sys.executable, "-m", "bedrock_locust.simulator", "--port", "0", "--control-token", "a-token"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffered) as process:
        assert process.stdout is not None
        try:
            said = b""
            while b"a-token" not in said and select.select([process.stdout], [], [], DEADLINE_S)[0]:
                said += os.read(process.stdout.fileno(), 1000)
        finally:
            process.kill()
    first, second = said.decode().splitlines()
    assert first.startswith("bedrock-locust simulator listening on http://127.0.0.1:")
    assert second == "bedrock-locust simulator control token: a-token"


def test_without_granian() -> None:
    """Without granian, it tells how to install it, with code 2."""
    code = (
        "import runpy, sys; sys.modules['granian'] = None; "
        "runpy.run_module('bedrock_locust.simulator', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert done.returncode == 2
    assert done.stderr == ("bedrock-locust simulator: granian is not installed: pip install '.[simulator]'\n")


def test_it_shares_no_code_with_the_client() -> None:
    """The simulator imports nothing of this package outside itself, nor locust, gevent or boto3."""
    parts = ", ".join(f"bedrock_locust.simulator.{name}" for name in ("server", "routes", "options"))
    code = f"import sys, bedrock_locust; before = set(sys.modules)\nimport {parts}\nprint(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    imported = done.stdout.split()
    ours = [name for name in imported if name.startswith("bedrock_locust.")]
    assert ours
    assert [name for name in ours if not name.startswith("bedrock_locust.simulator")] == []
    assert {"locust", "gevent", "boto3", "botocore"}.isdisjoint(imported)


def test_the_documentation_is_complete() -> None:
    """Every option, fault, endpoint and key of the ledger is in docs/simulator.md, with its default."""
    text = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
    for name, field in Behaviour.model_fields.items():
        if name != "faults":
            default = f" {field.default:g} " if field.annotation in (int, float) else " "
            default = f" {field.default} " if field.annotation is str and field.default else default
            kind = "" if field.annotation in (int, float, bool, str) else " JSON"
            row = f"| --{name.replace('_', '-')}{kind} |{default}| {field.description} |"
            assert row.replace("`", "") in text.replace("`", "")
    for method, name in HANDLERS:
        assert f"| `{method} {PREFIX}{name}` |" in text
    for name in (*NAMES, *FIELDS):
        assert f"`{name}`" in text
