"""A process that makes arrivals in a run: one schedule after the other, under leases."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from bedrock_locust.arrivals.counts import Made
from bedrock_locust.arrivals.firing import Firing
from bedrock_locust.arrivals.one_shot import OneShot
from bedrock_locust.process.clock import clock

if TYPE_CHECKING:
    from locust.runners import Runner

    from bedrock_locust.arrivals.lease import Lease
    from bedrock_locust.arrivals.schedule import Schedule
    from bedrock_locust.workload.bench import Bench

logger = logging.getLogger(__name__)


class Tenant:
    """The arrivals of this process in one run."""

    def __init__(self, runner: Runner, bench: Bench, name: str) -> None:
        """`name` is what leases call this process."""
        self.made = Made()
        self._runner, self._bench, self._name = runner, bench, name
        self._firing: Firing | None = None
        self._over = False

    def renew(self, schedule: Schedule, lease: Lease, *, clock_offset_s: float = 0.0) -> None:
        """Go on under this lease, with this schedule. The offset leads from the clock of this process to the lead's."""
        if self._over:
            return
        if self._firing is None or self._firing.schedule.key != schedule.key:
            self._begin(schedule, clock_offset_s)
        if self._firing:
            self._firing.renew(lease)

    def cut(self) -> None:
        """Make no more arrivals of the present schedule; another one may follow."""
        if self._firing:
            self._firing.stop()

    def stop(self) -> None:
        """Make no more arrivals in this run."""
        self._over = True
        if self._firing:
            self._firing.stop()

    def _begin(self, schedule: Schedule, clock_offset_s: float) -> None:
        if self._firing:
            self._firing.stop()
            self._firing = None
        user_class = self._runner.user_classes_by_name.get(schedule.user_class)
        if user_class is None:
            logger.error("bedrock-locust: the locustfile has no class of users %r for arrivals", schedule.user_class)
            self._over = True
            return
        start_at = schedule.start_at - clock_offset_s
        make = OneShot(self._runner, self._bench, user_class, start_at)
        # Once: from here on only time.perf_counter counts, whatever becomes of the wall clocks.
        firing = Firing(schedule, self._name, start_at - clock.wall_at(0.0), make, self.made)
        self._firing, self._bench.now = firing, lambda: schedule.at(firing.elapsed_s)
