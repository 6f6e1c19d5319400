"""A worker's watch over its master."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.team.worker_watch import REFUSED_S, SILENT_S, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A port that is listened on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def watch(port: int, timeout_s: int) -> tuple[Watch, list[str]]:
    """A watch whose clock only the test moves, and why the master was given up."""
    gone: list[str] = []
    made = Watch("127.0.0.1", port, gone.append)
    made.timeout_s = timeout_s
    return made, gone


def pass_second(made: Watch, seconds: int) -> None:
    """Let seconds of silence pass."""
    for _ in range(seconds):
        made._silent_s += 1
        if not (made.hearing or made._given_up):
            made._judge()


def test_a_silent_master_is_given_up_after_the_timeout(server: socket.socket) -> None:
    """Not before, once, and only if there is a timeout: between runs a silence means nothing."""
    made, gone = watch(server.getsockname()[1], 8)
    pass_second(made, SILENT_S - 1)
    assert made.hearing
    pass_second(made, 3)
    assert not made.hearing
    assert (gone, made.reachable) == ([], True)
    pass_second(made, 3)
    assert len(gone) == 1
    assert gone[0].endswith("for 8 s")
    assert not made.reachable
    made.hear()
    assert made.hearing
    assert made.reachable
    pass_second(made, 60)
    assert len(gone) == 1, "the timeout is over with the run"


def test_a_port_that_refuses_is_a_master_that_is_gone(server: socket.socket) -> None:
    """After some seconds, also without a timeout: a master that starts again has its port back by then."""
    port = server.getsockname()[1]
    server.close()
    made, gone = watch(port, 0)
    pass_second(made, SILENT_S)
    assert not made.reachable, "the first refusal says that no answer can be expected now"
    pass_second(made, REFUSED_S - 2)
    assert gone == []
    pass_second(made, 1)
    assert gone == [f"the master's port 127.0.0.1:{port} has refused connections for {REFUSED_S} s"]
