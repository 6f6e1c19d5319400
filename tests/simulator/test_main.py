"""The command `python -m bedrock_locust.simulator`: how it starts, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.control import HANDLERS, PREFIX
from bedrock_locust.simulator.faults import NAMES
from bedrock_locust.simulator.ledger import FIELDS

from .calls import CLAUDE
from .process import DEADLINE_S, READY, Simulator, start, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import ClientFactory


@pytest.fixture
def own() -> Iterator[Simulator]:
    """A simulator of one test, on a slow pace."""
    simulator = Simulator("--ttft-ms", "0", "--tpot-ms", "60000", "--spread", "0")
    yield simulator
    if simulator.process.poll() is None:
        simulator.stop()
    for pipe in (simulator.process.stdout, simulator.process.stderr):
        assert pipe is not None
        pipe.close()


def open_stream(simulator: Simulator, new_client: ClientFactory) -> Any:
    """A stream of which the first event has been read."""
    messages: Any = [{"role": "user", "content": [{"text": "Hi"}]}]
    stream = new_client(simulator.url, 20).converse_stream(modelId=CLAUDE, messages=messages)["stream"]
    next(iter(stream))
    return stream


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_at_once(own: Simulator, new_client: ClientFactory, number: signal.Signals) -> None:
    """A signal ends it within a second, with streams open, and it has written nothing but its one line."""
    streams = [open_stream(own, new_client) for _ in range(3)]
    began = time.monotonic()
    own.process.send_signal(number)
    out, err = own.process.communicate(timeout=DEADLINE_S)
    assert time.monotonic() - began < 1
    assert (own.process.returncode, out, err) == (0, "", "")
    for stream in streams:
        stream.close()


def test_it_is_one_process(own: Simulator) -> None:
    """There is no child process that could be left behind."""
    assert psutil.Process(own.process.pid).children() == []


def test_port_is_free_again(own: Simulator) -> None:
    """The port can be used again as soon as it has ended."""
    own.stop()
    process = start("--port", str(own.port))
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"{READY}http://127.0.0.1:{own.port}\n"
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_S)


def test_taken_port(own: Simulator) -> None:
    """On a port that another simulator uses, it says so in one line and ends with code 2."""
    process = start("--port", str(own.port))
    out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out) == (2, "")
    assert re.fullmatch(rf"bedrock-locust simulator: .*127\.0\.0\.1 port {own.port}.*--port.*\n", err)


def test_port_taken_by_another_program() -> None:
    """On a port that any other program listens on, it does the same."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]))
        _, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 2
    assert err.count("\n") == 1
    assert "Traceback" not in err


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
            kind = "" if field.annotation in (int, float, bool) else " JSON"
            row = f"| --{name.replace('_', '-')}{kind} |{default}| {field.description} |"
            assert row.replace("`", "") in text.replace("`", "")
    for method, name in HANDLERS:
        assert f"| `{method} {PREFIX}{name}` |" in text
    for name in (*NAMES, *FIELDS):
        assert f"`{name}`" in text
