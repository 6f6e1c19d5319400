"""The worker processes that `--processes` makes: none outlives its parent, not even one that is stopped."""

from __future__ import annotations

import atexit
import logging
import os
from typing import TYPE_CHECKING

import gevent
import psutil

from bedrock_locust import exits

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

END_LIMIT_S = 25
"""How long they may take to end after their master, in seconds. A worker that hears nothing ends within 20 s."""
LOOK_S = 0.1
LOOK_FOR_PARENT_S = 0.2
LINGER_S = 2.0
"""How long a worker without a parent may take to end in good order."""


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


class Parent:
    """The process that Locust forks into workers, for these. Make this object before it does."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    @property
    def is_gone(self) -> bool:
        """Whether this is a worker of it that it has left behind."""
        return os.getpid() != self._pid and os.getppid() != self._pid

    def end_with_it(self, has_run: Callable[[], bool]) -> None:
        """End this process once its parent has, unless it has had a run: then it has rows to hand over or to keep.

        Locust 2.47 leaves its workers behind where it ends before a run: by a refusal, by a signal, or by an error.
        They would look for a master for minutes.
        """
        if os.getpid() != self._pid:
            gevent.spawn(self._watch, has_run)

    def _watch(self, has_run: Callable[[], bool]) -> None:
        while not has_run():
            if self.is_gone:
                # To the main greenlet, as a signal would.
                gevent.get_hub().handle_system_error(SystemExit, SystemExit(exits.FAILED))
                gevent.sleep(LINGER_S)
                os._exit(exits.FAILED)
            gevent.sleep(LOOK_FOR_PARENT_S)
