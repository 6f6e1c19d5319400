"""Server: granian in this process, from a free port to the end.

One process, one event loop: nothing is left behind whatever way it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from granian.constants import Interfaces
from granian.http import HTTP2Settings
from granian.server.embed import Server

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONNECTIONS = 16_384
START_SECONDS = 10.0
PARENT_CHECK_SECONDS = 0.2


class ServerError(Exception):
    """The server could not start. Its text says why, and what to do."""


async def serve(app: Any, host: str, port: int, started: Callable[[str], None], parent: int | None) -> None:
    """Serve until SIGTERM, SIGINT or, if `parent` is its process id, the end of that process.

    `started` gets the URL once connections are accepted. Raises `ServerError`.
    """
    stop = _stop_on_signals()
    with _reserve(host, port) as reserved:
        port = reserved.getsockname()[1]
        serving = asyncio.create_task(_server(app, host, port).serve())
        await _wait_until_accepting(host, port, serving)
    gc.collect()
    gc.freeze()
    started(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    while parent in (None, os.getppid()) and not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), None if parent is None else PARENT_CHECK_SECONDS)


def _stop_on_signals() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _server(app: Any, host: str, port: int) -> Server:
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        backlog=4096,
        backpressure=MAX_CONNECTIONS,
        http2_settings=HTTP2Settings(max_concurrent_streams=MAX_CONNECTIONS),
        log_enabled=False,
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
