"""Exchange: one HTTP request and its answer, over ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

FLUSH_SECONDS = 0.02
"""What the server gets to write out what was sent before a connection is cut."""


class Exchange:
    """One HTTP request and its answer."""

    def __init__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.path: str = scope["raw_path"].decode("latin-1")
        """As it was sent, still percent-encoded, without the query."""
        self._client = scope["client"]
        self._receive = receive
        self._send = send

    async def body(self) -> bytes:
        """The request body. A client that goes away cancels the task that called this, now or later."""
        body, more = b"", True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self._cancel_when_client_leaves()
        return body

    def _cancel_when_client_leaves(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a request is always handled in a task
        asyncio.ensure_future(self._receive()).add_done_callback(lambda _: task.cancel())

    async def respond(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with a whole body."""
        await self.begin(status, {**headers, "content-length": str(len(body))})
        await self._send({"type": "http.response.body", "body": body})

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Send the status and headers of a body that comes in chunks."""
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": pairs})

    async def chunk(self, data: bytes) -> None:
        """Send one chunk, at once."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End a body that came in chunks."""
        await self._send({"type": "http.response.body", "body": b""})

    async def cut(self) -> None:
        """Cut the connection, with all that goes on over it (HTTP/2).

        ASGI has no way to do so, therefore the socket is looked up among the open files of the process.
        """
        await asyncio.sleep(FLUSH_SECONDS)
        host, port = self._client
        for name in os.listdir("/dev/fd"):  # noqa: PTH208  # numbers, not paths
            _shut_down_if_from(int(name), (host, int(port)))


def _shut_down_if_from(fd: int, client: tuple[str, int]) -> None:
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as connection:
        if connection.getpeername()[:2] == client:
            connection.shutdown(socket.SHUT_RDWR)
