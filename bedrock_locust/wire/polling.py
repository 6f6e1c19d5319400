"""What has arrived, over all sockets that are being read: served in the hub, many at one waking.

A process that sleeps and is woken for each token pays more for the waking, with cold caches, than for
the token. The kernel has stamped the bytes, so that reading them a little later bends no time: once
they come thick and fast, they are fetched every COLLECT_S. Where there are no stamps, or few sockets, or much
comes on one of them, at once.
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

COLLECT_S = 0.002
"""Shorter than the silence between two tokens of a stream: segments that wait together keep one stamp, the last."""

FEW = 8
"""So few sockets cannot wake a process so often that it matters."""

ASLEEP_S = 0.0002
"""A wait for news that takes less found some at once."""

READABLE = 1
"""The same number for gevent's watchers and for epoll."""


class Poller(Protocol):
    """Runs a step in the hub whenever a socket has something to read.

    A step may not wait for anything. It says whether more is on its way, so that to wait would only delay it.
    """

    @property
    def unseen_since(self) -> float:
        """What a step finds may have waited since this moment, on time.perf_counter's clock: nobody looked."""

    @property
    def not_before(self) -> float:
        """When what a step finds had not arrived yet, for certain: at most as late as `unseen_since`."""

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""

    def unwatch(self, fileno: int) -> None:
        """Run it no more; nothing happens where none runs."""

    def resume(self, greenlet: Callable[[], None]) -> None:
        """Let a greenlet go on, once what has arrived is read: it may have much to do."""

    def close(self) -> None:
        """Give the watchers back."""


class EagerPoller:
    """Each socket with a watcher of its own."""

    def __init__(self) -> None:
        self._loop = gevent.get_hub().loop
        self._watchers: dict[int, Any] = {}
        self.unseen_since = self.not_before = 0.0

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""
        watcher = self._watchers[fileno] = self._loop.io(fileno, READABLE)
        watcher.start(step)

    def unwatch(self, fileno: int) -> None:
        """Run the step of this socket no more."""
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
    """All sockets in one epoll set, which gevent watches in its turn: at once, or every COLLECT_S.

    Greenlets go on for COLLECT_S at a time: each has its next request to build and to sign, and when
    hundreds of answers end together the tokens of the others would wait for all of that.
    """

    def __init__(self) -> None:
        loop = gevent.get_hub().loop
        self._epoll = monkey.get_original("select", "epoll")()
        self._steps: dict[int, Callable[[], bool]] = {}
        self._to_resume: deque[Callable[[], None]] = deque()
        self._served_at = 0.0
        self._more_comes = False
        self._busy = Busy(loop)
        self._timer = loop.timer(COLLECT_S, COLLECT_S)
        # Not counted as something that the loop has to do: whoever waits for a socket has a timer, too.
        self._watcher = loop.io(self._epoll.fileno(), READABLE, ref=False)
        self._watcher.start(self._on_readable)
        self.unseen_since = self.not_before = 0.0

    def watch(self, fileno: int, step: Callable[[], bool]) -> None:
        """Run the step for this socket from now on."""
        self._steps[fileno] = step
        self._epoll.register(fileno, READABLE)

    def unwatch(self, fileno: int) -> None:
        """Run the step of this socket no more."""
        if self._steps.pop(fileno, None):
            self._epoll.unregister(fileno)

    def close(self) -> None:
        """Give the watchers back."""
        self._busy.close()
        self._timer.close()
        self._watcher.close()
        self._epoll.close()

    def resume(self, greenlet: Callable[[], None]) -> None:
        """Let a greenlet go on in its turn, after the sockets."""
        self._to_resume.append(greenlet)

    def _on_readable(self) -> None:
        now = time.perf_counter()
        if self._collects(now) or (self._serve(now, self._busy) and self._to_resume):
            self._watcher.stop()
            self._timer.start(self._on_timer)

    def _collects(self, now: float) -> bool:
        """Whether news can wait, so that more is read at one waking."""
        return now - self._served_at < COLLECT_S and len(self._steps) > FEW and not self._more_comes

    def _on_timer(self) -> None:
        if not self._serve(time.perf_counter(), None) or (self._more_comes and not self._to_resume):
            self._timer.stop()
            self._watcher.start(self._on_readable)

    def _serve(self, now: float, woken: Busy | None) -> bool:
        """Read what is there, then let greenlets go on. Whether there was, or is, something to do."""
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
    """When the event loop has not looked for news: what it then finds at once may have waited since."""

    def __init__(self, loop: Any) -> None:
        self.since = self._woken_at = self.asleep_at = time.perf_counter()
        self._before, self._after = loop.prepare(ref=False), loop.check(ref=False)
        self._before.start(self._on_sleep)
        self._after.start(self._on_wake)

    def _on_sleep(self) -> None:
        self.asleep_at = time.perf_counter()

    def _on_wake(self) -> None:
        now = time.perf_counter()
        # Who has slept was woken by the news; who has not may find what has come since it woke up before.
        self.since = now if now - self.asleep_at > ASLEEP_S else self._woken_at
        self._woken_at = now

    def close(self) -> None:
        """Give the watchers back."""
        self._before.close()
        self._after.close()


def new_poller() -> Poller:
    """The poller that fits this system, for the hub of this process."""
    return BatchPoller() if STAMPED else EagerPoller()
