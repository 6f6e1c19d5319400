"""The workers of `--processes`, which are forks of their master: none outlives it, not even one that stands still."""

from __future__ import annotations

import atexit
import logging

import gevent
import psutil

logger = logging.getLogger(__name__)

END_LIMIT_S = 25
"""How long they may take to end after their master has come to its end. One that hears nothing ends within 20 s."""
LOOK_S = 0.1


class Forks:
    """The forks of this process; made before it starts any other child.

    Locust asks at its end whether they have ended, and leaves those behind that have not: a worker that was stopped
    would stay for good.
    """

    def __init__(self, limit_s: float = END_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._forks = psutil.Process().children()

    def begin(self) -> None:
        """A run begins with them."""
        if self._forks:
            # Once, and after Locust's own, so that it comes first.
            atexit.unregister(self.end)
            atexit.register(self.end)

    def end(self) -> None:
        """Wait for their end; wake one that was stopped, so that it can keep its rows, and kill what is late."""
        waited_s = 0.0
        while (here := list(filter(_is_alive, self._forks))) and waited_s < self._limit_s:
            for fork in here:
                _wake(fork)
            gevent.sleep(LOOK_S)
            waited_s += LOOK_S
        for fork in here:
            logger.error("bedrock-locust: worker process %d did not end within %d s: killed", fork.pid, self._limit_s)
            fork.kill()


def _is_alive(fork: psutil.Process) -> bool:
    try:
        return bool(fork.is_running() and fork.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _wake(fork: psutil.Process) -> None:
    try:
        if fork.status() == psutil.STATUS_STOPPED:
            logger.warning("bedrock-locust: worker process %d stands still: it is woken, to end", fork.pid)
            fork.resume()
    except psutil.NoSuchProcess:
        pass
