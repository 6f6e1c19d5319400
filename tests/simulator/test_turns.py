"""Turns: the order in which the work for calls begins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bedrock_locust.simulator import turns

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

LONG_S = 3600.0
DEADLINE_S = 20.0


def seen(scenario: Callable[[list[str], turns.Turns], object]) -> list[str]:
    """What happens in a scenario, in order."""
    happened: list[str] = []

    async def run() -> None:
        async with asyncio.timeout(DEADLINE_S):
            await scenario(happened, turns.Turns())  # type: ignore[misc]  # it is a coroutine

    asyncio.run(run())
    return happened


async def work(happened: list[str], one: turns.Turns, name: str, patience_s: float) -> None:
    """A call that arrives and works once it has its turn."""
    happened.append(f"{name} arrives")
    await one.take(patience_s)
    happened.append(f"{name} works")


def test_work_waits_until_a_burst_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody works while others arrive; then each works, in the order of arrival."""
    monkeypatch.setattr(turns, "QUIET_SECONDS", 1.0)

    async def burst(happened: list[str], one: turns.Turns) -> None:
        tasks = []
        for name in "abc":
            tasks.append(asyncio.create_task(work(happened, one, name, LONG_S)))
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)

    assert seen(burst) == ["a arrives", "b arrives", "c arrives", "a works", "b works", "c works"]


def test_patience_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call without patience works at once, however many others arrive."""
    monkeypatch.setattr(turns, "QUIET_SECONDS", LONG_S)

    async def impatient(happened: list[str], one: turns.Turns) -> None:
        for name in "ab":
            await work(happened, one, name, 0.0)

    assert seen(impatient) == ["a arrives", "a works", "b arrives", "b works"]


def test_one_call_works_in_a_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two calls that work, the event loop does what else there is to do."""
    monkeypatch.setattr(turns, "QUIET_SECONDS", 0.0)

    async def both(happened: list[str], one: turns.Turns) -> None:
        async def other() -> None:
            while happened.count("b works") == 0:
                happened.append("other")
                await asyncio.sleep(0)

        await asyncio.gather(work(happened, one, "a", 0.0), work(happened, one, "b", 0.0), other())

    happened = seen(both)
    between = happened[happened.index("a works") : happened.index("b works")]
    assert "other" in between


def test_who_has_left_takes_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that was cancelled while it waited is passed over."""
    monkeypatch.setattr(turns, "QUIET_SECONDS", 0.1)

    async def leave(happened: list[str], one: turns.Turns) -> None:
        tasks = [asyncio.create_task(work(happened, one, name, LONG_S)) for name in "abc"]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[1].cancel()
        await tasks[2]
        await work(happened, one, "d", LONG_S)

    assert seen(leave) == ["a arrives", "b arrives", "c arrives", "c works", "d arrives", "d works"]
