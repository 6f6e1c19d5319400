"""The pool of open connections that are not in use."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from bedrock_locust.wire.connection import Connection
from bedrock_locust.wire.polling import new_poller

if TYPE_CHECKING:
    import ssl

    from bedrock_locust.wire.connection import Address
    from bedrock_locust.wire.polling import Poller

IDLE_LIMIT = 1000
"""Idle connections of an endpoint that are kept."""


def _close_all(idle: dict[Address, list[Connection]], poller: Poller) -> None:
    for connections in idle.values():
        for connection in connections:
            connection.close()
    poller.close()


class Pool:
    """Idle connections, by address. The one that was used last is taken first."""

    def __init__(self, context: ssl.SSLContext | None, connect_s: float, read_s: float) -> None:
        """Connections with TLS need a `context`; for the seconds see Connection."""
        self._context = context
        self._connect_s = connect_s
        self._read_s = read_s
        self._poller = new_poller()
        self._idle: dict[Address, list[Connection]] = {}
        weakref.finalize(self, _close_all, self._idle, self._poller)

    def take(self, address: Address) -> Connection | None:
        """An idle connection that is still open."""
        idle = self._idle.get(address, [])
        while idle:
            connection = idle.pop()
            if not connection.is_stale():
                return connection
            connection.close()
        return None

    def connect(self, address: Address) -> Connection:
        """A new connection."""
        return Connection(address, self._context, self._connect_s, self._read_s, self._poller)

    def give(self, address: Address, connection: Connection) -> None:
        """Take back a connection that is ready for another request."""
        connection.rest()
        idle = self._idle.setdefault(address, [])
        if len(idle) < IDLE_LIMIT:
            idle.append(connection)
        else:
            connection.close()
