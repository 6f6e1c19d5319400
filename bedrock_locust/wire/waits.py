"""How a greenlet waits for a socket, with one timer for a whole response.

gevent's own socket makes a watcher and a timer anew for each read, and tries to read before it waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from bedrock_locust.wire.polling import Poller

WRITABLE = 2
LAST_LOOK_S = 0.005
"""After the limit, this much time is left to read what has come."""


class Waits:
    """The waits for one socket; only one greenlet at a time waits. Each raises TimeoutError after the limit."""

    def __init__(self, fileno: int, limit_s: float, poller: Poller) -> None:
        self.since = 0.0
        """When something last came, on time.perf_counter's clock. The code that reads the socket sets it."""
        self._hub = gevent.get_hub()
        self._fileno = fileno
        self._limit_s = limit_s
        self._poller = poller
        self._waiting: Any = None
        self._woken = False
        self._over: float | None = None
        self._error: Exception | None = None
        self._timer = self._hub.loop.timer(limit_s)

    def begin(self) -> None:
        """Start the timer."""
        self._woken, self._error = False, None
        self.since = time.perf_counter()
        self._timer.start(self._on_timer)

    def end(self) -> None:
        """Stop the timer."""
        self._timer.stop()

    def until_writable(self) -> None:
        """Wait until there is room to write."""
        watcher = self._hub.loop.io(self._fileno, WRITABLE)
        watcher.start(gevent.getcurrent().switch)
        try:
            self._switch()
        finally:
            watcher.close()
        self.since = time.perf_counter()

    def until_woken(self) -> None:
        """Wait until `wake` is called, unless it was since the last wait. Raises the error given to it, each time."""
        if not self._woken and self._error is None:
            self._switch()
        self._woken = False
        if self._error is not None:
            raise self._error

    def wake(self, error: Exception | None = None) -> None:
        """Let the greenlet go on, or fail with an error, after all sockets that are ready have been read."""
        self._woken, self._error = True, error
        if self._waiting is not None:
            self._poller.resume(self._resume)

    def _resume(self) -> None:
        if self._waiting is not None:  # else it has been killed since
            self._waiting.switch()

    def _switch(self) -> None:
        self._waiting = gevent.getcurrent()
        try:
            self._hub.switch()
        finally:
            self._waiting = None

    def _on_timer(self) -> None:
        """Time out a wait that has reached the limit, or set the timer to when it would."""
        left = self._limit_s - (time.perf_counter() - self.since)
        # The first time, something may have come that is not read yet: a process that stood still runs its timers
        # before it looks at its sockets.
        if left <= 0 and self._waiting is not None and self._over == self.since:
            self._waiting.throw(TimeoutError("timed out"))
            return
        self._over = self.since if left <= 0 else None
        self._timer.close()
        self._timer = self._hub.loop.timer(max(left, LAST_LOOK_S))
        self._timer.start(self._on_timer)

    def close(self) -> None:
        """Give the timer back."""
        self._timer.close()
