"""Signals that end a run early: the first stops it in good order, the second ends the process at once."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING, Any, NoReturn, Self

import gevent
from gevent.event import Event
from gevent.hub import Hub

from bedrock_locust import exits

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Signals:
    """Takes over the signals of this process.

    Locust handles SIGTERM only once a run with a shape is over, a second Ctrl-C with a traceback, and SIGHUP (the
    terminal went away) not at all.
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
        """Take over Ctrl-C, SIGHUP unless it is ignored (nohup), and SIGTERM if `terminate` is true.

        With `theirs` Locust ends the process at the first SIGTERM by itself, and only the second is taken over.
        `respond` returns what to raise in the main greenlet: KeyboardInterrupt to make Locust stop, or None if it is
        stopping already. `last_words` is called before the process ends at once. With `quiet` nothing is printed.
        """
        self.ended_by = ""
        """The signal that ended the run, in words; empty if none did."""
        self.hurry = Event()
        """Set once a signal has asked for the end: nothing is waited for that can be done without."""
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

    def begin(self) -> None:
        """A new run begins."""
        self.ended_by = ""
        self.hurry.clear()
        if self._taken:
            self._taken = False
            self._listen()

    def _listen(self) -> None:
        self._handlers = [gevent.signal_handler(signum, self._on_signal, signum) for signum in self._signals]

    def _let_the_next_end_at_once(self) -> None:
        """Have Python itself handle the next signal: gevent's loop stands still while the report is made."""
        for handler in self._handlers:
            handler.cancel()
        for signum in self._signals:
            signal.signal(signum, self._at_once)

    def _at_once(self, *_: object) -> None:
        # This can run between any two steps of the program: in the middle of a write, or after the terminal has gone.
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            self._say("again, ending at once")
        with contextlib.suppress(RuntimeError, OSError, ValueError):
            self._last_words()
        os._exit(exits.ENDED_AT_ONCE)

    def _on_signal(self, signum: signal.Signals) -> None:
        self._taken = True
        self.hurry.set()
        if signum == signal.SIGHUP:
            _leave_terminal()
        self._let_the_next_end_at_once()
        self._say(f"{self._signals[signum]}, stopping (again to end at once)")
        if signum in self._theirs:
            self.ended_by = self.ended_by or self._signals[signum]
        elif kind := self._respond():
            self.ended_by = self._signals[signum]
            end = SystemExit(exits.ENDED_AT_ONCE) if kind is SystemExit else kind()
            # To the main greenlet, as gevent does with Python's own; raised here, it would also print a traceback.
            gevent.get_hub().handle_system_error(type(end), end)

    def _say(self, text: str) -> None:
        if not self._quiet:
            print(f"\nbedrock-locust: {text}", file=sys.stderr, flush=True)


def _leave_terminal() -> None:
    """Point the standard streams away from a terminal that has gone: each write to it would raise."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        with contextlib.suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                os.dup2(nowhere, descriptor)
    os.close(nowhere)


class StartUp:
    """Ctrl-C before a run: it ends this process, and the workers that it forks, with one line and no traceback.

    Locust takes care of signals only from its main loop on. Python's KeyboardInterrupt is lost where it is raised in a
    finalizer, or in a hook of a fork.
    """

    def __init__(self) -> None:
        """Take over Ctrl-C, unless it is ignored or handled already."""
        self.is_stopped = False
        """Whether Ctrl-C has come."""
        self.is_over = False
        """Whether Locust takes care of signals from now on."""
        self._lead, self._show = os.getpid(), sys.excepthook
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(signal.SIGINT, self._on_interrupt)
        sys.excepthook, self._show_lost, sys.unraisablehook = (
            self._show_other,
            sys.unraisablehook,
            self._show_other_lost,
        )
        # What Python raises while the loop runs, gevent would print before it takes it to the main greenlet.
        Hub.NOT_ERROR = (*Hub.NOT_ERROR, KeyboardInterrupt)

    def end_if_stopped(self) -> None:
        """End this process if Ctrl-C has come, and nothing has ended it yet."""
        if self.is_stopped:
            self.end()

    def end(self) -> NoReturn:
        """End this process, with a line if it leads."""
        self._say()
        sys.exit(exits.ENDED_AT_ONCE)

    def _on_interrupt(self, *_: object) -> None:
        self.is_stopped = True
        if os.getpid() != self._lead and not self.is_over:
            # A worker that has just been forked: its locks may be in disorder, and it has nothing to save.
            os._exit(exits.ENDED_AT_ONCE)
        raise KeyboardInterrupt

    def _show_other(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) and not self.is_over:
            self._say()
        else:
            self._show(kind, error, trace)

    def _show_other_lost(self, lost: sys.UnraisableHookArgs) -> None:
        if self.is_over or not issubclass(lost.exc_type, KeyboardInterrupt):
            self._show_lost(lost)

    def _say(self) -> None:
        if os.getpid() == self._lead:
            print("bedrock-locust: stopped before the run began", file=sys.stderr)


def asked_to_end() -> bool:
    """Whether a signal has asked this process to end, so that the next one ends it at once."""
    return isinstance(getattr(signal.getsignal(signal.SIGINT), "__self__", None), Signals)


class Held:
    """Holds the signals back that would end a run, while gevent's loop stands still and could not hear them.

    The first is handled when the loop goes on; how many there were is known at once.
    """

    def __enter__(self) -> Self:
        # A thread that does not hold them back would get them instead.
        gevent.get_hub().threadpool.kill()
        wanted = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        self._signals = {signum for signum in wanted if not _is_handled_by_python(signum)}
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        self._came: list[signal.Signals] = []
        return self

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
        for signum in self._came[:1]:
            os.kill(os.getpid(), signum)

    def look(self) -> int:
        """How many signals have come so far."""
        for signum in signal.sigpending() & self._signals:
            signal.sigwait({signum})
            self._came.append(signal.Signals(signum))
            text = (
                "the report is being made (again to end at once)" if len(self._came) == 1 else "again, ending at once"
            )
            with contextlib.suppress(OSError, ValueError):
                print(f"\nbedrock-locust: {self._came[-1].name}, {text}", file=sys.stderr, flush=True)
        return len(self._came)


def _is_handled_by_python(signum: signal.Signals) -> bool:
    """Whether a signal is ignored, or ends this process at once, which needs no loop."""
    handler = signal.getsignal(signum)
    return handler is signal.SIG_IGN or isinstance(getattr(handler, "__self__", None), Signals)
