"""Locust's `--run-time`, of the command line or of the form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from locust.util.timespan import parse_timespan

if TYPE_CHECKING:
    from argparse import Namespace


def run_time_of(options: Namespace) -> float | None:
    """It, in seconds; None where it is not given, or is none: Locust says so itself."""
    given: Any = getattr(options, "run_time", None)
    if not isinstance(given, str):
        return given or None
    try:
        return float(parse_timespan(given)) or None
    except ValueError:
        return None
