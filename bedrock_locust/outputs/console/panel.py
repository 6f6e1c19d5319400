"""A live panel on a terminal; what is printed while it is there stays above it."""

from __future__ import annotations

import atexit
import logging
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live

from bedrock_locust.outputs.console.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.level import Level
    from bedrock_locust.live.output import State
    from bedrock_locust.live.tally import Tally

QUIET = {"locust.stats_logger": logging.CRITICAL, "locust.runners": logging.WARNING}
"""Loggers of Locust that say what the panel shows -> the level from which on they are heard: its periodic tables, and
how many users it spawns."""


class Panel:
    """The panel of one run."""

    def __init__(self, levels: Sequence[Level] | None, *, simulated: bool = False) -> None:
        self._picture = Picture(levels, simulated)
        # Refreshed by who calls `show`: a thread of rich's own would wait for the CPU behind gevent's loop.
        self._live = Live(console=Console(file=sys.stdout), auto_refresh=False, transient=True)
        self._closed = False
        self._filters = {name: _FromOn(level) for name, level in QUIET.items()}
        self._moved: list[tuple[logging.StreamHandler[Any], Any]] = []

    def say(self, text: str) -> None:
        """Print above the panel; the first time, before it begins."""
        print(text, flush=True)

    def show(self, tally: Tally, state: State, spent: str) -> None:
        """Draw the panel as things are now."""
        if self._closed:
            return
        if not self._live.is_started:
            self._start()
        self._live.update(self._picture.draw(tally, state, spent), refresh=True)

    def close(self) -> None:
        """Remove the panel for good and give the terminal back."""
        self._closed = True
        if not self._live.is_started:
            return
        for handler, stream in self._moved:
            handler.setStream(stream)
        self._moved.clear()
        for name, quiet in self._filters.items():
            logging.getLogger(name).removeFilter(quiet)
        self._live.stop()
        atexit.unregister(self.close)

    def _start(self) -> None:
        old = {sys.stdout, sys.stderr}
        self._live.start()
        atexit.register(self.close)
        for name, quiet in self._filters.items():
            logging.getLogger(name).addFilter(quiet)
        # Handlers hold the streams from before: a line of theirs would be written across the panel.
        for handler in _handlers():
            if handler.stream in old:
                self._moved.append((handler, handler.stream))
                handler.setStream(sys.stdout)


def _handlers() -> list[logging.StreamHandler[Any]]:
    loggers = [logging.getLogger(), *(log for log in logging.Logger.manager.loggerDict.values() if _is_logger(log))]
    handlers = {id(handler): handler for log in loggers for handler in getattr(log, "handlers", ())}
    return [handler for handler in handlers.values() if isinstance(handler, logging.StreamHandler)]


def _is_logger(entry: object) -> bool:
    return isinstance(entry, logging.Logger)


class _FromOn(logging.Filter):
    """Passes records of this level or a higher one."""

    def __init__(self, level: int) -> None:
        super().__init__()
        self._level = level

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= self._level
