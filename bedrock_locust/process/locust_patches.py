"""Keeps Locust running right where the machine's wall clock is set in mid-run.

Locust 2.47 orders the master's messages about users, watches the master's heartbeat, paces the ticks of a shape and
counts requests per second by time.time(). Set back, workers discard every further change of users, and the run stands
still; set forth by a minute, they take the master for dead and leave; rates become negative.
"""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from locust import runners, stats

from bedrock_locust.process.clock import Clock


def keep_time() -> None:
    """Have Locust's runners and statistics read a wall clock that is never set, from now on.

    It is one for the whole process, not for a run: the order of messages spans runs.
    """
    steady = SimpleNamespace(**{**vars(time), "time": Clock().wall_at})
    modules: tuple[Any, ...] = (runners, stats)
    for module in modules:
        module.time = steady
