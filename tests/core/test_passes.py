"""The end of a run that sends its file a number of times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from bedrock_locust.live.output import State
from bedrock_locust.live.passes import PATIENCE_S, EndAfterPasses
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.positions import HandedOut

if TYPE_CHECKING:
    from bedrock_locust.live.output import EarlyEnd


class View:
    """A run that is told to end."""

    def __init__(self, passes: int | None) -> None:
        workload: dict[str, Any] = {"file": "a.jsonl", "passes": passes}
        self.settings = Settings.model_validate({"model": {"id": "m"}, "workload": workload})
        self.ends: list[EarlyEnd] = []
        self.windows: list[str] = []

    def end_window(self, why: str) -> None:
        """As a run does."""
        self.windows.append(why)

    def stop(self, why: EarlyEnd) -> None:
        """As a run does."""
        self.ends.append(why)


def seconds_to_the_end(view: View, *, users: int = 0, all_out: bool = True, held: bool = False) -> int | None:
    """After how many ticks the run ends; None if it goes on."""
    sequence = HandedOut(1)
    if all_out:
        sequence.deal("", 1)
        sequence.use_up()
    sequence.holders |= {"w", "gone"} if held else {"gone"}
    output = EndAfterPasses(lambda: sequence, lambda: ["w", "other"])
    output.begin(cast("Any", view))
    for second in range(PATIENCE_S * 2):
        output.tick(State("running", None, users, 0))
        if view.ends:
            return second + 1
    return None


def test_a_run_ends_when_nobody_sends_any_more() -> None:
    """After the rows of workers are in; it is complete, as it was to do no more."""
    view = View(2)
    assert seconds_to_the_end(view) == 4
    assert (view.ends[0].name, view.ends[0].reason) == ("workload.passes", "each record was sent 2 times")
    assert view.ends[0].is_planned
    assert view.windows == ["workload.passes"]


@pytest.mark.parametrize(("passes", "users", "all_out"), [(1, 3, True), (1, 0, False), (None, 0, True)])
def test_it_goes_on(passes: int | None, users: int, all_out: bool) -> None:
    """While users have something to send, records are left, or no end was asked for."""
    assert seconds_to_the_end(View(passes), users=users, all_out=all_out) is None


def test_records_that_a_worker_keeps_do_not_hold_up_the_end_for_good() -> None:
    """As where it has no users any more."""
    assert seconds_to_the_end(View(1), held=True) == PATIENCE_S + 1
