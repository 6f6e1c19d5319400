"""The charts page through hours of a run, in time-lapse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from bedrock_locust.live.timeline import MOST_BUCKETS
from tests.e2e.running import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import CDPSession, Route

    from tests.e2e.running import Simulator

    from .visit import Visit

LEVELS = 100
UPDATES = 40
MOST_MB = 150
FIGURES = ("ttft_p50", "ttft_p95", "ttft_p99", "latency_p50", "latency_p95", "latency_p99")
QUICKER = "const slow = window.setTimeout; window.setTimeout = (call, ms) => slow(call, ms > 1000 ? 50 : ms);"


def figures(update: int) -> dict[str, Any]:
    """What the page gets late in a long run: as many points and levels as it ever shows."""
    first = 1_800_000_000_000 + update * 16_000
    run = {"name": "r", "state": "running", "reason": "", "model": "m", "levels": LEVELS, "levels_planned": LEVELS}
    times = [first + 16_000 * point for point in range(MOST_BUCKETS)]
    rates = {"users": 5, "requests_per_s": 9.5 + update, "tokens_per_s": 100, "in_flight": 4.5}
    level = {"mode": "streaming", "load": "5 users", "level": "streaming-5", "label": ""}
    return {
        "run": {**run, "ended_at": None, "calls": update, "failed": 1},
        "width_s": 16,
        "points": [{"t": at, **rates, **dict.fromkeys(FIGURES, at % 977)} for at in times],
        "failures": [{"t": at, "to": at + 16_000, "category": "ModelError", "per_s": 0.5} for at in times],
        "levels": [{**level, "from": at, "to": at + 16_000} for at in times[:LEVELS]],
        "rows": [{"level": f"streaming-{n}", "load": f"{n} users", "calls": update} for n in range(LEVELS)],
        "failed": [],
    }


def memory(session: CDPSession) -> float:
    """Bytes of JavaScript that the page needs."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


def test_memory_stays_bounded(visit: Callable[..., Visit], simulator: Simulator) -> None:
    """However often the page is updated with as much as it ever shows, its memory stays below a limit."""
    there = visit("--host", simulator.url)
    page = there.open("bedrock/")
    page.add_init_script(QUICKER)
    updates: list[int] = []

    def answer(route: Route) -> None:
        updates.append(len(updates))
        route.fulfill(content_type="application/json", body=json.dumps(figures(len(updates))))

    page.route("**/live.json", answer)
    page.goto(there.base + "bedrock/charts")
    expect(page.locator("#chart-failures svg")).to_be_visible()
    session = page.context.new_cdp_session(page)

    def enough() -> bool:
        page.wait_for_timeout(100)
        return len(updates) > UPDATES

    until(enough, "updates")
    assert memory(session) < MOST_MB * 1e6
