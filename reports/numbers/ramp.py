"""What a ramp came to: whether it reached its rate, and in which steps the service lacked capacity."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from reports.numbers.failures import measured

if TYPE_CHECKING:
    import pandas as pd

RAMP = "ramp"
"""The `kind` of a level that is a step of a ramp."""
NO_CAPACITY = "ServiceUnavailableError"
"""Calls that the service had no capacity for, status 503: they alone slow a ramp down."""


@dataclass(frozen=True)
class Ramp:
    """The ramp of a group of calls; its steps are keys of levels, in the order of time."""

    target: float
    """The rate that it is to reach, in arrivals per second: that of its first step."""
    steps: tuple[str, ...]
    lacking: dict[str, int]
    """Step -> how many of its calls failed for lack of capacity; without those of which none did."""
    halvings: int
    """How often a step was slower than the one before."""
    end: Literal["reached", "cut", "last"]
    """Whether it reached its rate, was cut short before, or came to its last step."""
    highest: str | None
    """The step with the highest rate of those with no lack of capacity; None if there is none such."""


def is_profile(figures: pd.DataFrame) -> pd.Series[bool]:
    """Which levels are parts of a profile, which have no warm-up of their own."""
    return figures["part"].notna() & (figures["kind"] != RAMP)


def is_ramp(figures: pd.DataFrame) -> pd.Series[bool]:
    """Which levels are steps of a ramp: their loads follow from what came before."""
    return (figures["kind"] == RAMP) & figures["part"].notna()


def ramp(figures: pd.DataFrame, failures_by_level: pd.DataFrame, *, complete: bool) -> Ramp | None:
    """The ramp whose steps these levels of a group are; None if they are none. `complete` says so of the run."""
    steps = figures[is_ramp(figures) & figures["window_s"].notna()].sort_values("part")
    if steps.empty:
        return None
    counts = {str(key): int(measured(failures_by_level, [str(key)], NO_CAPACITY)) for key in steps.index}
    lacking = {key: count for key, count in counts.items() if count}
    free, rates = steps[~steps.index.isin(list(lacking))]["load"], list(steps["load"])
    last, target = str(steps.index[-1]), float(rates[0])
    reached = rates[-1] >= target and last not in lacking and steps["completed"].iloc[-1] != "false"
    return Ramp(
        target=target,
        steps=tuple(map(str, steps.index)),
        lacking=lacking,
        halvings=sum(then < rate for rate, then in pairwise(rates)),
        end="reached" if reached else "last" if complete else "cut",
        highest=str(free.idxmax()) if len(free) else None,
    )
