"""The console as an output: header, progress, the results of each level, where everything is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.live.health import lost
from bedrock_locust.live.limits import Spending
from bedrock_locust.live.output import OutputBase
from bedrock_locust.live.whole_levels import WholeLevels
from bedrock_locust.outputs import console
from bedrock_locust.outputs.console import searching
from bedrock_locust.outputs.console.screen import FailSafe, screen
from bedrock_locust.settings.plan import money

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping

    from bedrock_locust.call import Call
    from bedrock_locust.level import Level
    from bedrock_locust.live.output import Outcome, RunView, State


class Console(OutputBase):
    """What a run prints."""

    def __init__(self, options: Namespace) -> None:
        self._options = options

    def begin(self, run: RunView) -> None:
        """Print what is about to run."""
        self._run, self._levels = run, WholeLevels(run.tally)
        self._spending = Spending(run.settings.pricing, run.settings.priced_models)
        self._screen = FailSafe(screen(self._options, run.levels, simulated=run.info.get("simulator") is True))
        endpoint, levels = run.info["endpoint"], run.levels or ()
        self._screen.say(console.header(run.settings, endpoint=endpoint, levels=levels, plan=run.plan))

    def add(self, call: Call) -> None:
        """Count what the call cost."""
        self._spending.add(call)

    def level(self, level: Level | None) -> None:
        """Note a level that is over."""
        self._levels.level(level)

    def search(self, found: Mapping[str, Any]) -> None:
        """Print what a search has found so far, and what it waits for; before a verdict, the level that it is about.

        All of its calls have ended, and their rows are here: it was judged by them.
        """
        self._print(self._levels.all())
        for text in searching.lines(found):
            self._screen.say(text)

    def tick(self, state: State) -> None:
        """Show how far the run is, and print the results of levels whose rows are here."""
        if state.stage == "ending":
            # From here on the workers of this terminal print, too.
            self._screen.close()
            return
        self._print(self._levels.whole(state))
        if state.stage == "running":
            self._screen.show(self._run.tally, state, self._spent())

    def end(self, outcome: Outcome) -> None:
        """Print how the run ended, and where everything is."""
        self._screen.close()
        self._screen.say(console.farewell(outcome))

    def _spent(self) -> str:
        """What the run has cost so far; empty without prices."""
        pricing = self._run.settings.pricing
        return f"{money(self._spending.total)} {pricing.currency}" if pricing else ""

    def _print(self, levels: Iterable[str]) -> None:
        """Print the results of these levels."""
        for key in levels:
            raised = self._run.task_errors
            spins = raised.spin(self._run.tally.total.calls)
            level = self._run.tally.levels[key].level
            fate = self._run.arrivals(key) if level and level.rate_per_s else None
            causes = [] if spins else [*self._run.health.levels[key].causes(), *lost(fate)]
            block = console.level_block(self._run.tally, key, causes, self._run.disturbances(key), fate)
            self._screen.say(f"{block}\n  TASKS FAIL: {raised}" if raised.total else block)
