"""Makes the arrivals of a schedule that are this process's: each at its moment, or not at all."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import gevent
from gevent.event import Event

from bedrock_locust.arrivals.lease import NOTHING
from bedrock_locust.arrivals.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.arrivals.counts import Made
    from bedrock_locust.arrivals.lease import Lease
    from bedrock_locust.arrivals.schedule import Arrival, Schedule

LATEST_S = 0.2
"""An arrival is made at most this late: after a longer pause of the process, what is past is left out. To make it
would be a burst that nobody asked for."""
TURN = 1000
"""After this many arrivals that are not made here, others have their turn."""


class Maker(Protocol):
    """What makes an arrival."""

    def __call__(self, arrival: Arrival, done: Callable[[bool], None]) -> None:
        """Start it. `done` is called when it is over, with whether it has begun at all."""


class Firing:
    """The arrivals of one schedule in this process."""

    def __init__(self, schedule: Schedule, name: str, start_tick: float, make: Maker, made: Made) -> None:
        """`name` is what leases call this process, `start_tick` the start of the schedule by time.perf_counter."""
        self.schedule = schedule
        self.in_flight = 0
        self._name, self._start_tick, self._make, self._made = name, start_tick, make, made
        self._lease = NOTHING
        self._turns, self._stopped = Turns(), False
        self._renewed = Event()
        self._greenlet = gevent.spawn(self._run)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start of the schedule; below 0 before it."""
        return time.perf_counter() - self._start_tick

    def renew(self, lease: Lease) -> None:
        """Go on under another lease."""
        self._lease = lease
        self._renewed.set()

    def stop(self) -> None:
        """Make no arrival from now on; those that are being made go on."""
        self._stopped = True
        self._greenlet.kill(block=False)

    def _run(self) -> None:
        for arrival in self.schedule.arrivals():
            if arrival.number % TURN == TURN - 1:
                gevent.sleep(0)
            if self._is_mine(arrival) and self._is_time(arrival.due_s) and self._turns.may_begin(arrival):
                self._fire(arrival)

    def _is_mine(self, arrival: Arrival) -> bool:
        """Whether the lease gives this arrival to this process; waits for a lease that says so until it is too late."""
        while arrival.due_s >= self._lease.until_s or not self._lease.parts:
            left_s = arrival.due_s + LATEST_S - self.elapsed_s
            self._renewed.clear()
            if left_s <= 0 or not self._renewed.wait(left_s):
                return False
        return self._lease.maker(arrival.number, arrival.owner) == self._name

    def _is_time(self, due_s: float) -> bool:
        """Wait for a moment; whether this process was awake then."""
        while (left_s := due_s - self.elapsed_s) > 0:
            gevent.sleep(left_s)
        return -left_s <= LATEST_S

    def _fire(self, arrival: Arrival) -> None:
        if self._stopped:  # a moment ago: its greenlet had to wake in the same turn of the loop
            return
        place = arrival.level, arrival.phase
        if self.in_flight >= self._lease.max_in_flight:
            self._made.dropped[place] += 1
            self._go_on(arrival)
            return
        self.in_flight += 1
        self._made.made[place] += 1

        def done(begun: bool) -> None:
            self.in_flight -= 1
            if not begun:
                self._made.made[place] -= 1
            self._go_on(arrival)

        self._make(arrival, done)

    def _go_on(self, arrival: Arrival) -> None:
        """Begin the next call of a conversation, if one waits and the schedule still goes on."""
        later = self._turns.ended(arrival)
        if later and not self._stopped and self.schedule.may_follow(self.elapsed_s):
            # Not here: this may be the hub's turn, in which nothing may wait.
            gevent.spawn(self._fire, later)
