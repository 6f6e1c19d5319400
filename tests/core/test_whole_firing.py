"""Arrivals that are made on a clock that passes only while nothing else happens, in a golden file."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.event import Event

from bedrock_locust.arrivals import firing
from bedrock_locust.arrivals.counts import Made
from bedrock_locust.arrivals.firing import Firing
from bedrock_locust.arrivals.lease import Lease, Part, alone

from .approved import check_lines, flat
from .replays import line, replayed
from .test_schedule import level, schedule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bedrock_locust.arrivals.schedule import Arrival, Schedule

ALL = alone("me", 100)
HALF = Lease((Part(0, ("me", "other")),), max_in_flight=100)


class World:
    """A clock, what happens at its moments, and calls that take their time."""

    def __init__(self, took_s: float, *, begun: bool = True) -> None:
        self.now, self.lines, self.slept = 0.0, list[str](), list[float]()
        self._took_s, self._begun = took_s, begun
        self._coming, self._number = list[tuple[float, int, Any]](), count()

    def perf_counter(self) -> float:
        """The time."""
        return self.now

    def at(self, moment: float, event: Callable[[], Any]) -> None:
        """Have something happen."""
        heapq.heappush(self._coming, (moment, next(self._number), event))

    def sleep(self, seconds: float) -> None:
        """Wait until the time has passed."""
        self.slept.append(seconds)
        over = Event()
        self.at(self.now + seconds, over.set)
        over.wait()

    def until(self, moment: float) -> None:
        """Let time pass up to a moment, with what is to happen until then."""
        while self._coming and self._coming[0][0] <= moment:
            at, _, event = heapq.heappop(self._coming)
            self.now = max(self.now, at)
            event()
            for _ in range(3):  # who waits for it wakes in the next turn of the loop
                gevent.sleep(0)
        self.now = max(self.now, moment)

    def freeze(self, seconds: float) -> None:
        """The process stands still."""
        self.now += seconds

    def make(self, arrival: Arrival, done: Callable[[bool], None]) -> None:
        """Make an arrival: it takes its time."""
        follows = ", follows" if arrival.follows else ""
        self.lines.append(f"  {self.now:.3f} s: {arrival.number}, due at {arrival.due_s:.3f} s{follows}")
        self.at(self.now + self._took_s, lambda: done(self._begun))


class Signal:
    """An event of gevent, on the clock of a world."""

    world: World

    def __init__(self) -> None:
        self._is_set, self._woken = False, Event()

    def set(self) -> None:
        """It has happened."""
        self._is_set = True
        self._woken.set()

    def clear(self) -> None:
        """It has not happened since."""
        self._is_set = False

    def wait(self, seconds: float) -> bool:
        """Wait for it; whether it has happened."""
        self._woken.clear()
        self.world.at(self.world.now + seconds, self._woken.set)
        self._woken.wait()
        return self._is_set


Script = list[tuple[float, "Callable[[Firing, World], Any]"]]


def renew(lease: Lease) -> Callable[[Firing, World], Any]:
    """A lease comes."""
    return lambda made, _: made.renew(lease)


def freeze(seconds: float) -> Callable[[Firing, World], Any]:
    """The process stands still."""
    return lambda _, world: world.freeze(seconds)


def stop(made: Firing, _: World) -> None:
    """It is stopped."""
    made.stop()


TEN = schedule(level("a", 10.0, duration_s=0.6, warmup_s=0.4))
SCRIPTS: dict[str, tuple[Script, float]] = {
    "all": ([(0, renew(ALL))], 0.15),
    "every second one": ([(0, renew(HALF))], 0.15),
    "two at a time": ([(0, renew(alone("me", 2)))], 0.25),
    "one at a time": ([(0, renew(alone("me", 1)))], 0.1),
    "a lease that comes late": ([(0.42, renew(ALL))], 0.15),
    "a lease that comes just in time": ([(0.25, renew(ALL))], 0.15),
    "a lease that runs out": ([(0, renew(replace(ALL, until_s=0.35))), (0.5, renew(replace(ALL, until_s=0.75)))], 0.15),
    "a lease without makers": ([(0, renew(Lease((), 9.0, 100))), (0.3, renew(ALL))], 0.15),
    "another maker from a number on": (
        [(0, renew(ALL)), (0.3, renew(Lease((Part(0, ("me",)), Part(5, ("other", "me"))), max_in_flight=100)))],
        0.15,
    ),
    "a freeze of 0.2 s": ([(0, renew(ALL)), (0.05, freeze(0.2)), (0.449, freeze(0.201))], 0.01),
    "a freeze of 0.22 s": ([(0, renew(ALL)), (0.44, freeze(0.22))], 0.01),
    "stopped": ([(0, renew(ALL)), (0.5, stop)], 0.15),
}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Plays a script with a schedule to its end; what was made, and the counts."""

    def play(plan: Schedule, script: Script, world: World, end_s: float = 3.0) -> list[str]:
        Signal.world = world
        monkeypatch.setattr(firing, "time", world)
        monkeypatch.setattr(firing, "Event", Signal)
        monkeypatch.setattr(firing, "gevent", SimpleNamespace(sleep=world.sleep, spawn=gevent.spawn))
        made = Made()
        one = Firing(plan, "me", 0.0, world.make, made)
        for moment, event in script:
            world.at(moment, lambda event=event: event(one, world))  # type: ignore[misc]
        gevent.sleep(0)
        world.until(end_s)
        one.stop()
        return [*world.lines, f"  {flat(made.to_plain())}, {one.in_flight} in flight at {world.now:.3f} s"]

    return play


def test_arrivals_that_are_made(played: Callable[..., list[str]], tmp_path: Path) -> None:
    """At which moment, by leases, calls in flight, and freezes of the process."""
    lines = []
    for name, (script, took_s) in SCRIPTS.items():
        lines += [f"{name}:", *played(TEN, script, World(took_s))]
    lines += ["users that never ran:", *played(TEN, [(0, renew(alone("me", 2)))], World(0.15, begun=False))]
    talk = [line(50.5 * number, session_id="s" if number % 2 else "") for number in range(6)]
    for name, arrivals in {"conversations": {}, "conversations that end": {"to": 0.4}}.items():
        trace = replayed(tmp_path, talk, arrivals)
        plan = replace(schedule(level(duration_s=0.4, warmup_s=0.0), is_replay=True), replay=trace)
        lines += [f"{name}:", *played(plan, [(0, renew(ALL))], World(0.2))]
        lines += [f"{name}, two at a time:", *played(plan, [(0, renew(alone("me", 2)))], World(0.2))]
    check_lines("firing.txt", lines)


def test_others_have_their_turn_among_arrivals_of_others(played: Callable[..., list[str]]) -> None:
    """After a thousand that are not made here."""
    world, many = World(0.01), schedule(level("a", 1000.0, duration_s=2.5, warmup_s=0.0))
    played(many, [(0, renew(Lease((Part(0, ("other",)),))))], world)
    assert world.slept == [0, 0]
