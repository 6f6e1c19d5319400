"""How a run prints: with a live panel, in plain lines, or not at all."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Protocol, TextIO

from bedrock_locust.outputs import console
from bedrock_locust.outputs.console.panel import Panel

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from bedrock_locust.level import Level
    from bedrock_locust.live.output import State
    from bedrock_locust.live.tally import Tally

CHOICES = ("auto", "live", "plain", "off")
PROGRESS_S = 5


class Screen(Protocol):
    """The console of one run."""

    def say(self, text: str) -> None:
        """Print what stays."""

    def show(self, tally: Tally, state: State, spent: str) -> None:
        """Show how far the run is and what it has cost; called about once a second."""

    def close(self) -> None:
        """Remove what is shown."""


class Plain:
    """Lines: one every few seconds, and what is said."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Lines go to the stream, by default to what is standard output at the time."""
        self._stream = stream
        self._due = time.monotonic() + PROGRESS_S

    def say(self, text: str) -> None:
        """Print it."""
        print(text, file=self._stream, flush=True)

    def show(self, tally: Tally, state: State, spent: str) -> None:  # noqa: ARG002 - a line has room for no more
        """Print a line, if the last one was some seconds ago."""
        if time.monotonic() >= self._due:
            self._due += PROGRESS_S
            print(console.progress(tally, state), file=self._stream, flush=True)

    def close(self) -> None:
        """Nothing has to be removed."""


class Silent:
    """A console that prints nothing."""

    def say(self, text: str) -> None:
        """Print nothing."""

    def show(self, tally: Tally, state: State, spent: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing has to be removed."""


class FailSafe:
    """Wraps a screen whose stream may fail, such as a closed terminal or a log on a full disk: the run goes on."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def say(self, text: str) -> None:
        """Print what stays, if possible."""
        with contextlib.suppress(OSError):
            self._screen.say(text)

    def show(self, tally: Tally, state: State, spent: str) -> None:
        """Show how far the run is, if possible."""
        with contextlib.suppress(OSError):
            self._screen.show(tally, state, spent)

    def close(self) -> None:
        """Remove what is shown."""
        with contextlib.suppress(OSError):
            self._screen.close()


def stream_of(options: Namespace) -> TextIO:
    """The stream that we write to: with `--json` standard output is for Locust's figures alone."""
    return sys.stderr if getattr(options, "json", False) else sys.stdout


def wants_tables(options: Namespace) -> bool:
    """Whether Locust's own tables are asked for, or are all that there is."""
    return bool(getattr(options, "print_stats", False)) or getattr(options, "bedrock_console", None) == "off"


def screen(options: Namespace, levels: Sequence[Level] | None, *, simulated: bool = False) -> Screen:
    """The console that `--bedrock-console` asks for; by itself a panel is for headless runs on a terminal."""
    asked = getattr(options, "bedrock_console", None) or "auto"
    if asked == "off":
        return Silent()
    if (stream := stream_of(options)) is not sys.stdout:
        return Plain(stream)
    terminal = sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    wanted = asked == "live" or (asked == "auto" and options.headless and not os.environ.get("CI"))
    return Panel(levels, simulated=simulated) if terminal and wanted else Plain()
