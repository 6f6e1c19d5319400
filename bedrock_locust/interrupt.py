"""Signals that end a run early: the first stops it in good order, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_AT_ONCE = 130
"""As a shell counts a process that Ctrl-C ended."""


class Interrupt:
    """What the signals of this process have asked for.

    Locust handles SIGTERM only once a run with a shape is over, and a second Ctrl-C with a traceback.
    """

    def __init__(self, *, terminate: bool, is_waiting: Callable[[], bool], last_words: Callable[[], None]) -> None:
        """Take over Ctrl-C and, where `terminate` says so, SIGTERM.

        `is_waiting` says whether nothing has begun that Locust could stop; `last_words` is called before
        an end at once.
        """
        self.name = ""
        self._is_waiting = is_waiting
        self._last_words = last_words
        self._handlers = [gevent.signal_handler(signal.SIGINT, self._on_signal, "Ctrl-C")]
        if terminate:
            self._handlers.append(gevent.signal_handler(signal.SIGTERM, self._on_signal, "SIGTERM"))

    def forget(self) -> None:
        """A new run begins."""
        self.name = ""

    def _on_signal(self, name: str) -> None:
        if self.name:
            print(f"\nbedrock-locust: {name} again, ending at once", file=sys.stderr, flush=True)
            self._last_words()
            os._exit(EXIT_AT_ONCE)
        self.name = name
        print(f"\nbedrock-locust: {name}, stopping (again to end at once)", file=sys.stderr, flush=True)
        end = SystemExit(EXIT_AT_ONCE) if self._is_waiting() else KeyboardInterrupt()
        # To the main greenlet, as gevent does with Python's own; raised here, it would also print a traceback.
        gevent.get_hub().handle_system_error(type(end), end)
