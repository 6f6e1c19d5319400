"""The end of a run that sends its file a number of times, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.live.output import ROWS_WITHIN_S, EarlyEnd, OutputBase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bedrock_locust.live.output import RunView, State
    from bedrock_locust.workload.positions import HandedOut

NAME = "workload.passes"
PATIENCE_S = 60
"""How long records that a worker has and does not send hold up the end, in seconds without a user."""


class EndAfterPasses(OutputBase):
    """The output that ends a run once all records were sent, and their calls and conversations are over."""

    def __init__(self, sequence: Callable[[], HandedOut], present: Callable[[], Collection[str]]) -> None:
        """`sequence` is what is handed out in the present run, `present` are the ids of the workers that are there."""
        self._sequence, self._present = sequence, present

    def begin(self, run: RunView) -> None:
        """A run begins."""
        self._run, self._still_s, self._is_falling = run, 0, False

    def tick(self, state: State) -> None:
        """End the run if nobody has anything to send any more: users without a record stop.

        What is measured ends with the first of them: from then on there are fewer users than the level has.
        """
        workload, sequence = self._run.settings.workload, self._sequence()
        if state.stage != "running" or not workload or not workload.passes or not sequence.is_over:
            return
        if sequence.is_used_up and not self._is_falling:
            self._is_falling = True
            self._run.end_window(NAME)
        held = sequence.holders & set(self._present())
        self._still_s = 0 if state.users or state.in_flight else self._still_s + 1
        if self._still_s > (PATIENCE_S if held else ROWS_WITHIN_S):
            times = "once" if workload.passes == 1 else f"{workload.passes:,} times"
            self._run.stop(EarlyEnd(NAME, f"each record was sent {times}", is_planned=True))
