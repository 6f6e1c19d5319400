"""How calls of one model get in each other's way."""

from __future__ import annotations

import asyncio

import pytest

from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.load import Model


def test_load_slows_all_calls_down() -> None:
    """With as many further calls as `half_speed_at`, each takes twice as long."""

    async def factors() -> list[float]:
        model, seen = Model(Behaviour(half_speed_at=4)), []
        for _ in range(9):
            await model.enter()
            seen.append(model.slowness())
        return seen

    assert asyncio.run(factors()) == [1, 1.25, 1.5, 1.75, 2, 2.25, 2.5, 2.75, 3]


def test_places_are_handed_on() -> None:
    """A call that waits gets the first place that is free, and one that gave up waiting takes none."""

    async def order() -> list[str]:
        model, done = Model(Behaviour(max_batch=1)), []

        async def call(name: str) -> None:
            await model.enter()
            done.append(name)
            await asyncio.sleep(0)
            model.leave(0)

        await model.enter()
        tasks = [asyncio.create_task(call(name)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        model.leave(0)
        tasks[1].cancel()
        await asyncio.wait(tasks)
        await call("d")
        return done

    assert asyncio.run(order()) == ["c", "d"]


def test_cold_start() -> None:
    """The first calls wait until the model is loaded, and it is loaded anew after it was idle for too long."""
    model = Model(Behaviour(cold_start_ms=2000, cold_after_seconds=60))
    assert [model.loading_s(now) for now in (0, 0.5, 3, 62, 130, 131)] == [2, 1.5, 0, 0, 2, 1]


def test_a_model_gets_cold_between_calls_that_have_a_place() -> None:
    """A call asks once it has its place; while another one runs, the model stays warm, however long that takes."""

    async def waits() -> list[float]:
        model, found = Model(Behaviour(cold_start_ms=2000, cold_after_seconds=60)), []
        for arrives_at, leaves_at in ((0, 10), (70, 80), (140.5, 150)):
            await model.enter()
            found.append(model.loading_s(arrives_at))
            model.leave(leaves_at)
        await model.enter()
        found.append(model.loading_s(200))
        await model.enter()
        found.append(model.loading_s(300))
        return found

    assert asyncio.run(waits()) == [2, 0, 2, 0, 0]


def test_who_gives_up_waiting_frees_no_place() -> None:
    """A call that leaves the queue had no place: the next one waits for the call that has it."""

    async def order() -> list[str]:
        model, done = Model(Behaviour(max_batch=1)), []

        async def call(name: str) -> None:
            await model.enter()
            done.append(name)

        await model.enter()
        gone = asyncio.create_task(call("gone"))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        waiting = asyncio.create_task(call("next"))
        await asyncio.sleep(0)
        done.append("first leaves")
        model.leave(0)
        await waiting
        return done

    assert asyncio.run(order()) == ["first leaves", "next"]


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({}, [(0, 0.0), (1000, 0.0)]),
        ({"cold_start_ms": 2000}, [(10, 2.0), (11.5, 0.5), (12, 0.0), (13, 0.0), (9999, 0.0)]),
        (
            {"cold_start_ms": 2000, "cold_after_seconds": 60},
            [(10, 2.0), (72, 2.0), (75, 0.0), (135, 0.0), (195.1, 2.0)],
        ),
        ({"cold_after_seconds": 60}, [(10, 0.0), (100, 0.0)]),
    ],
)
def test_when_a_model_is_loaded(settings: dict[str, float], steps: list[tuple[float, float]]) -> None:
    """At its first call, and after it was idle for longer than that; not after exactly that."""
    model = Model(Behaviour().changed(settings))
    assert [model.loading_s(now) for now, _ in steps] == pytest.approx([wait for _, wait in steps])


def test_a_model_is_idle_from_when_its_last_call_has_left() -> None:
    """While a call has a place it is not."""

    async def waits() -> list[float]:
        model, found = Model(Behaviour(cold_start_ms=1000, cold_after_seconds=10)), list[float]()

        async def arrive(now: float) -> None:
            await model.enter()
            found.append(model.loading_s(now))

        await arrive(0)
        await arrive(50)
        model.leave(54)
        model.leave(55)
        await arrive(65)
        model.leave(65)
        await arrive(75.5)
        return found

    assert asyncio.run(waits()) == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("settings", "varies", "queues"),
    [({}, False, False), ({"half_speed_at": 2}, True, False), ({"max_batch": 1}, False, True)],
)
def test_what_calls_do_to_each_other(settings: dict[str, float], varies: bool, queues: bool) -> None:
    """Nothing, unless the model slows down or has few places."""

    async def slowness() -> list[float]:
        model, seen = Model(Behaviour().changed(settings)), list[float]()
        assert (model.varies, model.queues) == (varies, queues)
        for _ in range(1 if queues else 3):
            seen.append(model.slowness())
            await model.enter()
        model.leave(0)
        return [*seen, model.slowness()]

    expected = [1] if queues else [1, 1, 1.5] if varies else [1, 1, 1]
    assert asyncio.run(slowness()) == [*expected, 1.5 if varies else 1]


def test_a_place_that_comes_as_its_call_leaves_goes_on_to_the_next() -> None:
    """It was given to a call that is cancelled before it runs again."""

    async def order() -> list[str]:
        model, done = Model(Behaviour(max_batch=1)), list[str]()

        async def call(name: str) -> None:
            await model.enter()
            done.append(name)

        await model.enter()
        tasks = [asyncio.create_task(call(name)) for name in ("leaves", "next")]
        await asyncio.sleep(0)
        model.leave(0)
        tasks[0].cancel()
        async with asyncio.timeout(5):
            await tasks[1]
        return done

    assert asyncio.run(order()) == ["next"]
