"""The loads that a search tries, and what it finds: simulated searches with seeds, on services of known capacity."""

from __future__ import annotations

import heapq
import random
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.live.attainment import LOOKS, Record, Target, judge
from shapes.bisection import Bisection, Bracket, Probe, crossed, standings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Service = Callable[[random.Random, float], "Calls"]

Calls = list[tuple[float, float]]
"""When each call started, in seconds from the start of the window, and how long it took."""
USERS = Bisection(start=1, most=100, probes=20, resolution=5, least=1, whole=True)
RATES = Bisection(start=0.5, most=50, probes=20, resolution=5, least=0.1, whole=False)
DURATION_S, LIMIT_S = 60.0, 2.0
TARGET = Target(0.95)


def probes(search: Bisection, limit: float) -> list[Probe]:
    """All probes of a search for a limit that every probe tells for sure."""
    done: list[Probe] = []
    while (load := search.next_load(done)) is not None:
        done.append(Probe(load, "met" if load <= limit else "missed"))
    return done


def loads(done: Sequence[Probe]) -> list[float]:
    """The loads in the order in which they were tried."""
    return [probe.load for probe in done]


def test_it_doubles_bisects_and_tries_both_ends_again() -> None:
    """To the first miss; then halfway, until a step is small enough; then the best and the first miss."""
    assert loads(probes(USERS, 11)) == [1, 2, 4, 8, 16, 12, 10, 11, 11, 12]
    assert loads(probes(RATES, 3.1)) == [0.5, 1, 2, 4, 3, 3.5, 3.25, 3.125, 3, 3.125]


@pytest.mark.parametrize("search", [USERS, RATES])
def test_the_bracket_is_as_narrow_as_asked_for(search: Bisection) -> None:
    """Wherever the limit is: it lies in the bracket, which is no wider than the resolution."""
    for tenth in range(int(10 * search.start), int(10 * search.most), 3):
        limit = tenth / 10
        done = probes(search, limit)
        bracket = search.bracket(done)
        assert bracket.low is not None
        assert bracket.high is not None
        assert bracket.low <= limit < bracket.high
        assert bracket.high - bracket.low <= search.step(bracket.high) * 1.0001
        assert len(done) <= search.probes
        assert search.is_fine(done)


def test_not_even_the_start() -> None:
    """The first load missed: it is tried again, and that is all."""
    done = probes(USERS, 0)
    assert loads(done) == [1, 1]
    assert USERS.bracket(done) == Bracket(None, 1)


def test_even_the_most() -> None:
    """The largest load met the target, twice."""
    done = probes(USERS, 1000)
    assert loads(done) == [1, 2, 4, 8, 16, 32, 64, 100, 100]
    assert USERS.bracket(done) == Bracket(100, None)


def test_the_last_probes_are_kept_for_the_ends() -> None:
    """With few probes the bracket stays wide, and both ends of it are still tried again."""
    few = Bisection(start=1, most=100, probes=8, resolution=5, least=1, whole=True)
    done = probes(few, 11)
    assert loads(done) == [1, 2, 4, 8, 16, 12, 8, 12]
    assert few.bracket(done) == Bracket(8, 12)
    assert not few.is_fine(done)


def test_where_nothing_is_clear_the_measured_share_decides() -> None:
    """One user makes few calls, which show nothing: the search goes the way that they lean, and says so in the end."""
    done = [Probe(1, "unclear", leans=True), Probe(2, "met"), Probe(4, "unclear", leans=True)]
    assert USERS.next_load(done) == 8
    done += [Probe(8, "unclear"), Probe(6, "missed")]
    assert USERS.next_load(done) == 5
    assert USERS.bracket(done) == Bracket(4, 6)
    assert USERS.bracket([Probe(1, "unclear")]) == Bracket(None, 1)
    assert USERS.bracket([Probe(1, "unclear", leans=True)]) == Bracket(1, None)


def test_a_second_probe_that_differs_opens_the_bracket_again() -> None:
    """What is known of a load is what its probes say together, and the search goes on if that leaves a gap."""
    done = [Probe(load, "met") for load in (1, 2, 4)] + [Probe(8, "missed"), Probe(6, "met"), Probe(7, "missed")]
    assert USERS.next_load(done) == 6
    done.append(Probe(6, "unclear", leans=False))
    assert USERS.bracket(done) == Bracket(4, 6)
    assert USERS.next_load(done) == 5
    assert standings(done)[6].verdict == "unclear"


def test_a_lower_miss_is_told() -> None:
    """A load that missed the target below one that met it."""
    assert crossed([Probe(4, "missed"), Probe(8, "met"), Probe(2, "met")]) == [(4, 8)]
    assert crossed(probes(USERS, 11)) == []


def sharp(capacity: float, good: float = 0.99, bad: float = 0.88) -> Service:
    """A service with 10 calls/s for each unit of load, of which fewer are good beyond its capacity."""

    def calls(rng: random.Random, load: float) -> Calls:
        share, count = good if load <= capacity else bad, int(10 * min(load, 30) * DURATION_S / 10)
        return [(rng.random() * DURATION_S, 1.0 if rng.random() < share else 3.0) for _ in range(max(count, 60))]

    return calls


def queue(servers: int, stalls_per_s: float = 0.0) -> Service:
    """Users that call one after the other, and a number of servers that answer in about 1 s, first come first served.

    From time to time all of them stand still for 2 s, so that calls fail the limit in bursts.
    """

    def calls(rng: random.Random, users: float) -> Calls:
        free, waits = [0.0] * servers, [rng.random() for _ in range(int(users))]
        stall, warm_s, found = rng.expovariate(stalls_per_s) if stalls_per_s else 1e9, 5.0, Calls()
        heapq.heapify(waits)
        while (at := heapq.heappop(waits)) <= warm_s + DURATION_S:
            begin = max(heapq.heappop(free), at)
            if begin > stall:
                begin, stall = max(begin, stall + 2), stall + 2 + rng.expovariate(stalls_per_s)
            end = begin + rng.lognormvariate(-0.045, 0.3)
            heapq.heappush(free, end)
            heapq.heappush(waits, end)
            if at >= warm_s:
                found.append((at - warm_s, end - at))
        return found

    return calls


def known(calls: Calls, upto_s: float, *, ended: bool) -> Record:
    """The calls that have started, or ended, by a moment."""
    record = Record(DURATION_S)
    for start, lasted in calls:
        if start + (lasted if ended else 0) <= upto_s:
            record.add(start, lasted, good=lasted <= LIMIT_S, ok=True)
    return record


def searched(service: Service, seed: int, search: Bisection = USERS) -> list[Probe]:
    """A search as it is made: a look at each quarter, and the verdict once all calls have ended."""
    rng, done, records = random.Random(seed), list[Probe](), dict[float, list[Record]]()
    while (load := search.next_load(done)) is not None:
        calls, spent_s, decided = service(rng, load), DURATION_S, "unclear"
        for look in range(1, LOOKS):
            now = DURATION_S * look / LOOKS
            seen = judge(TARGET, [known(calls, now, ended=True).at(now, late_s=3.5)])
            if seen.verdict != "unclear":
                spent_s, decided = now, seen.verdict
                break
        record = known(calls, spent_s, ended=False)
        record.decided = decided  # type: ignore[assignment]  # a verdict
        records.setdefault(load, []).append(record)
        found = judge(TARGET, records[load])
        done.append(Probe(load, found.verdict, found.leans))
    return done


RUNS = 20


@pytest.mark.parametrize("capacity", [3, 17, 46])
def test_it_finds_a_known_capacity(capacity: int) -> None:
    """Within the resolution, in 19 of 20 runs."""
    found = [USERS.bracket(searched(sharp(capacity), seed)) for seed in range(RUNS)]
    hits = [one for one in found if one.low and abs(one.low - capacity) <= USERS.step(capacity)]
    assert len(hits) >= 0.95 * RUNS, found


def test_it_finds_a_rate() -> None:
    """So with arrivals per second, whose steps are fractions."""
    found = [RATES.bracket(searched(sharp(7.3), seed, RATES)) for seed in range(RUNS)]
    hits = [one for one in found if one.low and abs(one.low - 7.3) <= RATES.step(7.3)]
    assert len(hits) >= 0.95 * RUNS, found


@pytest.mark.parametrize("share", [0.95, 0.952])
def test_it_says_that_it_is_too_close_to_tell(share: float) -> None:
    """A service that is at the limit with any load: in 19 of 20 probes nothing is shown."""
    verdicts = [
        probe.verdict
        for seed in range(RUNS)
        for probe in searched(sharp(1000, good=share), seed, Bisection(20, 20, 2, 5, 1, whole=True))[:1]
    ]
    assert verdicts.count("unclear") >= 0.95 * RUNS


@pytest.mark.parametrize("stalls_per_s", [0.0, 0.02])
def test_a_queue_is_not_taken_for_more_than_it_carries(stalls_per_s: float) -> None:
    """The share of good calls falls gradually, and in bursts: the limit is above the best load, and below the miss."""
    service = queue(20, stalls_per_s)
    shares = {users: _share(service, users) for users in range(20, 33)}
    limit = max((users for users, share in shares.items() if share >= TARGET.good), default=0)
    wrong = 0
    for seed in range(10):
        done = searched(service, seed)
        known = standings(done).values()
        met, missed = ([one.load for one in known if one.verdict == said] for said in ("met", "missed"))
        wrong += max(met, default=0) > limit + 1 or min(missed, default=1000) < limit
    assert wrong <= 1


def _share(service: Service, users: int) -> float:
    """The share of good calls of many windows."""
    calls = [lasted for seed in range(6) for _, lasted in service(random.Random(1000 + seed), users)]
    return sum(lasted <= LIMIT_S for lasted in calls) / len(calls)
