"""The stop of a run: brought to its end in a greenlet that nobody kills, whoever asked for it.

Locust ends a run in the greenlet in which somebody asked for that: a task, a listener, its connection to the workers.
That greenlet can be killed on the way, by the very stop that it carries out, and the run would have no end.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from bedrock_locust.process.locust_patches import stop_anew

if TYPE_CHECKING:
    from collections.abc import Callable

    from locust.runners import Runner

logger = logging.getLogger(__name__)

LOOK_S = 0.1


class RunStop:
    """The stop of one run. Make it in the greenlet that stops the load: at Locust's `test_stopping`."""

    def __init__(self, runner: Runner, end: Callable[[], None], *, limit_s: float, quits: bool) -> None:
        """`end` is called once when the load is over, or after `limit_s`. With `quits`, Locust is told to quit then."""
        self._runner = runner
        self._end = end
        self._limit_s = limit_s
        self._quits = quits
        self._stopper = gevent.getcurrent()
        self._load_over, self._done = Event(), Event()
        self._greenlet = gevent.spawn(self._run)

    def load_is_over(self) -> None:
        """Locust has stopped the load: end the run, and return when it has ended."""
        self._load_over.set()
        self.wait()

    def wait(self) -> None:
        """Return when the run has ended."""
        if gevent.getcurrent() is not self._greenlet:
            self._done.wait()

    @property
    def is_done(self) -> bool:
        """Whether the run has ended."""
        return self._done.is_set()

    def _run(self) -> None:
        taken_over = False
        waited_s = 0.0
        while not self._load_over.wait(LOOK_S) and waited_s < self._limit_s:
            waited_s += LOOK_S
            if self._stopper.dead and not taken_over:
                taken_over = True
                stop_anew(self._runner)
        try:
            self._end()
        except Exception:
            logger.exception("bedrock-locust: the run could not be brought to its end")
        finally:
            self._done.set()
        if self._quits:
            self._runner.quit()
