"""The end of a process that was not asked to end a run first, such as by `sys.exit` in a task."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable


def undisturbed(do: Callable[[], None]) -> None:
    """Do something at the exit that takes a while: a further exit, by another task, changes nothing."""
    doing = gevent.spawn(do)
    while not doing.ready():
        with contextlib.suppress(SystemExit, KeyboardInterrupt):
            doing.join()


class ExitCode:
    """Replaces the exit code of a process that ends by itself. Make it early: it has to be the last at the exit."""

    def __init__(self) -> None:
        self.code = 0
        """The exit code to end with; 0 leaves the one of the process."""
        atexit.register(self._leave)

    def _leave(self) -> None:
        if self.code:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.code)
