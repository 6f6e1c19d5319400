"""Arrivals are made at their moments, or not at all."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import gevent
import pytest

from bedrock_locust.arrivals.counts import Made
from bedrock_locust.arrivals.firing import Firing
from bedrock_locust.arrivals.lease import Lease, Part, alone

from .replays import line, replayed
from .test_schedule import level, schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bedrock_locust.arrivals.schedule import Arrival, Schedule

HERE = Part(0, ("here",))
SHORT = schedule(level(rate=20.0, duration_s=0.5, warmup_s=0.5))
"""20 arrivals, half of them in the warm-up."""


class Calls:
    """Calls that take as long as they are told, and know when they began."""

    def __init__(self, took_s: float = 0.0, *, begun: bool = True) -> None:
        self.seen: list[tuple[Arrival, float]] = []
        self.took_s, self.begun = took_s, begun

    def __call__(self, arrival: Arrival, done: Callable[[bool], None]) -> None:
        """Begin one."""
        self.seen.append((arrival, time.perf_counter()))
        gevent.spawn_later(self.took_s, done, self.begun)


@pytest.fixture
def fire() -> Iterator[Callable[..., Firing]]:
    """Firings that are stopped in the end."""
    begun: list[Firing] = []

    def start(plan: Schedule, calls: Calls, made: Made, *, ago_s: float = 0.0) -> Firing:
        begun.append(Firing(plan, "here", time.perf_counter() - ago_s, calls, made))
        return begun[-1]

    yield start
    for firing in begun:
        firing.stop()


def test_each_at_its_moment(fire: Callable[..., Firing]) -> None:
    """Never before it; how long after it depends on the machine. The counts tell warm-up and window apart."""
    calls, made = Calls(), Made()
    firing = fire(SHORT, calls, made, ago_s=-0.1)
    firing.renew(alone("here", 100))
    gevent.sleep(1.6)
    start = time.perf_counter() - firing.elapsed_s
    assert all(at - start >= arrival.due_s for arrival, at in calls.seen)
    assert [arrival.number for arrival, _ in calls.seen] == list(range(len(calls.seen)))
    assert made.to_plain() == {"a": {"warmup": [10, 0], "measure": [10, 0]}}
    assert firing.in_flight == 0


def test_what_is_past_is_left_out(fire: Callable[..., Firing]) -> None:
    """A process that comes late makes what is still to come and the last 0.2 s before it, and fires no burst."""
    calls, made = Calls(), Made()
    fire(schedule(level(rate=20.0, duration_s=0.8, warmup_s=0.5)), calls, made, ago_s=1.0).renew(alone("here", 100))
    gevent.sleep(0.5)
    assert calls.seen
    assert min(arrival.due_s for arrival, _ in calls.seen) >= 0.8


def test_no_more_calls_than_allowed(fire: Callable[..., Firing]) -> None:
    """An arrival beyond them is dropped, not made later."""
    calls, made = Calls(took_s=10), Made()
    firing = fire(SHORT, calls, made)
    firing.renew(alone("here", 3))
    gevent.sleep(1.3)
    assert len(calls.seen) == firing.in_flight == 3
    assert made.to_plain() == {"a": {"warmup": [3, 7], "measure": [0, 10]}}


def test_nothing_without_a_lease(fire: Callable[..., Firing]) -> None:
    """A lease that runs out ends the arrivals; another one goes on with those that are due then."""
    calls, made = Calls(), Made()
    firing = fire(SHORT, calls, made)
    gevent.sleep(0.2)
    assert not calls.seen
    firing.renew(Lease((HERE,), 0.4, 100))
    gevent.sleep(0.5)
    assert calls.seen
    assert max(arrival.due_s for arrival, _ in calls.seen) < 0.4
    firing.renew(Lease((HERE,), 9.0, 100))
    gevent.sleep(0.6)
    assert calls.seen[-1][0].due_s > 0.9


def test_only_its_own(fire: Callable[..., Firing]) -> None:
    """Of arrivals that are divided, every second one."""
    calls, made = Calls(), Made()
    fire(SHORT, calls, made).renew(Lease((Part(0, ("there", "here")),), 9.0, 100))
    gevent.sleep(1.3)
    assert {arrival.number % 2 for arrival, _ in calls.seen} == {1}


def test_a_user_that_never_ran_was_not_made(fire: Callable[..., Firing]) -> None:
    """Locust may kill one before its first turn."""
    calls, made = Calls(begun=False), Made()
    fire(SHORT, calls, made).renew(alone("here", 100))
    gevent.sleep(1.3)
    assert made.to_plain() == {"a": {"warmup": [0, 0], "measure": [0, 0]}}


@pytest.mark.parametrize("trace", [{}, {"to": 1}])
def test_a_turn_waits_for_the_one_before_it(fire: Callable[..., Firing], tmp_path: Path, trace: dict[str, Any]) -> None:
    """It begins when that has ended. After the end that the settings give a replay it is missed."""
    lines = [line(50.5 * number, session_id="s" if number % 2 else f"t{number}") for number in range(10)]
    replay = replayed(tmp_path, lines, trace)
    plan = replace(schedule(level(duration_s=1.0, warmup_s=0.0), is_replay=True), replay=replay)
    calls, made = Calls(took_s=0.3), Made()
    fire(plan, calls, made).renew(alone("here", 100))
    gevent.sleep(2.2)
    turns = [(arrival, at) for arrival, at in calls.seen if arrival.owner == 1]
    assert [arrival.number for arrival, _ in turns] == [1, 3, 5, 7, 9][: len(turns)]
    assert len(turns) in ({3, 4} if trace else {5})
    assert [arrival.follows for arrival, _ in turns] == [False, *[True] * (len(turns) - 1)]
    assert all(later - before >= 0.29 for (_, before), (_, later) in pairwise(turns))
    assert len(calls.seen) == len(turns) + 5
    assert made.to_plain() == {"a": {"measure": [len(calls.seen), 0]}}


def test_stopped(fire: Callable[..., Firing]) -> None:
    """Nothing comes after that."""
    calls, made = Calls(), Made()
    firing = fire(SHORT, calls, made)
    firing.renew(alone("here", 100))
    gevent.sleep(0.3)
    firing.stop()
    gevent.sleep(0)
    before = len(calls.seen)
    gevent.sleep(0.3)
    assert len(calls.seen) == before > 0
