"""The server in this process: addresses, ports that cannot be had, and what the HTTP server is told."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from granian.constants import Interfaces, SSLProtocols

from bedrock_locust.simulator import server
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.exchange import Exchange
from bedrock_locust.simulator.tls import Files

from .lapse import Loop


@pytest.mark.parametrize(
    ("host", "tls", "url"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:80"),
        ("::1", None, "http://[::1]:80"),
        ("::1", Files(Path("c"), Path("k")), "https://[::1]:80"),
    ],
)
def test_urls(host: str, tls: Files | None, url: str) -> None:
    """An IPv6 address stands in brackets."""
    assert server.Address(host, 80, tls).url == url


@pytest.mark.parametrize("tls", [None, Files(Path("c"), Path("k"))])
def test_what_the_http_server_is_told(tls: Files | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole: an option that is missing would limit streams, or write a log."""
    told: list[Any] = []
    monkeypatch.setattr(server, "Server", lambda *about, **more: told.append((about, more)))
    server._server("app", server.Address("::1", 5, tls))
    [(about, more)] = told
    assert about == ("app",)
    settings = {name: more.pop(name) for name in ("http1_settings", "http2_settings")}
    assert more == {
        "address": "::1",
        "port": 5,
        "interface": Interfaces.ASGINL,
        "backlog": 4096,
        "backpressure": 16_384,
        "log_enabled": False,
        "ssl_cert": Path("c") if tls else None,
        "ssl_key": Path("k") if tls else None,
        "ssl_protocol_min": SSLProtocols.tls12,
        "websockets": False,
    }
    assert settings["http1_settings"].header_read_timeout == 60_000
    assert settings["http2_settings"].max_concurrent_streams == 16_384


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((100, 200), (200, 200)),
        ((100, 17_408), (17_408, 17_408)),
        ((100, 17_409), (17_408, 17_409)),
        ((100, resource.RLIM_INFINITY), (17_408, resource.RLIM_INFINITY)),
        ((17_407, 20_000), (17_408, 20_000)),
        ((17_408, 20_000), None),
        ((200, 200), None),
    ],
)
def test_the_limit_of_open_files(
    before: tuple[int, int], after: tuple[int, int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is raised to what all connections need, as far as it may be, and never lowered."""
    changed: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: before)
    monkeypatch.setattr(resource, "setrlimit", lambda *about: changed.append(about))
    server._allow_many_files()
    assert changed == ([(resource.RLIMIT_NOFILE, after)] if after else [])

    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "setrlimit", refuse)
    server._allow_many_files()  # nothing happens where the system refuses


def test_a_port_is_held_for_the_server_alone() -> None:
    """While it is held, another program cannot listen on it, and the server can; a taken one is refused in words."""
    with server._reserve("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
        assert held.family == socket.AF_INET
        with pytest.raises(OSError), socket.create_server(("127.0.0.1", port)):  # noqa: PT011 - any way to refuse
            pass
        with server._bind(socket.AF_INET, "127.0.0.1", port, socket.SO_REUSEPORT) as ours:
            ours.listen()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(server.ServerError) as raised:
            server._reserve("127.0.0.1", port)
    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1 port {port}: Address already in use. Choose another one with --port (0 takes a"
        " free one), or stop what uses it; --host has to be an address of this machine."
    )


def test_a_port_that_was_just_used_can_be_had() -> None:
    """Connections of it that have been closed do not count."""
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as before:
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = before.accept()
            accepted.close()
            client.recv(1)
    with server._reserve("127.0.0.1", port) as held:
        assert held.getsockname()[1] == port


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("nobody", "cannot listen on nobody port 0: Name or service not known. Choose"),
        ("192.0.2.1", "cannot listen on 192.0.2.1 port 0: Cannot assign requested address. Choose"),
    ],
)
def test_addresses_that_cannot_be_had(host: str, words: str) -> None:
    """A name is none, and neither is the address of another machine."""
    with pytest.raises(server.ServerError) as raised:
        server._reserve(host, 0)
    assert str(raised.value).startswith(words)


def wait_for(serving: Any, port: int) -> str:
    """Wait for a server, and say how that ended."""

    async def wait() -> str:
        task = asyncio.ensure_future(serving())
        await asyncio.sleep(0)
        try:
            await server._wait_until_accepting("127.0.0.1", port, task)
        except server.ServerError as error:
            await asyncio.sleep(0)
            return f"{error} {task.done()}"
        task.cancel()
        return "ready"

    return asyncio.run(wait())


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why it did not: its own words, or that it accepted nothing in time; a late one is waited for."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]

    async def fails() -> None:
        raise OSError("it broke")

    async def idles() -> None:
        await asyncio.sleep(60)

    async def is_late() -> None:
        await asyncio.sleep(0.02)
        with socket.create_server(("127.0.0.1", port)):
            await asyncio.sleep(60)

    begin = f"the HTTP server on 127.0.0.1 port {port} did not start: "
    assert wait_for(fails, port) == f"{begin}it broke True"
    assert wait_for(is_late, port) == "ready"
    monkeypatch.setattr(server, "START_SECONDS", 0.05)
    assert wait_for(idles, port) == f"{begin}did not accept a connection within 0.05 s True"


@pytest.mark.parametrize("parent", [None, os.getppid(), 1 << 30])
def test_it_serves_until_it_is_told_to_end(parent: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a signal, or because its parent has gone; the URL is told once it listens, with the port that it got."""
    served: list[str] = []

    class Idle:
        def __init__(self, app: object, **more: Any) -> None:
            self.address = more["address"], more["port"]

        async def serve(self) -> None:
            with socket.socket() as listening:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                listening.bind(self.address)
                listening.listen()
                await asyncio.sleep(60)

    def started(url: str) -> None:
        served.append(url)
        if parent is None or parent == os.getppid():
            asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(server, "Server", Idle)
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr(server, "_allow_many_files", lambda: None)
    with asyncio.Runner(loop_factory=server.new_loop) as runner:
        runner.run(server.serve(None, server.Address("127.0.0.1", 0), started, parent))
    [url] = served
    assert url.startswith("http://127.0.0.1:")
    assert int(url.rpartition(":")[2]) > 0


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_only_the_connection_of_the_client_is_cut(host: str) -> None:
    """Of two clients the other one goes on; what was sent before arrives."""

    async def cut() -> tuple[bytes, bytes]:
        arrived: list[asyncio.StreamWriter] = []
        both = asyncio.Event()

        async def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.append(writer)
            if len(arrived) == 2:
                both.set()
            writer.write(b"data")
            await writer.drain()

        listening = await asyncio.start_server(accept, host, 0)
        address = listening.sockets[0].getsockname()
        (one, writer), (two, other) = [await asyncio.open_connection(*address[:2]) for _ in range(2)]
        await both.wait()

        async def nothing(*_: Any) -> Any:
            return None

        scope = {"method": "", "raw_path": b"", "query_string": b"", "client": writer.get_extra_info("sockname")[:2]}
        await Exchange(scope, nothing, nothing).cut()
        found = await one.read(), await two.readexactly(4)
        with suppress(TimeoutError):
            await asyncio.wait_for(two.read(1), 0.02)
            found = (b"", b"")  # the other one was cut, too
        for end in (writer, other, *arrived):
            end.close()
        listening.close()
        return found

    assert asyncio.run(cut()) == (b"data", b"data")


def test_a_server_is_waited_for_and_its_parent_looked_for_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds at most for its start, and five times a second for its parent."""
    loop, parents = Loop(), [5, 5, 5, 1]

    def refuse(*_: Any) -> Any:
        raise OSError

    class Idle:
        async def serve(self) -> None:
            await asyncio.sleep(3600)

    async def at_once(*_: Any) -> None:
        return None

    async def starts() -> str:
        with pytest.raises(server.ServerError) as raised:
            await server._wait_until_accepting("h", 5, asyncio.ensure_future(Idle().serve()))
        return f"{raised.value} {loop.time():.2f}"

    with monkeypatch.context() as changed:
        changed.setattr(asyncio, "open_connection", refuse)
        said = "the HTTP server on h port 5 did not start: did not accept a connection within 10 s 10.0"
        assert loop.run_until_complete(starts())[:-1] == said
    monkeypatch.setattr(server, "_wait_until_accepting", at_once)
    monkeypatch.setattr(server, "_server", lambda *_: Idle())
    monkeypatch.setattr(server, "_allow_many_files", lambda: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr(os, "getppid", lambda: parents.pop(0))
    urls: list[str] = []
    began_s = loop.time()
    loop.run_until_complete(server.serve(None, server.Address("127.0.0.1", 0), urls.append, 5))
    assert loop.time() - began_s == pytest.approx(0.6)
    assert (len(urls), parents) == (1, [])
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()


def test_bodies_of_the_largest_size() -> None:
    """25 million bytes, as the service has it; four times as much is read before a refusal."""
    body = b"x" * 25_000_000

    def read(*pieces: bytes) -> int:
        left = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        left[-1]["more_body"] = False

        async def receive() -> Any:
            return left.pop(0) if left else await asyncio.Event().wait()

        scope = {"method": "", "raw_path": b"", "query_string": b"", "headers": []}
        return len(asyncio.run(Exchange(scope, receive, cast("Any", None)).body()))

    assert read(body) == 25_000_000
    for pieces in ((body, b"x"), (body,) * 4):
        with pytest.raises(ServiceError, match="less than or equal to 25000000"):
            read(*pieces)
