"""The server: its port, its signals, its end."""

from __future__ import annotations

import re
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from .calls import CLAUDE
from .process import DEADLINE_S, READY, Simulator, start

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
    assert own.stop(number) == (0, "", "")
    assert time.monotonic() - began < 1
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
