"""The worker processes that `--processes` makes of the master: none outlives it, not even one that is stopped."""

from __future__ import annotations

import atexit
import logging

import gevent
import psutil

logger = logging.getLogger(__name__)

END_LIMIT_S = 25
"""How long they may take to end after their master, in seconds. A worker that hears nothing ends within 20 s."""
LOOK_S = 0.1


class ChildWorkers:
    """The worker processes of this process. Make this object before the process starts any other child.

    At its end Locust leaves those behind that have not ended: a worker that was stopped (SIGSTOP) would stay for good.
    """

    def __init__(self, limit_s: float = END_LIMIT_S) -> None:
        self._limit_s = limit_s
        self._children = psutil.Process().children()

    def begin(self) -> None:
        """A run begins: wait for the workers when this process ends."""
        if self._children:
            # Once, and after Locust's own, so that it comes first.
            atexit.unregister(self.end)
            atexit.register(self.end)

    def end(self) -> None:
        """Wait until they have ended; wake one that was stopped, so that it can keep its rows; kill late ones."""
        waited_s = 0.0
        while (here := list(filter(_is_alive, self._children))) and waited_s < self._limit_s:
            for child in here:
                _wake(child)
            gevent.sleep(LOOK_S)
            waited_s += LOOK_S
        for child in here:
            logger.error("bedrock-locust: worker process %d did not end within %d s: killed", child.pid, self._limit_s)
            child.kill()


def _is_alive(child: psutil.Process) -> bool:
    try:
        return bool(child.is_running() and child.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _wake(child: psutil.Process) -> None:
    try:
        if child.status() == psutil.STATUS_STOPPED:
            logger.warning("bedrock-locust: worker process %d stands still: it is woken, to end", child.pid)
            child.resume()
    except psutil.NoSuchProcess:
        pass
