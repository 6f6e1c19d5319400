"""An output: whatever takes part in a run as it goes on, such as the console, the web page, the limits or an exporter.

Outputs run in the process that leads the run. `bedrock_locust/outputs/registered.py` lists them.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bedrock_locust.arrivals.counts import Fate
    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.health import Health
    from bedrock_locust.live.tally import Tally
    from bedrock_locust.live.task_errors import TaskErrors
    from bedrock_locust.process.own_folder import OwnFolder
    from bedrock_locust.settings.plan import Plan
    from bedrock_locust.settings.schema import Settings

logger = logging.getLogger(__name__)

ROWS_WITHIN_S = 3.5
"""The row of a call is here within this time after the end of the call: Locust's workers report every 3 s."""

RunStage = Literal["running", "ending", "recorded"]


@dataclass(frozen=True, slots=True)
class EarlyEnd:
    """Why an output ends the run before its plan."""

    name: str
    """The setting that asked for it: `limits.max_requests`."""
    reason: str
    """In words, with the figures as they were."""
    total: Callable[[], float | None] = lambda: None
    """What it has come to, in the unit of the setting; None if that is no sum. Asked for at the end of the run."""
    in_the_end: Callable[[], str] = str
    """The reason with the figures at the end of the run, or empty where they add nothing."""
    is_planned: bool = False
    """Whether the run has done all that it was to do: it is complete."""


class RunView(Protocol):
    """What an output may know of a run. The figures grow as the run goes on."""

    @property
    def settings(self) -> Settings:
        """The settings of the run."""

    @property
    def info(self) -> Mapping[str, Any]:
        """What `run.json` said at the start; docs/run-folder.md has the keys."""

    @property
    def levels(self) -> Sequence[Level] | None:
        """The levels that are planned; None in a run without levels."""

    @property
    def plan(self) -> Plan | None:
        """What the levels are going to do at most; None in a run without levels."""

    @property
    def path(self) -> Path:
        """The run folder. A full disk may make it another one."""

    @property
    def own_folder(self) -> OwnFolder:
        """The run folder as the run knows it, whatever its path leads to."""

    @property
    def trouble(self) -> str:
        """Why the run folder cannot be written now; empty while all is well."""

    @property
    def is_local(self) -> bool:
        """Whether the users run in this process, so that each call is here at once."""

    @property
    def tally(self) -> Tally:
        """Counts, rates and percentiles so far."""

    @property
    def health(self) -> Health:
        """The health of the load generator so far."""

    @property
    def state(self) -> str:
        """`running`, `ending`, and then how the run ended: `complete`, `interrupted` or `failed`."""

    @property
    def reason(self) -> str:
        """Why the run ended; empty until then."""

    @property
    def ended_at(self) -> float | None:
        """Unix time of the end, seconds; None until the report is made."""

    @property
    def task_errors(self) -> TaskErrors:
        """The exceptions in tasks so far."""

    def arrivals(self, level: str) -> Fate | None:
        """What has become of the arrivals in the window of a level, as far as is known; None in a closed loop."""

    def disturbances(self, level: str) -> Sequence[str]:
        """Why a level had other users than asked for, in words."""

    def end_window(self, why: str) -> None:
        """End the window of the level that is measured, and measure no more; the run goes on. `why` is a setting."""

    def stop(self, why: EarlyEnd) -> None:
        """End the run. The first reason counts."""


@dataclass(frozen=True, slots=True)
class State:
    """The run once a second, and once more at each stage of its end."""

    stage: RunStage
    """`ending`: the load is over, calls in flight may go on. `recorded`: all rows are in, the report is made next."""
    level: Level | None
    users: int
    """Users that run now: the load."""
    in_flight: int | None
    """Calls that have begun and not ended; None if not known."""
    arrivals: Fate | None = None
    """What has become of the arrivals in the window of the level; None in a closed loop. With workers it lags by some
    seconds, and what is not reported yet looks missed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a run."""

    ended: str
    """`complete`, `interrupted` or `failed`."""
    reason: str
    path: Path
    """The run folder."""
    report: Path | None
    rows: Sequence[str]
    """What became of the rows of the workers, in words; empty in a run without workers."""


class Output(Protocol):
    """A consumer of runs. No method may block for long. Subclass OutputBase to write only those that you need."""

    def begin(self, run: RunView) -> None:
        """A run begins."""

    def add(self, call: Call) -> None:
        """A call has ended, and its row is written or waits to be."""

    def level(self, level: Level | None) -> None:
        """A level begins, goes to its next phase or is over; None after the last."""

    def search(self, found: Mapping[str, Any]) -> None:
        """A search has come to its next probe, or is over: what it has found so far (docs/run-folder.md)."""

    def tick(self, state: State) -> None:
        """A second has passed, or the end of the run has come to its next stage."""

    def end(self, outcome: Outcome) -> None:
        """The run is over: its record and its report are on disk."""


class OutputBase:
    """An output that does nothing: each method stands in where a subclass has none."""

    def begin(self, run: RunView) -> None:
        """Do nothing."""

    def add(self, call: Call) -> None:
        """Do nothing."""

    def level(self, level: Level | None) -> None:
        """Do nothing."""

    def search(self, found: Mapping[str, Any]) -> None:
        """Do nothing."""

    def tick(self, state: State) -> None:
        """Do nothing."""

    def end(self, outcome: Outcome) -> None:
        """Do nothing."""


class Outputs:
    """All outputs of a run. One that raises an exception is named and left out from then on; the run goes on."""

    def __init__(self, outputs: Sequence[Output] = ()) -> None:
        self._outputs = list(outputs)

    def begin(self, run: RunView) -> None:
        """A run begins."""
        self._each(lambda output: output.begin(run))

    def add(self, call: Call) -> None:
        """A call has ended."""
        self._each(lambda output: output.add(call))

    def level(self, level: Level | None) -> None:
        """A level has changed."""
        self._each(lambda output: output.level(level))

    def search(self, found: Mapping[str, Any]) -> None:
        """A search has come further."""
        self._each(lambda output: output.search(found))

    def tick(self, state: State) -> None:
        """A second has passed, or the end has come to its next stage."""
        self._each(lambda output: output.tick(state))

    def end(self, outcome: Outcome) -> None:
        """The run is over."""
        self._each(lambda output: output.end(outcome))

    def _each(self, tell: Callable[[Output], None]) -> None:
        for output in self._outputs.copy():
            try:
                tell(output)
            except Exception:
                logger.exception(
                    "bedrock-locust: the output %s failed and is left out of the rest of the run", type(output).__name__
                )
                self._outputs.remove(output)
