"""RampShape: the ramp that AWS recommends for Bedrock, one user class after the other.

It asks for the target at once. If a call of a level failed because the service had no capacity (status 503), the next
level has half its rate. Each level without such a call is held for its time, and the next one has half as much again,
up to the target. The ramp ends with a level at the target without such a call, or after `most_levels`.

Source: "Scaling and throughput best practices" in the user guide of Amazon Bedrock,
https://docs.aws.amazon.com/bedrock/latest/userguide/scaling-throughput-best-practices.html, where a level is to be held
for 15 minutes.

Once all calls of a level have ended, the shape asks by the event `level_failures`, whose keyword arguments are `level`
(its key) and `answer`, a dict that the listener fills with categories of failures and how many calls had each.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from shapes.base import groups
from shapes.rate import SETTLE_S, Plan, RateShape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapes.rate import RateLevel

NO_CAPACITY = "ServiceUnavailableError"
"""The category of calls for which the service had no capacity."""
UP, DOWN = 1.5, 0.5
MOST_LEVELS = 12


def next_rate(rate: float, target: float, *, had_capacity: bool) -> float | None:
    """The rate after this one; None where the target is reached."""
    if not had_capacity:
        return rate * DOWN
    return None if rate >= target else min(rate * UP, target)


class RampShape(RateShape):
    """Arrivals at rates that follow what the service has room for: set the attributes, or override `configure`."""

    abstract: ClassVar[bool] = True

    target: float = 1
    """Arrivals per second to get to."""
    most_levels = MOST_LEVELS
    """The most levels, for each user class."""

    _quiet_since: float | None = None
    """Since when no call is in flight, by time.perf_counter."""

    def _all_plans(self) -> Iterator[Plan]:
        """The most that a ramp can be: its rates are not known before."""
        for mode, user_class in zip(groups(self.user_classes), self.user_classes, strict=True):
            lengths = self.warmup_seconds, self.duration_seconds
            for number in range(1, self.most_levels + 1):
                key = f"{mode}-ramp-{number:0{len(str(self.most_levels))}d}"
                level = self._level(key, mode, (self.target, self.target), lengths)
                yield Plan(user_class, (replace(level, part=number, kind="ramp"),))

    def levels(self) -> list[RateLevel]:
        """The most levels that there can be, each at the target. Their keys are not those of the levels that run."""
        return [replace(level, level=level.level.replace("-ramp-", "-ramp-at-most-")) for level in super().levels()]

    def _is_drained(self) -> bool:
        """Whether all calls have ended, and their rows have come: workers send them some seconds later."""
        if not super()._is_drained():
            self._quiet_since = None
            return False
        now = time.perf_counter()
        self._quiet_since = now if self._quiet_since is None else self._quiet_since
        return now - self._quiet_since >= (SETTLE_S if hasattr(self._runner, "clients") else 0)

    def _ended(self, plan: Plan) -> None:
        """All calls of a level have ended: give the next one its rate, or leave out all others of its class."""
        super()._ended(plan)
        (level,) = plan.levels
        failures: dict[str, int] = {}
        self._fire("level_failures", level=level.level, answer=failures)
        rate = next_rate(level.rate_per_s, self.target, had_capacity=not failures.get(NO_CAPACITY))
        if rate is None:
            self._plans = [other for other in self._plans if other.user_class is not plan.user_class]
        elif self._plans and self._plans[0].user_class is plan.user_class:
            (then,) = self._plans[0].levels
            slower = replace(then, rate_per_s=rate, rate_from_per_s=rate, rate_to_per_s=rate)
            self._plans[0] = replace(self._plans[0], levels=(slower,))
