"""Pollers: they watch all sockets that are being read, and read in the hub what has arrived.

To wake a process up costs more than to read a token, because its caches are cold. The kernel has stamped
the bytes, so reading them a little later changes no time. So when many sockets have news often, they are
read together every COLLECT_S. They are read at once where there are no stamps, where there are few sockets,
and while one of them brings much.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import gevent
from gevent import monkey

if TYPE_CHECKING:
    from collections.abc import Callable

STAMPED = sys.platform == "linux" and sys.maxsize > 2**32
"""Whether the kernel can stamp what arrives."""

COLLECT_S = 0.003
"""It is shorter than the time between two tokens: segments that wait together keep only the last stamp."""

FEW = 8
"""Up to this number of sockets, waking up for each of them costs little."""

ASLEEP_S = 0.0002
"""The event loop has not slept if it waited for less than this."""

READABLE = 1
"""The same number for gevent's watchers and for epoll."""


class Poller(Protocol):
    """Runs a step in the hub whenever a socket has something to read.

    A step may not wait for anything. It says whether more is on its way, so that to wait would only delay it.
    """

    @property
    def unseen_since(self) -> float:
        """Since this moment, on time.perf_counter's clock, nobody has looked: what a step finds may be as old."""

    @property
    def not_before(self) -> float:
        """What a step finds has certainly arrived after this moment, which is no later than `unseen_since`."""

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""

    def unwatch(self, fileno: int) -> None:
        """Stop running the step of this socket, if there is one."""

    def resume(self, greenlet: Callable[[], None]) -> None:
        """Let a greenlet go on after what has arrived is read, because it may have much to do."""

    def close(self) -> None:
        """Give the watchers back."""


class EagerPoller:
    """Reads at once: each socket has a watcher of its own."""

    def __init__(self) -> None:
        self._loop = gevent.get_hub().loop
        self._watchers: dict[int, Any] = {}
        self.unseen_since = self.not_before = 0.0

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""
        watcher = self._watchers[fileno] = self._loop.io(fileno, READABLE)
        watcher.start(step)

    def unwatch(self, fileno: int) -> None:
        """Stop running the step of this socket, if there is one."""
        if watcher := self._watchers.pop(fileno, None):
            watcher.close()

    def resume(self, greenlet: Callable[[], None]) -> None:
        """Let a greenlet go on after the sockets of this round of the event loop."""
        self._loop.run_callback(greenlet)

    def close(self) -> None:
        """Give the watchers back."""
        for fileno in list(self._watchers):
            self.unwatch(fileno)


class BatchPoller:
    """Reads in batches: all sockets are in one epoll set, which gevent watches, or which is read every COLLECT_S.

    Greenlets go on for COLLECT_S at a time. Each builds and signs its next request, and when hundreds of
    answers end together, the tokens of other streams must not wait for all of that.
    """

    def __init__(self) -> None:
        loop = gevent.get_hub().loop
        self._epoll = monkey.get_original("select", "epoll")()
        self._steps: dict[int, Callable[[], bool]] = {}
        self._to_resume: deque[Callable[[], None]] = deque()
        self._served_at = 0.0
        self._more_comes = False
        self._closed = False
        self._busy = Busy(loop)
        self._timer = loop.timer(COLLECT_S, COLLECT_S)
        # With ref=False it does not keep the loop running; a greenlet that waits for a socket has a timer that does.
        self._watcher = loop.io(self._epoll.fileno(), READABLE, ref=False)
        self._watcher.start(self._on_readable)
        self.unseen_since = self.not_before = 0.0

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""
        self._steps[fileno] = step
        self._epoll.register(fileno, READABLE)

    def unwatch(self, fileno: int) -> None:
        """Stop running the step of this socket, if there is one."""
        if self._steps.pop(fileno, None):
            self._epoll.unregister(fileno)

    def close(self) -> None:
        """Give the watchers back. A step, or the collector of garbage in the middle of one, may do it."""
        self._closed = True
        self._busy.close()
        self._timer.close()
        self._watcher.close()
        self._epoll.close()

    def resume(self, greenlet: Callable[[], None]) -> None:
        """Let a greenlet go on after the sockets, in the order of these calls."""
        self._to_resume.append(greenlet)

    def _on_readable(self) -> None:
        now = time.perf_counter()
        waits = self._collects(now) or (self._serve(now, self._busy) and self._to_resume)
        # gevent starts a closed timer again without a word.
        if waits and not self._closed:
            self._watcher.stop()
            self._timer.start(self._on_timer)

    def _collects(self, now: float) -> bool:
        """Whether to wait for more before reading."""
        return now - self._served_at < COLLECT_S and len(self._steps) > FEW and not self._more_comes

    def _on_timer(self) -> None:
        done = not self._serve(time.perf_counter(), None) or (self._more_comes and not self._to_resume)
        if done and not self._closed:
            self._timer.stop()
            self._watcher.start(self._on_readable)

    def _serve(self, now: float, woken: Busy | None) -> bool:
        """Read what is there, then let greenlets go on. Returns whether there was anything to do, or still is."""
        self.unseen_since = woken.since if woken else self._served_at
        self.not_before = min(woken.since, woken.asleep_at) if woken else self._served_at
        self._served_at = now
        ready = self._epoll.poll(0)
        step_of, more_comes = self._steps.get, False
        for fileno, _ in ready:
            # A step may have ended the watch of another.
            if (step := step_of(fileno)) and step():
                more_comes = True
        self._more_comes = more_comes
        to_resume = self._to_resume
        while to_resume and time.perf_counter() - now < COLLECT_S:
            to_resume.popleft()()
        return bool(ready or to_resume)


class Busy:
    """Notes when the event loop sleeps and wakes up: news that it finds without sleeping may have waited meanwhile."""

    def __init__(self, loop: Any) -> None:
        self.since = self._woken_at = self.asleep_at = time.perf_counter()
        self._before, self._after = loop.prepare(ref=False), loop.check(ref=False)
        self._before.start(self._on_sleep)
        self._after.start(self._on_wake)

    def _on_sleep(self) -> None:
        self.asleep_at = time.perf_counter()

    def _on_wake(self) -> None:
        now = time.perf_counter()
        # After a sleep the news has just come. Without one it may have come at any time since the last waking.
        self.since = now if now - self.asleep_at > ASLEEP_S else self._woken_at
        self._woken_at = now

    def close(self) -> None:
        """Give the watchers back."""
        self._before.close()
        self._after.close()


def new_poller() -> Poller:
    """The poller that fits this system, for the hub of this process."""
    return BatchPoller() if STAMPED else EagerPoller()
