"""The division of arrivals among workers that come and go."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import gevent
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.lease import NOTHING
from bedrock_locust.process.clock import clock
from bedrock_locust.team.master_leases import LEASE_S, Division, Leases

from .test_schedule import level, schedule

if TYPE_CHECKING:
    from locust.runners import MasterRunner

WORKERS = ("a", "b", "c")


@given(st.lists(st.sets(st.sampled_from(WORKERS)), min_size=1, max_size=60), st.integers(0, 10**6))
def test_no_arrival_is_made_twice(able: list[set[str]], seed: int) -> None:
    """Whoever is able each second, and whichever leases arrive: each worker goes by the last one that it got."""
    arrivals = list(schedule(level(rate=5.0, duration_s=70.0, warmup_s=0.0)).arrivals())
    division, lost = Division(schedule(level(rate=5.0, duration_s=70.0, warmup_s=0.0))), random.Random(seed)
    leases = dict.fromkeys(WORKERS, NOTHING)
    made: list[int] = []
    for second, there in enumerate(able):
        lease = division.lease(float(second), there)
        leases |= {worker: lease for worker in there if lost.random() < 0.8}
        now = [arrival for arrival in arrivals if second <= arrival.due_s < second + 1]
        for worker, held in leases.items():
            made += [one.number for one in now if one.due_s < held.until_s and held.maker(one.number) == worker]
    assert len(set(made)) == len(made)


def test_what_a_lost_worker_would_make_is_missed_for_a_while() -> None:
    """Others take over once its last lease has run out, and a new one takes part from then on."""
    made = Division(schedule(level(rate=10.0, duration_s=60.0, warmup_s=0.0)))
    made.lease(-1.0, ["a", "b"])
    made.lease(9.0, ["a", "b"])
    lease = made.lease(10.0, ["a"])
    assert [lease.maker(number) for number in (0, 1, 128, 129)] == ["a", "b", "a", "b"], "due before 9 + 4 s"
    assert {lease.maker(number) for number in range(130, 400)} == {"a"}
    assert lease.until_s == 10 + LEASE_S
    again = made.lease(11.0, ["a", "c"])
    assert {again.maker(number) for number in range(130, 140)} == {"a"}
    assert [again.maker(number) for number in (140, 141)] == ["a", "c"]


def test_nobody_is_there_at_first() -> None:
    """The first that comes makes what is left."""
    made = Division(schedule())
    assert made.lease(-1.0, []).maker(0) is None
    assert made.lease(0.5, ["a"]).maker(0) == "a"


def test_the_most_calls_are_divided() -> None:
    """Among those that make calls now; all shares together are never more than the run may have."""
    made = Division(schedule(max_in_flight=10))
    assert made.share("a") == 0
    for count, shares in ((1, [10, 0, 0]), (2, [5, 5, 0]), (3, [4, 3, 3])):
        made.lease(1.0, WORKERS[:count])
        assert [made.share(worker) for worker in WORKERS] == shares


def test_more_workers_than_calls_in_flight() -> None:
    """Some make no calls, as one that may have none would drop all of its arrivals."""
    made = Division(schedule(max_in_flight=2))
    lease = made.lease(-1.0, WORKERS)
    assert {lease.maker(number) for number in range(9)} == {"a", "b"}
    assert [made.share(worker) for worker in WORKERS] == [1, 1, 0]


def test_each_worker_gets_its_own_share() -> None:
    """With the lease, which is the same for all but for that."""
    sent: dict[str, int] = {}

    def send(_: str, order: dict[str, Any], client_id: str) -> None:
        sent[client_id] = order["lease"]["max_in_flight"]

    leases = Leases(cast("MasterRunner", SimpleNamespace(send_message=send)), lambda: ["b", "a"])
    leases.begin("run", schedule(start_at=clock.wall_at(), max_in_flight=5))
    gevent.sleep(0.05)
    leases.stop()
    assert sent == {"a": 3, "b": 2}


def test_a_schedule_that_is_cut_short() -> None:
    """The last lease ends at once, for all workers; none follows."""
    sent: list[tuple[str, float]] = []

    def send(_: str, order: dict[str, Any], client_id: str) -> None:
        sent.append((client_id, order["lease"]["until_s"]))

    leases = Leases(cast("MasterRunner", SimpleNamespace(send_message=send)), lambda: ["b", "a"])
    leases.cut()
    assert not sent
    leases.begin("run", schedule(start_at=clock.wall_at()))
    gevent.sleep(0.05)
    leases.cut()
    gevent.sleep(0.6)
    assert [client_id for client_id, _ in sent] == ["a", "b", "a", "b"]
    assert all(until_s > 3 for _, until_s in sent[:2])
    assert all(until_s < 1 for _, until_s in sent[2:])
