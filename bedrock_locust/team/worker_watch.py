"""A worker's watch over its master: how long it has been silent, and whether its port still answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent
from gevent import socket

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT_S = 5
"""The other side counts as silent after this time, in seconds: Locust's processes hear each other once a second."""
REFUSED_S = 10
"""A worker gives up its master once the master's port has refused connections for this long, in seconds."""
_PROBE_S = 2


class Watch:
    """How long the master has been silent. Counts only seconds in which this process ran: it may have been frozen."""

    def __init__(self, host: str, port: int, on_gone: Callable[[str], None]) -> None:
        """`on_gone` is called with the reason when the master is given up."""
        self.timeout_s = 0
        """The master is given up after this many seconds of silence; 0 means never while its port answers."""
        self._address = host, port
        self._on_gone = on_gone
        self._silent_s = self._refused_s = 0
        self._given_up = False
        gevent.spawn(self._keep)

    def hear(self) -> None:
        """A message of the master has arrived."""
        self._silent_s = self._refused_s = 0
        self._given_up = False

    @property
    def hearing(self) -> bool:
        """Whether a message of the master has arrived within SILENT_S."""
        return self._silent_s < SILENT_S

    @property
    def reachable(self) -> bool:
        """Whether an answer can be expected: the master is not given up and its port did not refuse us."""
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
        """Whether nothing listens on the master's port. A network that is down refuses nothing: it is silent."""
        try:
            socket.create_connection(self._address, timeout=_PROBE_S).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False
