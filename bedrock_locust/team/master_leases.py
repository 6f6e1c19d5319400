"""The master's side of an open loop: it says to each worker which arrivals are its own, and renews that each second.

A worker that is not heard gets no more leases. Its share goes to the others from the first arrival on that is due after
the last lease has run out, so no arrival is made twice; those in between are missed, and counted.
"""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from locust.exception import RPCError

import gevent

from bedrock_locust.arrivals.lease import Lease, Part
from bedrock_locust.process.clock import clock
from bedrock_locust.team.messages import LEASE, LeaseOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from locust.runners import MasterRunner

    from bedrock_locust.arrivals.schedule import Arrival, Schedule

logger = logging.getLogger(__name__)

LEASE_S = 4.0
"""How long a lease lasts, in seconds: a worker that hears nothing for this long stops by itself."""
RENEW_S = 0.5
"""How often leases are renewed, and workers that came or went are looked for, in seconds."""


class Leases:
    """The leases of the workers for one schedule after the other."""

    def __init__(self, runner: MasterRunner, able: Callable[[], Collection[str]]) -> None:
        """`able` names the workers that are heard and can make calls now."""
        self._runner, self._able = runner, able
        self._run = ""
        self._schedule: Schedule | None = None
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def begin(self, run: str, schedule: Schedule) -> None:
        """Have the workers make the arrivals of a schedule."""
        self.stop()
        self._run, self._schedule = run, schedule
        self._division = Division(schedule)
        self._greenlet = gevent.spawn(self._keep)

    def stop(self) -> None:
        """Renew no lease from now on."""
        if self._greenlet:
            self._greenlet.kill(block=False)
            self._greenlet = None

    def cut(self) -> None:
        """Have no more arrivals of the present schedule made: leases end now."""
        if self._greenlet:
            self.stop()
            self._renew(last=True)

    def _keep(self) -> None:
        while True:
            self._renew()
            gevent.sleep(RENEW_S)

    def _renew(self, *, last: bool = False) -> None:
        if self._schedule is None:
            return
        elapsed_s = clock.wall_at() - self._schedule.start_at
        able = sorted(self._able())
        lease = self._division.lease(elapsed_s, able)
        if last:
            lease = replace(lease, until_s=elapsed_s)
        for client_id in able:
            own = replace(lease, max_in_flight=self._division.share(client_id))
            order = LeaseOrder(self._run, self._schedule, own).to_plain()
            try:
                self._runner.send_message(LEASE, order, client_id)
            except RPCError as error:
                logger.warning("bedrock-locust: could not send a lease to a worker: %s", error)


class Division:
    """How the arrivals of a schedule are divided among workers that come and go."""

    def __init__(self, schedule: Schedule) -> None:
        self._max_in_flight = schedule.max_in_flight
        self._coming = schedule.arrivals()
        self._next: Arrival | None = next(self._coming, None)
        self._passed = 0
        self._until_s = -math.inf
        self._parts: list[Part] = []

    def lease(self, elapsed_s: float, able: Collection[str]) -> Lease:
        """The lease for the workers that are able at a moment, in seconds from the start of the schedule."""
        # Of more workers than calls in flight, the last ones make none: each maker may have one at least.
        makers = tuple(sorted(able))[: self._max_in_flight]
        if makers and (not self._parts or makers != self._parts[-1].makers):
            self._parts.append(Part(self._first_due_at(self._until_s), makers))
        if makers:
            self._until_s = max(self._until_s, elapsed_s + LEASE_S)
        return Lease(tuple(self._parts), self._until_s)

    def share(self, maker: str) -> int:
        """How many of the calls in flight a worker may have: all shares together are those of the run."""
        makers = self._parts[-1].makers if self._parts else ()
        each, left = divmod(self._max_in_flight, max(1, len(makers)))
        return each + (makers.index(maker) < left) if maker in makers else 0

    def _first_due_at(self, moment_s: float) -> int:
        """The number of the first arrival that is due at a moment or later. Moments may not go back."""
        while self._next and self._next.due_s < moment_s:
            self._passed = self._next.number + 1
            self._next = next(self._coming, None)
        return self._passed
