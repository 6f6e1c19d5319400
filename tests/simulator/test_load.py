"""How calls of one model get in each other's way."""

from __future__ import annotations

import asyncio

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
