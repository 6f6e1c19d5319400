"""What the live views of an hour-long run cost; run it with `python benchmarks/live_views.py`.

An hour of synthetic rows, 500 a second in 100 levels, goes through Tally and Timeline in time-lapse; every two
seconds of that hour both answers of the web UI are made: the rows of the tabs and all of the charts page. Printed
are the CPU that this takes, as a part of the hour on one core, and the largest answer. Recording, that is counting
the rows of the levels and writing them, is not a live view; it is printed beside it.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import locust  # noqa: F401 - it patches sockets, which has to come before anything imports boto3

from bedrock_locust.call import Call
from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.outputs.web.live import Live
from bedrock_locust.outputs.web.runs import Runs
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR_S = 3600
ROWS_PER_S = 500
LEVELS = 100
POLL_S = 2
LIMIT_PERCENT = 5.0
ERRORS = ("ThrottlingError", "ModelTimeoutError", "ServiceUnavailableError")


def level(number: int, start: float, end: float | None) -> Level:
    """A level as the shape tells of it."""
    return Level(
        key=f"streaming-{number:03d}",
        mode="streaming",
        users=10 * number,
        phase="measure",
        started_at=start,
        measured_from=start,
        measured_to=end,
        users_reached=10 * number,
        completed=end is not None,
    )


def calls(second: float, name: str, chance: random.Random) -> Iterator[Call]:
    """The calls that end in a second."""
    for _ in range(ROWS_PER_S):
        latency = chance.lognormvariate(8.3, 0.4)
        failed = chance.random() < 0.05
        yield Call(
            started_at=second + chance.random() - latency / 1000,
            mode="streaming",
            operation="converse_stream",
            model_id="m",
            name=name,
            level=name,
            users=10,
            phase="measure",
            worker="w",
            ttft_ms=latency / 10,
            last_token_ms=latency - 5,
            latency_ms=latency,
            output_tokens=chance.randrange(50, 300),
            error=chance.choice(ERRORS) if failed else "",
        )


def a_run(recorder: Recorder) -> Any:
    """What the live views see of a run."""
    info = {"started_at": 0.0, "levels_planned": LEVELS, "endpoint": "e", "settings": {"model": {"id": "m"}}}
    figures = {"tally": recorder.tally, "health": recorder.health, "is_local": True}
    folder = {"path": recorder.folder.path, "trouble": ""}
    return SimpleNamespace(info=info, state="running", reason="", ended_at=None, **figures, **folder)


class Hour:
    """The hour, and what its parts have cost in seconds of CPU."""

    def __init__(self, folder: Path) -> None:
        self.recorder = Recorder("r", RunFolder(folder), {})
        self.recorder.join_local(Pulse(lambda: ""))
        self.timeline = self.recorder.tally.timeline
        self.cost = {"timeline": 0.0, "answers": 0.0, "recording": 0.0}
        self.largest = 0
        self.run = a_run(self.recorder)
        self.runs = Runs()
        self.runs.begin(self.run)

    def second(self, number: int, start: float, made: list[Call]) -> None:
        """Take the calls of a second; now and then look at them."""
        tally = self.recorder.tally
        begun = time.process_time()
        for call in made:
            self.timeline.add(call, start + 1)
        self.timeline.observe(10, start + 1)
        counted = time.process_time()
        tally.timeline = SimpleNamespace(add=lambda _: None)  # type: ignore[assignment]  # it has been paid for above
        for call in made:
            self.recorder.add(call)
        tally.timeline = self.timeline
        recorded = time.process_time()
        if number % POLL_S == 0:
            self.run.ended_at = start + 1
            live = Live(self.runs)
            self.largest = max(self.largest, len(live.tables()), len(live.page()))
        self.cost["timeline"] += counted - begun
        self.cost["recording"] += recorded - counted
        self.cost["answers"] += time.process_time() - recorded


def main() -> int:
    """Run the hour; the exit code says whether the live views stayed below their limit."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        hour = Hour(Path(folder))
        start = hour.timeline.started_at
        memory = []
        for second in range(HOUR_S):
            number = 1 + second * LEVELS // HOUR_S
            name = f"streaming-{number:03d}"
            if name not in hour.recorder.tally.levels:
                for old in [tally.level for tally in hour.recorder.tally.levels.values() if tally.level][-1:]:
                    hour.recorder.tally.level(replace(old, measured_to=start + second))
                hour.recorder.tally.level(level(number, start + second, None))
            hour.second(second, start + second, list(calls(start + second, name, chance)))
            if second in {HOUR_S // 10, HOUR_S - 1}:
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        hour.recorder.folder.close()
    share = {name: 100 * seconds / HOUR_S for name, seconds in hour.cost.items()}
    views = share["timeline"] + share["answers"]
    print(f"an hour at {ROWS_PER_S} rows/s in {LEVELS} levels, looked at every {POLL_S} s:")
    print(f"  live views  {views:.2f} % of a core (timeline {share['timeline']:.2f}, answers {share['answers']:.2f})")
    print(f"  recording   {share['recording']:.2f} % of a core")
    print(f"  largest answer {hour.largest / 1000:.0f} kB, points of {hour.timeline.width_s} s")
    print(f"  memory after a tenth of the hour {memory[0]:.0f} MB, at its end {memory[1]:.0f} MB")
    return 0 if views < LIMIT_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
