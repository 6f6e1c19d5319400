"""Many workers on one master."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.e2e.checks import assert_whole, info, read
from tests.e2e.running import free_port, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.running import Place, Simulator

WORKERS = 50
LEVELS = ["streaming-050", "streaming-100"]
CONFIG = {
    "concurrency": {"start": WORKERS, "end": 2 * WORKERS, "step": WORKERS, "duration_seconds": 12, "warmup_seconds": 2},
    "test": {"non_streaming": False, "prompt_size": 200, "max_tokens": 100},
}
LIGHT = ("--ttft-ms", "500", "--tpot-ms", "50", "--output-tokens", "30", "--spread", "0.2")
"""Calls of two seconds: a hundred users make fifty a second."""
WORKER_MB = 100
START_LIMIT_S = 180
END_LIMIT_S = 150


def assert_all_took_part(place: Place, simulator: Simulator, output: str) -> None:
    """The run is whole, every worker made calls in each level, and none was missed meanwhile."""
    [run] = place.runs()
    assert_whole(run, simulator.calls(), LEVELS)
    rows = read(run / "requests.csv")
    for level in LEVELS:
        assert len({row["worker"] for row in rows if row["level"] == level}) == WORKERS, level
    assert len(info(run)["workers"]) == WORKERS
    assert "failed to send heartbeat" not in output
    assert "Traceback" not in output, output


@pytest.mark.long
@pytest.mark.timeout(START_LIMIT_S + 2 * END_LIMIT_S)
def test_fifty_workers_of_their_own(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Fifty workers that were started one by one begin, go from level to level, drain and hand over every row."""
    needed = WORKERS * WORKER_MB
    if psutil.virtual_memory().available < needed * 1e6:
        pytest.skip(f"{needed} MB of memory are needed for {WORKERS} workers")
    simulator, port = start_simulator(*LIGHT), str(free_port())
    place.configure(CONFIG)
    begun = time.monotonic()
    workers = [place.start("--worker", "--master-port", port) for _ in range(WORKERS)]
    arguments = ("--master", "--master-bind-port", port, "--expect-workers", str(WORKERS))
    master = place.start("--headless", "--only-summary", "--host", simulator.url, *arguments)
    until(lambda: place.levels() or master.poll() is not None, "first level", START_LIMIT_S)
    print(f"{WORKERS} workers were there after {time.monotonic() - begun:.0f} s")
    assert master.wait(END_LIMIT_S) == 0, place.output(master)
    assert [worker.wait(END_LIMIT_S) for worker in workers] == [0] * WORKERS
    assert_all_took_part(place, simulator, place.output(master))


@pytest.mark.long
@pytest.mark.timeout(START_LIMIT_S + END_LIMIT_S)
def test_fifty_processes(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """The same with `--processes 50`."""
    simulator = start_simulator(*LIGHT)
    place.configure(CONFIG)
    process = place.start("--headless", "--only-summary", "--host", simulator.url, "--processes", str(WORKERS))
    assert process.wait(END_LIMIT_S) == 0, place.output(process)
    assert_all_took_part(place, simulator, place.output(process))
