"""How the process ends: every exit code of the plugin, and which of several holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

BAD_INPUT = 2
"""Settings are wrong, or no run could begin."""
ENDED_AT_ONCE = 130
"""A second signal ended the process; the number is the one of shells for Ctrl-C."""
ENDED_EARLY = 4
"""The run ended before its plan: a signal, a stop by hand, a limit, `--run-time` with levels left, no worker left,
or a search that judged no load, as the load generator was the limit."""
GATE = 3
"""The run did not meet its SLO. The report's own commands have the same code."""
FAILED = 1
"""Calls failed, or are not in the record, or there is no report. Locust's `--exit-code-on-error` replaces it for calls
that failed."""

ORDER = (BAD_INPUT, ENDED_AT_ONCE, ENDED_EARLY, GATE, FAILED)
"""The exit codes in their order: where several apply, the first is taken."""


def first(codes: Iterable[int]) -> int | None:
    """The code that comes first in ORDER; None where there is none. Raises ValueError for a code that is not ours."""
    return min(codes, key=ORDER.index, default=None)
