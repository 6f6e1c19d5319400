"""The connection of a worker to its master, as the worker hears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from gevent import socket

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT_S = 5
"""The other side is called silent from here on, in seconds: Locust's processes hear each other once a second."""
REFUSED_S = 10
"""A worker whose master's port has refused connections for so long, in seconds, has no master any more."""
_PROBE_S = 2


class Link:
    """How long the master has been silent. In seconds that this process has lived through: it may have been frozen."""

    def __init__(self, host: str, port: int, on_gone: Callable[[str], None]) -> None:
        """`on_gone` is told why, once the master is given up."""
        self.timeout_s = 0
        """After so many seconds of silence the master is given up; 0 for never, as long as its port is there."""
        self._address = host, port
        self._on_gone = on_gone
        self._silent_s = self._refused_s = 0
        self._given_up = False
        gevent.spawn(self._keep)

    def hear(self) -> None:
        """The master has said something."""
        self._silent_s = self._refused_s = 0
        self._given_up = False

    @property
    def hearing(self) -> bool:
        """Whether the master has said something of late."""
        return self._silent_s < SILENT_S

    @property
    def reachable(self) -> bool:
        """Whether there may be an answer: the master is not given up, nor has its port refused a connection of late."""
        return not (self._given_up or self._refused_s)

    def _keep(self) -> None:
        while True:
            gevent.sleep(1)
            self._silent_s += 1
            if not (self.hearing or self._given_up):
                self._judge()

    def _judge(self) -> None:
        self._refused_s = self._refused_s + 1 if self._is_refused() else 0
        host, port = self._address
        if self._refused_s >= REFUSED_S:
            self._give_up(f"the master's port {host}:{port} has refused connections for {REFUSED_S} s")
        elif 0 < self.timeout_s <= self._silent_s:
            self._give_up(f"no word from the master ({host}:{port}) for {self.timeout_s} s")

    def _give_up(self, why: str) -> None:
        self.timeout_s = 0
        self._given_up = True
        self._on_gone(why)

    def _is_refused(self) -> bool:
        """Whether nobody listens there: a network that is down does not answer at all."""
        try:
            socket.create_connection(self._address, timeout=_PROBE_S).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False
