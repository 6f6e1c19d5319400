"""Signals that end a run early: the first stops it in good order, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

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
        self._signals = {signal.SIGINT: "Ctrl-C", **({signal.SIGTERM: "SIGTERM"} if terminate else {})}
        self._handlers: list[Any] = []
        self._listen()

    def forget(self) -> None:
        """A new run begins."""
        if self.name:
            self.name = ""
            self._listen()

    def _listen(self) -> None:
        self._handlers = [
            gevent.signal_handler(signum, self._on_signal, name) for signum, name in self._signals.items()
        ]

    def _let_the_next_end_at_once(self) -> None:
        """Have Python itself take the next one: gevent's loop stands still while the report is made."""
        for handler in self._handlers:
            handler.cancel()
        for signum in self._signals:
            signal.signal(signum, self._at_once)

    def _at_once(self, *_: object) -> None:
        print("\nbedrock-locust: again, ending at once", file=sys.stderr, flush=True)
        # Between any two steps of the program: a file may be in the middle of a write.
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            self._last_words()
        os._exit(EXIT_AT_ONCE)

    def _on_signal(self, name: str) -> None:
        self.name = name
        self._let_the_next_end_at_once()
        print(f"\nbedrock-locust: {name}, stopping (again to end at once)", file=sys.stderr, flush=True)
        end = SystemExit(EXIT_AT_ONCE) if self._is_waiting() else KeyboardInterrupt()
        # To the main greenlet, as gevent does with Python's own; raised here, it would also print a traceback.
        gevent.get_hub().handle_system_error(type(end), end)
