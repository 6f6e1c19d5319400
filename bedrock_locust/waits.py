"""How a greenlet waits for a socket: with a watcher that is made once, and one timer for a whole response.

gevent's own socket makes both anew for each read, and tries to read before it waits.
"""

from __future__ import annotations

import time
from typing import Any

import gevent

READABLE, WRITABLE = 1, 2


class Waits:
    """The waits for one socket; only one greenlet at a time waits."""

    def __init__(self, fileno: int, limit_s: float) -> None:
        self._hub = gevent.get_hub()
        self._switch_to_hub = self._hub.switch
        self.readable = self._hub.loop.io(fileno, READABLE)
        self._fileno = fileno
        self._limit_s = limit_s
        self._since = 0.0
        self._waiting: Any = None
        self._timer = self._hub.loop.timer(limit_s)

    def begin(self) -> None:
        """Start the timer."""
        self._since = time.perf_counter()
        self._timer.start(self._on_timer)

    def end(self) -> None:
        """Stop the timer."""
        self._timer.stop()

    def until_writable(self) -> None:
        """Wait until there is room to write. Raises TimeoutError after the limit."""
        watcher = self._hub.loop.io(self._fileno, WRITABLE)
        try:
            self.until(watcher)
        finally:
            watcher.close()

    def until(self, watcher: Any) -> None:
        """Wait until this watcher, `readable` most of the time, sees something. Raises TimeoutError."""
        current = gevent.getcurrent()
        self._waiting = current
        watcher.start(current.switch)
        try:
            self._switch_to_hub()
        finally:
            watcher.stop()
            self._waiting = None
        self._since = time.perf_counter()

    def _on_timer(self) -> None:
        """Time out a wait that has lasted for the limit; else look again when it would have."""
        left = self._limit_s - (time.perf_counter() - self._since)
        if left <= 0 and self._waiting is not None:
            self._waiting.throw(TimeoutError("timed out"))
            return
        self._timer.close()
        self._timer = self._hub.loop.timer(max(left, 0.001))
        self._timer.start(self._on_timer)

    def close(self) -> None:
        """Give the watchers back."""
        self._timer.close()
        self.readable.close()
