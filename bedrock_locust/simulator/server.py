"""Server: runs granian in this process.

There is one process and one event loop, so nothing is left behind however it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import selectors
import signal
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.embed import Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.simulator.tls import Files

MAX_CONNECTIONS = 16_384
START_SECONDS = 10.0
PARENT_CHECK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Address:
    """The address to serve at. Port 0 takes a free one; with `tls`, only TLS is served."""

    host: str
    port: int
    tls: Files | None = None

    @property
    def url(self) -> str:
        """The URL of the endpoint."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


class ServerError(Exception):
    """The server could not start. Its text says why, and what to do."""


def new_loop() -> asyncio.AbstractEventLoop:
    """An event loop with exact timers.

    The sockets are granian's own; the loop itself waits for two files. With epoll its timers would be
    late by up to 1 ms, which select is not.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


async def serve(app: Any, address: Address, started: Callable[[str], None], parent: int | None) -> None:
    """Serve until SIGTERM, SIGINT or, if `parent` is its process id, the end of that process.

    `started` gets the URL once connections are accepted. Raises `ServerError`.
    """
    stop = _stop_on_signals()
    _allow_many_files()
    with _reserve(address.host, address.port) as reserved:
        address = replace(address, port=reserved.getsockname()[1])
        serving = asyncio.create_task(_server(app, address).serve())
        await _wait_until_accepting(address.host, address.port, serving)
    gc.collect()
    gc.freeze()
    started(address.url)
    while parent in (None, os.getppid()) and not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), None if parent is None else PARENT_CHECK_SECONDS)


def _stop_on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _allow_many_files() -> None:
    """Raise the limit of open files as far as this process may. Each connection is an open file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 1024
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _server(app: Any, address: Address) -> Server:
    return Server(
        app,
        address=address.host,
        port=address.port,
        interface=Interfaces.ASGINL,
        backlog=4096,
        backpressure=MAX_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=60_000),
        http2_settings=HTTP2Settings(max_concurrent_streams=MAX_CONNECTIONS),
        log_enabled=False,
        ssl_cert=address.tls.certificate if address.tls else None,
        ssl_key=address.tls.key if address.tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
        websockets=False,
    )


def _reserve(host: str, port: int) -> socket.socket:
    """A socket that holds a free port until granian listens on it.

    Granian sets SO_REUSEPORT, so that it starts on a taken port without a word and gets some of the
    connections; the first bind, without that option, finds out.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0][0]
        if port:
            _bind(family, host, port, socket.SO_REUSEADDR).close()
        return _bind(family, host, port, socket.SO_REUSEPORT)
    except OSError as error:
        raise ServerError(
            f"cannot listen on {host} port {port}: {error.strerror or error}. Choose another one with --port "
            "(0 takes a free one), or stop what uses it; --host has to be an address of this machine."
        ) from None


def _bind(family: int, host: str, port: int, option: int) -> socket.socket:
    reserved = socket.socket(family, socket.SOCK_STREAM)
    try:
        reserved.setsockopt(socket.SOL_SOCKET, option, 1)
        reserved.bind((host, port))
    except OSError:
        reserved.close()
        raise
    return reserved


async def _wait_until_accepting(host: str, port: int, serving: asyncio.Task[None]) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline and not serving.done():
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()
            return
        await asyncio.sleep(0.005)
    serving.cancel()
    reason = f"did not accept a connection within {START_SECONDS:g} s"
    if serving.done() and not serving.cancelled():
        reason = str(serving.exception())
    raise ServerError(f"the HTTP server on {host} port {port} did not start: {reason}")
