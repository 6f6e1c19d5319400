"""Exchange: one HTTP request and its answer, over ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

FLUSH_SECONDS = 0.02
"""Time for the server to write what was sent, before the connection is cut."""

MAX_BODY = 25_000_000
"""Bytes; the limit of `body` in botocore's model of InvokeModel."""

DRAINED = 4 * MAX_BODY
"""Bytes that are read of a body that is too large, because most clients send all of it before they read."""

BODY_SECONDS = 60.0
"""The longest silence in the middle of a request body."""


class ClientGoneError(Exception):
    """The client went away, or ended its side of the connection, in the middle of its request."""


class Exchange:
    """One HTTP request and its answer."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        """The path as it was sent, percent-encoded, without the query."""
        self.query: str = scope["query_string"].decode("latin-1")
        self._scope = scope
        self._body: bytes | None = None
        self._receive = receive
        self._send = send
        self._is_detached = False

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in lower case, and values."""
        return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._scope["headers"]]

    async def body(self) -> bytes:
        """The request body. Raises `ServiceError` if it is too large or does not come in time, and `ClientGoneError`.

        If the client disconnects, now or later, the task that called this is cancelled.
        """
        if self._body is not None:
            return self._body
        body, length, more = bytearray(), 0, True
        while more:
            message = await self._next()
            piece = message.get("body", b"")
            more, length = message.get("more_body", False), length + len(piece)
            if length > DRAINED:
                break
            if length <= MAX_BODY:
                body += piece
        self._cancel_when_client_leaves()
        if length > MAX_BODY:
            raise ServiceError(
                "ValidationException",
                "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length "
                f"less than or equal to {MAX_BODY}",
            )
        self._body = bytes(body)
        return self._body

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise ServiceError("RequestTimeoutException", "The request body did not come in time.") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return message

    def _cancel_when_client_leaves(self) -> None:
        # A request is always handled in a task.
        if task := asyncio.current_task():
            asyncio.ensure_future(self._receive()).add_done_callback(lambda _: self._is_detached or task.cancel())

    def detach(self) -> None:
        """Let the task that serves the request go on when the client leaves, or has its answer."""
        self._is_detached = True

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with a whole body."""
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status and headers of a body that comes in chunks."""
        pairs = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def chunk(self, data: bytes) -> None:
        """Send one chunk, at once."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End a body that came in chunks."""
        await self._send({"type": "http.response.body", "body": b""})

    async def cut(self) -> None:
        """Cut the connection, with all that goes on over it (HTTP/2).

        ASGI cannot do this, so the socket is looked up among the open files of the process.
        """
        await asyncio.sleep(FLUSH_SECONDS)
        host, port = self._scope["client"]
        for name in os.listdir("/dev/fd"):  # noqa: PTH208  # numbers, not paths
            _shut_down_if_from(int(name), (host, int(port)))


def _shut_down_if_from(fd: int, client: tuple[str, int]) -> None:
    # Only of a socket is a copy made: of another file, the copy would stay open when that fails.
    with contextlib.suppress(OSError):
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as connection:  # of whichever family it is
        if connection.getpeername()[:2] == client:
            connection.shutdown(socket.SHUT_RDWR)
