"""The runs of this process."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from bedrock_locust.live.limits import Spending
from bedrock_locust.live.output import OutputBase
from bedrock_locust.outputs.web.rows import LevelRows
from bedrock_locust.settings.plan import money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.call import Call
    from bedrock_locust.live.output import RunView

SOON_S = 30
MOST_RUNS = 100
"""Runs that are listed; of more, the last ones. Their folders stay."""


class Runs(OutputBase):
    """The runs of this process, oldest first, and the live figures of the last one."""

    def __init__(self) -> None:
        self._runs: deque[RunView] = deque(maxlen=MOST_RUNS)
        self._rows: LevelRows | None = None
        self._spending = Spending(None)
        self._expected_until = 0.0

    def expect(self) -> None:
        """Take note that the form has been accepted, and a run should begin soon."""
        self._expected_until = time.monotonic() + SOON_S

    def give_up(self) -> None:
        """Take note that the run that was expected does not begin."""
        self._expected_until = 0.0

    @property
    def is_starting(self) -> bool:
        """Whether a run begins, or goes on, whatever Locust says: it says «ready» until the run has begun."""
        return time.monotonic() < self._expected_until or (self.latest is not None and self.latest.state == "running")

    def begin(self, run: RunView) -> None:
        """List a run that begins."""
        self._runs.append(run)
        self.give_up()
        self._rows = LevelRows(run.tally, run.health, run.arrivals)
        self._spending = Spending(run.settings.pricing, run.settings.priced_models)

    def add(self, call: Call) -> None:
        """Count what the call cost."""
        self._spending.add(call)

    @property
    def spent(self) -> str:
        """What the latest run has cost; empty without prices."""
        pricing = self.latest.settings.pricing if self.latest else None
        return f"{money(self._spending.total)} {pricing.currency}" if pricing else ""

    def __iter__(self) -> Iterator[RunView]:
        return iter(self._runs)

    @property
    def latest(self) -> RunView | None:
        """The run that goes on, or was the last one."""
        return self._runs[-1] if self._runs else None

    @property
    def level_rows(self) -> LevelRows | None:
        """The level rows of the latest run."""
        return self._rows

    def find(self, name: str) -> RunView | None:
        """The run with this name, which is that of its folder."""
        return next((run for run in self._runs if run.path.name == name), None)
