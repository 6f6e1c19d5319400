"""Ledger, quotas, timing, turns and places, each against a second way to count, or on a clock that is set."""

from __future__ import annotations

import asyncio
import json
import math
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import faults, timing
from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.exchange import ClientGoneError, Exchange
from bedrock_locust.simulator.faults import Strike
from bedrock_locust.simulator.ledger import Entry, Ledger
from bedrock_locust.simulator.load import Model
from bedrock_locust.simulator.quota import Bucket, Quota
from bedrock_locust.simulator.turns import Turns

from .lapse import Loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def passing(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What comes of work on a clock that passes only while all wait."""
    loop = Loop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


def now_ms() -> float:
    """The time of this clock."""
    return round(asyncio.get_running_loop().time() * 1000, 6)


@given(
    st.integers(0, 1100), st.lists(st.sampled_from(["open", "close", "clear", "close oldest"]), max_size=60), st.data()
)
def test_a_ledger_counts_as_a_list_does(size: int, steps: list[str], data: st.DataObject) -> None:
    """Whatever is opened, closed and cleared: what is kept, what was dropped, and how many ran at a time."""
    ledger, running, kept = Ledger(size), list[Entry](), list[tuple[int, str]]()
    opened = most = ended = 0
    for step in steps:
        if step == "clear":
            ledger.clear()
            running, kept, opened, most, ended = [], [], 0, 0, 0
        elif step == "open":
            number = data.draw(st.sampled_from([1, 2, 255, 256, 257]))
            running += [ledger.open("converse", "m", stream=False) for _ in range(number)]
            opened += number
            most = max(most, len(running))
        elif running:
            entry = running.pop(0 if "oldest" in step else -1)
            entry.outcome = "ok" if entry.index % 2 else "cut"
            ledger.close(entry)
            ledger.close(entry)  # a second time means nothing
            kept.append((entry.index, entry.outcome))
            ended += 1
    kept = kept[max(0, len(kept) - size) :]
    found = [json.loads(line) for line in b"".join(ledger.lines()).splitlines()]
    assert [(one["index"], one["outcome"]) for one in found] == kept
    stats = ledger.stats()
    outcomes = stats.pop("outcomes")
    assert sum(outcomes.values()) == ended
    assert stats == {
        "calls": opened,
        "in_flight": len(running),
        "max_in_flight": most,
        "ok": outcomes.get("ok", 0),
        "kept": len(kept),
        "dropped": ended - len(kept),
    }
    assert list(outcomes) == sorted(outcomes)


@pytest.mark.parametrize("size", [0, 1, 256, 257, 600])
def test_a_ledger_of_each_size(size: int) -> None:
    """Around the length of a pack: the newest are kept, and read from each place on."""
    ledger = Ledger(size)
    for number in range(1, 800):
        ledger.close(ledger.open("converse", "m", stream=False))
        assert ledger.kept == min(number, size)
        assert ledger.stats()["dropped"] == number - min(number, size)
    indexes = [*range(799 - min(799, size), 799)]
    assert [json.loads(line)["index"] for line in b"".join(ledger.lines()).splitlines()] == indexes
    for place in {0, 1, *range(250, 260), *range(505, 520), max(0, size - 1), size}:
        assert [json.loads(line)["index"] for line in ledger.lines_from(place)] == indexes[place:]


class Exact:
    """A bucket in fractions."""

    def __init__(self, capacity: Fraction, per_s: Fraction) -> None:
        self.capacity, self.level, self.per_s, self.at_s = capacity, capacity, per_s, Fraction(0)

    def has(self, amount: int, at_s: Fraction) -> bool:
        """Whether it has so much at a moment."""
        self.level = min(self.capacity, self.level + (at_s - self.at_s) * self.per_s)
        self.at_s = at_s
        return self.level >= amount

    def take(self, amount: int) -> None:
        """Take so much."""
        self.level = min(self.capacity, self.level - amount)


CALLS = st.lists(
    st.tuples(st.integers(0, 64), st.integers(0, 100), st.integers(0, 100), st.integers(0, 100)),
    min_size=1,
    max_size=25,
)
"""Pause in 1/4 s, tokens of the prompt, most of the answer, and the answer."""


@given(CALLS, st.sampled_from([1, 2, 5]), st.integers(0, 4), st.integers(0, 120))
def test_quotas_count_as_buckets_in_fractions(
    calls: list[tuple[int, int, int, int]], burndown: int, burst: int, others: int
) -> None:
    """All quotas together, at rates that binary numbers have exactly."""
    behaviour = Behaviour(
        requests_per_minute=15,
        burst=burst,
        tokens_per_minute=960,
        tokens_per_day=1440 * 240,
        input_tokens_per_minute=480,
        output_tokens_per_minute=240,
        others_tokens_per_minute=others,
    )
    quota = Quota(behaviour, 0.0, burndown)
    requests = Exact(Fraction(burst or 15), Fraction(1, 4))
    tokens = Exact(Fraction(960 - others), Fraction(960 - others, 60))
    day, taken = Exact(Fraction(1440 * 240), Fraction(4)), Exact(Fraction(480), Fraction(8))
    output, at_s = Exact(Fraction(240), Fraction(4)), Fraction(0)
    for pause, prompt, most, answer in calls:
        at_s += Fraction(pause, 4)
        reserved = prompt + most
        enough = (requests.has(1, at_s), day.has(reserved, at_s), tokens.has(reserved, at_s), taken.has(reserved, at_s))
        if tokens.level != reserved and abs(tokens.level - reserved) < Fraction(1, 10**6):
            return  # too near to tell in binary numbers
        expected = (
            "" if all(enough) else "requests" if not enough[0] else "tokens per day" if not enough[1] else "tokens"
        )
        assert quota.lacks(reserved, float(at_s)) == expected
        if expected:
            continue
        requests.take(1)
        granted = min(answer, most) if output.has(min(answer, most), at_s) else max(0, math.floor(output.level))
        output.take(granted)
        assert quota.grant(min(answer, most), float(at_s)) == granted
        quota.settle(reserved, prompt, granted)
        day.take(prompt + granted * burndown)
        tokens.take(prompt + granted * burndown)
        taken.take(prompt + granted)


@pytest.mark.parametrize(
    ("settings", "at_once", "in_a_minute"),
    [
        ({"requests_per_minute": 10}, 10, 10),
        ({"requests_per_minute": 10, "burst": 3}, 3, 3),
        ({"requests_per_minute": 0.5}, 1, 0),
        ({"requests_per_minute": 10, "others_requests_per_minute": 4}, 6, 6),
        ({"requests_per_minute": 10, "others_requests_per_minute": 10}, 0, 0),
        ({"requests_per_minute": 10, "others_requests_per_minute": 11}, 0, 0),
        ({"requests_per_minute": 10, "burst": 20, "others_requests_per_minute": 4}, 16, 6),
    ],
)
def test_quotas_of_requests(settings: dict[str, float], at_once: int, in_a_minute: int) -> None:
    """How many are admitted at once, and after a minute; others take their part of both."""
    quota = Quota(Behaviour.model_validate(settings), 100)
    assert [sum(not quota.lacks(0, at_s) for _ in range(30)) for at_s in (100, 160.01)] == [at_once, in_a_minute]


def test_a_bucket_is_never_fuller_than_full() -> None:
    """Nor by what is given back; it may be less than empty."""
    bucket = Bucket(10, 2, 5)
    assert (bucket.level, bucket.has(10, 5), bucket.has(10.5, 5)) == (10, True, False)
    bucket.take(15)
    assert bucket.level == -5
    assert (bucket.has(0, 7), bucket.has(0, 7.5), bucket.level) == (False, True, 0)
    bucket.take(-30)
    assert (bucket.level, bucket.has(10, 7.5)) == (10, True)


def test_a_call_that_is_refused_takes_nothing() -> None:
    """Whatever it lacked, and although other quotas had enough."""
    quota = Quota(Behaviour(requests_per_minute=2, tokens_per_minute=100, tokens_per_day=1000), 0)
    assert [quota.lacks(101, 0), quota.lacks(1001, 0)] == ["tokens", "tokens per day"]
    assert [quota.lacks(50, 0), quota.lacks(50, 0), quota.lacks(0, 0)] == ["", "", "requests"]


@pytest.mark.parametrize("seed", range(3))
def test_a_plan_draws_as_a_lognormal(seed: int) -> None:
    """Three factors and a place, in this order, whatever the settings; worked out anew here."""
    sigma, rng = 0.5, Random(seed)
    ttft, tpot, length = (math.exp(sigma * rng.gauss(0, 1) - sigma**2 / 2) for _ in range(3))
    begin = int(rng.random() * 3)
    behaviour = Behaviour(ttft_ms=100, tpot_ms=10, output_tokens=50, reasoning_tokens=7, spread=sigma, jitter=0.25)
    found = timing.plan(behaviour, Random(seed), 0)
    assert [found.ttft_s, found.tpot_s] == pytest.approx([0.1 * ttft, 0.01 * tpot])
    assert (found.text_tokens, found.reasoning_tokens) == (round(50 * length), round(7 * length))
    assert (found.gaps_s, found.jitter) == ((), 0.25)
    gaps = [1.0, 2.0, 4.0]
    measured = behaviour.changed({"gap_values_ms": gaps, "ttft_values_ms": [5, 6], "output_tokens": 1})
    found = timing.plan(measured, Random(seed), 3)
    assert found.gaps_s == tuple(gap / 1000 for gap in gaps[begin:] + gaps[:begin])
    assert (found.ttft_s, found.text_tokens) == (0.006, max(1, round(length)))


def test_a_pace_adds_its_gaps() -> None:
    """Measured ones in turn, or drawn around their mean; a token at a time and several give the same."""
    measured = timing.Plan(0.1, 9.0, 1, 0, gaps_s=(0.001, 0.002, 0.004))
    pace = timing.Pace(measured, Random(1), lambda: 2.0)
    due = [pace.due_s]
    for tokens in (1, 2, 4):
        pace.advance(tokens)
        due.append(pace.due_s)
    assert due == pytest.approx([0.2, 0.202, 0.214, 0.230])
    rng, jitter = Random(5), 0.5
    expected = [0.01 * math.exp(jitter * rng.gauss(0, 1) - jitter**2 / 2) for _ in range(5)]
    drawn = timing.Pace(timing.Plan(0.0, 0.01, 1, 0, jitter=jitter), Random(5), lambda: 1.0)
    drawn.advance(2)
    assert drawn.due_s == pytest.approx(sum(expected[:2]))
    drawn.advance(3)
    assert drawn.due_s == pytest.approx(sum(expected))
    both = timing.Pace(timing.Plan(0.0, 9.0, 1, 0, (0.001, 0.002), jitter), Random(5), lambda: 1.0)
    both.advance(3)
    assert both.due_s == pytest.approx(sum(e / 10 * g for e, g in zip(expected[:3], (1, 2, 1), strict=True)))


def test_the_clock_of_a_call_is_exact() -> None:
    """It waits for planned times, which move with what holds a call up, and not for those that have passed."""

    async def waits() -> list[float]:
        await asyncio.sleep(1)
        clock, seen = timing.Clock(), []
        for step in (clock.until(0.05), clock.until(0.01), clock.hold(0.05), clock.until(0.1)):
            await step
            seen.append(clock.elapsed_s)
        clock.shift(0.05)
        await clock.until(0.15)
        return [*seen, clock.elapsed_s, now_ms() / 1000]

    assert passing(waits) == pytest.approx([0.05, 0.05, 0.1, 0.15, 0.25, 1.25])


def begun(*arrivals: tuple[float, float]) -> list[float]:
    """When the work of calls begins, in ms, which arrive at these moments with this patience, both in ms."""

    async def all_of_them() -> list[float]:
        turns = Turns()

        async def call(arrives_ms: float, patience_ms: float) -> float:
            await asyncio.sleep(arrives_ms / 1000)
            await turns.take(patience_ms / 1000)
            return now_ms()

        return [*await asyncio.gather(*(call(*one) for one in arrivals))]

    found: list[float] = passing(all_of_them)
    return found


def test_work_begins_when_it_is_quiet() -> None:
    """2 ms after the last arrival, or when the patience of the first is over; then the next one waits anew."""
    assert begun((0, 50)) == [2]
    assert begun((0, 0)) == [0]
    assert begun((0, 1.5)) == [1.5]
    assert begun((0, 50), (1, 50), (2.5, 50)) == [4.5, 4.5, 4.5]
    assert begun((0, 2.25), (1, 50), (2, 50)) == [2.25, 4, 4]
    assert begun((0, 50), (10, 50)) == [2, 12]
    assert begun((0, 50), (3, 0), (4, 50)) == [2, 3, 6]


def test_who_gives_up_its_turn_holds_nobody_up() -> None:
    """A call whose client has left is passed over, wherever it waits."""

    async def order() -> list[str]:
        turns, done = Turns(), []

        async def call(name: str) -> None:
            await turns.take(1)
            done.append(f"{name} {now_ms():g}")

        tasks = [asyncio.create_task(call(name)) for name in "abcd"]
        await asyncio.sleep(0.001)
        tasks[0].cancel()
        tasks[2].cancel()
        await asyncio.wait(tasks)
        tasks = [asyncio.create_task(call("gone"))]
        await asyncio.sleep(0.001)
        tasks[0].cancel()
        await asyncio.sleep(0.01)
        await call("later")
        return done

    assert passing(order) == ["b 2", "d 2", "later 15"]


def test_places_and_speed() -> None:
    """Of `max_batch` calls each has its place at once, others in turn; the speed goes by those that have one."""

    async def seen() -> list[Any]:
        model, done = Model(Behaviour(max_batch=2, half_speed_at=2)), list[Any]()
        assert (model.varies, model.queues) == (True, True)

        async def call(name: str, takes_ms: float) -> None:
            await model.enter()
            done.append((name, now_ms(), model.slowness()))
            await asyncio.sleep(takes_ms / 1000)
            model.leave(now_ms() / 1000)

        await asyncio.gather(*(call(name, takes) for name, takes in (("a", 10), ("b", 20), ("c", 30), ("d", 5))))
        return [*done, model.slowness()]

    assert passing(seen) == [("a", 0, 1), ("b", 0, 1.5), ("c", 10, 1.5), ("d", 20, 1.5), 1]
    plain = Model(Behaviour())
    assert (plain.varies, plain.queues, plain.slowness(), plain.loading_s(5)) == (False, False, 1, 0)


@pytest.mark.parametrize("gives_up_at", ["before", "at the same time"])
def test_a_place_is_not_lost(gives_up_at: str) -> None:
    """By a call that gives up, even if it has just got its place."""

    async def seen() -> list[str]:
        model, done = Model(Behaviour(max_batch=1)), []
        await model.enter()
        gone, last = asyncio.create_task(model.enter()), asyncio.create_task(model.enter())
        await asyncio.sleep(0)
        if gives_up_at == "before":
            gone.cancel()
            await asyncio.sleep(0)
            model.leave(0)
        else:
            model.leave(0)
            gone.cancel()
        await last
        done.append("last")
        model.leave(0)
        await model.enter()
        assert not gone.done() or gone.cancelled()
        return [*done, "another"]

    assert passing(seen) == ["last", "another"]


@pytest.mark.parametrize(
    ("strike", "hits"),
    [
        ({}, {(0, 0.0), (1, 0.0), (5, 0.0), (0, 9.5), (1, 9.5), (5, 9.5), (0, 10.0), (1, 10.0), (5, 10.0)}),
        ({"calls": [1]}, {(1, 0.0), (1, 9.5), (1, 10.0)}),
        ({"every": 2}, {(1, 0.0), (5, 0.0), (1, 9.5), (5, 9.5), (1, 10.0), (5, 10.0)}),
        ({"every": 6, "calls": [0, 5]}, {(5, 0.0), (5, 9.5), (5, 10.0)}),
        ({"from_seconds": 9.5}, {(0, 9.5), (1, 9.5), (5, 9.5), (0, 10.0), (1, 10.0), (5, 10.0)}),
        ({"to_seconds": 9.5}, {(0, 0.0), (1, 0.0), (5, 0.0)}),
        ({"from_seconds": 9.5, "to_seconds": 10}, {(0, 9.5), (1, 9.5), (5, 9.5)}),
        ({"to_seconds": 0}, set()),
    ],
)
def test_a_schedule_strikes(strike: dict[str, Any], hits: set[tuple[int, float]]) -> None:
    """Calls by their index and number, and times, of which the first counts and the last does not."""
    one = Strike(fault="cut", **strike)
    assert {(index, at_s) for index in (0, 1, 5) for at_s in (0.0, 9.5, 10.0) if one.hits(index, at_s)} == hits
    assert faults.scheduled([one, Strike(fault="stall")], 1, 10.0) == ("cut" if (1, 10.0) in hits else "stall")
    assert faults.scheduled([], 0, 0.0) == ""


@pytest.mark.parametrize(
    ("draw", "fault"), [(0.0, "cut"), (0.2499, "cut"), (0.25, "stall"), (0.7499, "stall"), (0.75, ""), (0.99, "")]
)
def test_a_draw_is_a_fault(draw: float, fault: str) -> None:
    """By its rates, one after the other."""
    assert faults.pick({"cut": 0.25, "nonsense": 0.0, "stall": 0.5}, draw) == fault
    assert faults.pick({}, draw) == ""


def sent(*messages: dict[str, Any], waits_s: float = 0.0) -> tuple[Exchange, list[dict[str, Any]]]:
    """An exchange whose client sends these messages, each after a wait, and then nothing."""
    left, got = [*messages], list[dict[str, Any]]()

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        await asyncio.sleep(waits_s)
        return left.pop(0)

    async def send(message: Any) -> None:
        got.append(dict(message))

    scope = {"method": "PUT", "raw_path": b"/a%20\xfc", "query_string": b"b=\xfc", "headers": [(b"X-A", b"\xfc")]}
    return Exchange(scope, receive, send), got


def piece(length: int, *, more: bool = False) -> dict[str, Any]:
    """A part of a body."""
    return {"type": "http.request", "body": b"x" * length, "more_body": more}


async def read(exchange: Exchange) -> str:
    """How long its body is, or why there is none."""
    try:
        return str(len(await exchange.body()))
    except ClientGoneError:
        return "gone"
    except Exception as error:  # noqa: BLE001 - it is shown
        return f"{error.code}: {error.message}"  # type: ignore[attr-defined]


TOO_LARGE = (
    "ValidationException: 1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have"
    " length less than or equal to 8"
)


@pytest.mark.parametrize(
    ("messages", "waits_s", "found"),
    [
        ([piece(8)], 0, "8"),
        ([piece(5, more=True), piece(3)], 0, "8"),
        ([{"type": "http.request"}], 0, "0"),
        ([piece(9)], 0, TOO_LARGE),
        ([piece(5, more=True), piece(4)], 0, TOO_LARGE),
        ([piece(20, more=True), piece(12, more=True), {"type": "http.disconnect"}], 0, "gone"),
        ([piece(20, more=True), piece(13, more=True), {"type": "http.disconnect"}], 0, TOO_LARGE),
        ([piece(5, more=True), {"type": "http.disconnect"}], 0, "gone"),
        ([piece(5, more=True), piece(3)], 59.9, "8"),
        ([piece(5, more=True), piece(3)], 60.1, "RequestTimeoutException: The request body did not come in time."),
    ],
)
def test_bodies(messages: list[Any], waits_s: float, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to the limit; what is larger is read to its end, or up to four times the limit, and refused."""
    monkeypatch.setattr("bedrock_locust.simulator.exchange.MAX_BODY", 8)
    monkeypatch.setattr("bedrock_locust.simulator.exchange.DRAINED", 32)
    exchange, _ = sent(*messages, waits_s=waits_s)
    assert passing(lambda: asyncio.wait_for(read(exchange), 200)) == found
    if found.isdecimal():
        assert passing(lambda: read(exchange)) == found


def test_the_parts_of_an_exchange() -> None:
    """Text is Latin-1 on both sides; what has no place there is a question mark."""

    async def answered() -> list[dict[str, Any]]:
        exchange, got = sent()
        assert (exchange.method, exchange.path, exchange.query) == ("PUT", "/a%20ü", "b=ü")
        assert exchange.headers == [("x-a", "ü")]
        await exchange.respond(201, {"a": "ü→"}, b"body")
        await exchange.begin(200, {})
        await exchange.chunk(b"1")
        await exchange.end()
        return got

    body, end = {"type": "http.response.body"}, {"body": b""}
    assert passing(answered) == [
        {"type": "http.response.start", "status": 201, "headers": [(b"a", b"\xfc?"), (b"content-length", b"4")]},
        body | {"body": b"body"},
        {"type": "http.response.start", "status": 200, "headers": []},
        body | {"body": b"1", "more_body": True},
        body | end,
    ]


@pytest.mark.parametrize(("detached", "seen"), [(False, "cancelled"), (True, "went on")])
def test_a_client_that_leaves_ends_its_task(detached: bool, seen: str) -> None:
    """Unless the task is to go on without it."""

    async def serve() -> str:
        exchange, _ = sent(piece(1), {"type": "http.disconnect"}, waits_s=1.0)

        async def task() -> str:
            await exchange.body()
            if detached:
                exchange.detach()
            await asyncio.sleep(10)
            return "went on"

        [result] = await asyncio.gather(asyncio.create_task(task()), return_exceptions=True)
        return "cancelled" if isinstance(result, asyncio.CancelledError) else str(result)

    assert passing(serve) == seen
