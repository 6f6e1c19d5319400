"""A process that makes arrivals: one schedule after the other."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust import User, task
from locust.env import Environment

import gevent
import pytest
from gevent import monkey

from bedrock_locust.arrivals import firing
from bedrock_locust.arrivals.lease import alone
from bedrock_locust.arrivals.tenant import Tenant
from bedrock_locust.process.clock import clock

from .test_schedule import level, schedule

if TYPE_CHECKING:
    from bedrock_locust.arrivals.counts import Plain
    from bedrock_locust.workload.bench import Bench

DEADLINE_S = 30
LEASE = alone("here", 100)
SHORT = schedule(level(rate=20.0, duration_s=0.5, warmup_s=0.0), user_class="Quick")


class Quick(User):
    """A user whose call takes no time."""

    @task
    def call(self) -> None:
        """Nothing."""


@pytest.fixture
def bench() -> Any:
    """What a tenant needs of a bench."""
    return SimpleNamespace(arrival=None, now=None)


@pytest.fixture
def tenant(bench: Any, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A tenant of a runner with one class. It leaves no arrival out that a machine with other work makes late."""
    monkeypatch.setattr(firing, "LATEST_S", DEADLINE_S)
    runner = Environment(user_classes=[Quick]).create_local_runner()
    return Tenant(runner, cast("Bench", bench), "here")


def until_made(tenant: Tenant, made: Plain) -> None:
    """Wait until this was made, and a little longer: no more may come."""
    end = time.monotonic() + DEADLINE_S
    while tenant.made.to_plain() != made and time.monotonic() < end:
        gevent.sleep(0.02)
    gevent.sleep(0.1)
    assert tenant.made.to_plain() == made


def test_schedules_follow_each_other(tenant: Tenant, bench: Any) -> None:
    """Leases of one schedule renew it; another schedule takes its place, and the bench knows what runs."""
    for key in ("a", "b"):
        plan = replace(SHORT, levels=(replace(SHORT.levels[0], key=key),), start_at=clock.wall_at())
        tenant.renew(plan, LEASE)
        tenant.renew(plan, LEASE)
        assert bench.now().key == key
        until_made(tenant, {done: {"measure": [10, 0]} for done in ("a", "b") if done <= key})


def test_by_the_clock_of_the_lead(tenant: Tenant) -> None:
    """A process whose clock is 100 s behind begins when the lead does."""
    tenant.renew(replace(SHORT, start_at=clock.wall_at() + 100), LEASE, clock_offset_s=100.0)
    until_made(tenant, {"a": {"measure": [10, 0]}})


def test_a_schedule_that_is_cut_short(tenant: Tenant) -> None:
    """No more of its arrivals are made, whatever its leases say; another schedule may follow."""
    first = replace(SHORT, start_at=clock.wall_at())
    tenant.renew(first, LEASE)
    gevent.sleep(0.22)
    tenant.cut()
    made = tenant.made.to_plain()
    tenant.renew(first, LEASE)
    gevent.sleep(0.5)
    assert tenant.made.to_plain() == made
    tenant.renew(replace(SHORT, levels=(replace(SHORT.levels[0], key="b"),), start_at=clock.wall_at()), LEASE)
    until_made(tenant, {**made, "b": {"measure": [10, 0]}})


def test_nothing_is_made_after_the_cut_that_was_due_in_the_same_moment(tenant: Tenant) -> None:
    """A process that was busy wakes who cuts and who makes arrivals in one turn, one after the other."""
    tenant.renew(replace(SHORT, start_at=clock.wall_at()), LEASE)
    gevent.sleep(0.01)
    gevent.spawn(monkey.get_original("time", "sleep"), 0.1)
    gevent.sleep(0.001)
    tenant.cut()
    made = tenant.made.to_plain()
    gevent.sleep(0.1)
    assert tenant.made.to_plain() == made


def test_stopped(tenant: Tenant) -> None:
    """No lease begins anything after that."""
    tenant.stop()
    tenant.renew(replace(SHORT, start_at=clock.wall_at()), LEASE)
    gevent.sleep(0.2)
    assert tenant.made.to_plain() == {}


def test_a_class_that_is_not_there(tenant: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    """It is named once; every arrival is missed then."""
    for _ in range(2):
        tenant.renew(replace(SHORT, user_class="Gone"), LEASE)
    assert [record.getMessage() for record in caplog.records] == [
        "bedrock-locust: the locustfile has no class of users 'Gone' for arrivals"
    ]
