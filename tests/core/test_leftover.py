"""A call that is cut off leaves no socket behind, wherever it is."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from bedrock_locust.wire.leftover import close_sockets

from .raw_server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bedrock_locust.client import BedrockClient

SAYS = {
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\n",
    "half an answer": b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
    "half a stream": b"HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n"
    b"transfer-encoding: chunked\r\n\r\n4\r\n\x00\x00\x00\x70\r\n",
}
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def sockets() -> set[str]:
    """The sockets that this process has open."""
    return {name for file in Path("/proc/self/fd").iterdir() if "socket" in (name := _link(file))}


def _link(file: Path) -> str:
    try:
        return str(file.readlink())
    except OSError:
        return ""


def ask(client: BedrockClient, operation: str) -> None:
    """One call."""
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "x"}]}]}
    getattr(client, operation)(modelId=CLAUDE, **(asked if "converse" in operation else {"body": "{}"}))


def until(condition: Callable[[], bool]) -> None:
    """Let others go on until it holds."""
    with gevent.Timeout(20):
        while not condition():
            gevent.sleep(0.01)


@contextmanager
def full() -> Iterator[str]:
    """The URL of a port whose queue is full: a connection to it neither comes about nor fails."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="it looks at the files of this process")


@pytest.mark.parametrize("says", SAYS)
@pytest.mark.parametrize("operation", ["converse", "converse_stream", "invoke_model_with_response_stream"])
def test_in_an_answer(make_client: Callable[..., BedrockClient], operation: str, says: str) -> None:
    """The server sees at once that nobody waits for the rest, and the call counts as cut off."""
    closed = []

    def answer(peer: socket.socket, _: bytes) -> None:
        peer.sendall(SAYS[says])
        closed.append(peer.recv(1))

    with serving(answer) as server:
        user = gevent.spawn(ask, make_client(server.url), operation)
        until(lambda: bool(server.requests))
        gevent.sleep(0.05)
        assert not user.dead
        user.kill()
        until(lambda: closed == [b""])


@needs_proc
@pytest.mark.parametrize("limit", [False, True], ids=["killed", "too long"])
@pytest.mark.parametrize("what", ["connection", "handshake"])
def test_before_the_request(
    make_client: Callable[..., BedrockClient], events: list[dict[str, Any]], what: str, limit: bool
) -> None:
    """A connection, or a TLS handshake, that has only begun is given up, and its socket closed."""
    with full() as busy, socket.create_server(("127.0.0.1", 0)) as silent:
        url = {"connection": busy, "handshake": f"https://127.0.0.1:{silent.getsockname()[1]}"}
        client = make_client(url[what], call_limit_s=0.3 if limit else 60)
        before = sockets()
        user = gevent.spawn(ask, client, "converse")
        # Sockets of earlier tests may be collected meanwhile.
        until(lambda: bool(sockets() - before))
        gevent.sleep(0.05)
        if limit:
            user.join(20)
        else:
            user.kill()
        assert not sockets() - before
    assert events[0]["response"].error == ("TimeoutError" if limit else "Cancelled")


def test_only_of_its_own_frames() -> None:
    """Sockets outside of what was cut off stay open."""
    with socket.socket() as outside, socket.socket() as inside:

        def cut_off(held: socket.socket) -> None:
            raise gevent.GreenletExit

        try:
            cut_off(inside)
        except gevent.GreenletExit as end:
            end.__traceback__ = end.__traceback__ and end.__traceback__.tb_next
            close_sockets(end)
        assert outside.fileno() != -1
        assert inside.fileno() == -1
