"""Signals that end a run early: the first stops it in good order, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust import exits

if TYPE_CHECKING:
    from collections.abc import Callable


class Interrupt:
    """What the signals of this process have asked for.

    Locust handles SIGTERM only once a run with a shape is over, a second Ctrl-C with a traceback, and SIGHUP, the
    terminal that went away, not at all.
    """

    def __init__(
        self,
        respond: Callable[[], type[BaseException] | None],
        last_words: Callable[[], None],
        *,
        terminate: bool,
        theirs: bool = False,
        quiet: bool = False,
    ) -> None:
        """Take over Ctrl-C, SIGHUP unless it is ignored, as by nohup, and, where `terminate` says so, SIGTERM.

        With `theirs` Locust ends the process at SIGTERM by itself, and only the second one is taken over.
        `respond` says what to raise in the main greenlet: KeyboardInterrupt to have Locust stop, or None where
        it is stopping already. `last_words` is called before an end at once. `quiet` leaves the talking to others.
        """
        self.name = ""
        """The signal that ended the run, if one did."""
        self._taken = False
        self._respond = respond
        self._last_words = last_words
        self._quiet = quiet
        self._theirs = {signal.SIGTERM} if theirs else set()
        self._signals = {signal.SIGINT: "Ctrl-C", **({signal.SIGTERM: "SIGTERM"} if terminate else {})}
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            self._signals[signal.SIGHUP] = "SIGHUP (the terminal went away)"
        self._handlers: list[Any] = []
        self._listen()

    def forget(self) -> None:
        """A new run begins."""
        self.name = ""
        if self._taken:
            self._taken = False
            self._listen()

    def _listen(self) -> None:
        self._handlers = [gevent.signal_handler(signum, self._on_signal, signum) for signum in self._signals]

    def _let_the_next_end_at_once(self) -> None:
        """Have Python itself take the next one: gevent's loop stands still while the report is made."""
        for handler in self._handlers:
            handler.cancel()
        for signum in self._signals:
            signal.signal(signum, self._at_once)

    def _at_once(self, *_: object) -> None:
        # Between any two steps of the program: a file may be in the middle of a write, the terminal may be gone.
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            self._say("again, ending at once")
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            self._last_words()
        os._exit(exits.ENDED_AT_ONCE)

    def _on_signal(self, signum: signal.Signals) -> None:
        self._taken = True
        if signum == signal.SIGHUP:
            _leave_terminal()
        self._let_the_next_end_at_once()
        self._say(f"{self._signals[signum]}, stopping (again to end at once)")
        if signum in self._theirs:
            self.name = self.name or self._signals[signum]
        elif kind := self._respond():
            self.name = self._signals[signum]
            end = SystemExit(exits.ENDED_AT_ONCE) if kind is SystemExit else kind()
            # To the main greenlet, as gevent does with Python's own; raised here, it would also print a traceback.
            gevent.get_hub().handle_system_error(type(end), end)

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(f"\nbedrock-locust: {text}", file=sys.stderr, flush=True)


def _leave_terminal() -> None:
    """Let go of a terminal that is no more: whatever is written to it would raise, in the middle of the end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                os.dup2(nowhere, descriptor)
    os.close(nowhere)
