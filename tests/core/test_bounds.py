"""However long a run is, what is kept of it in memory does not grow with its calls."""

from __future__ import annotations

import gc
import types
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import Call
from bedrock_locust.histogram import bucket
from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.live.limits import Guard
from bedrock_locust.outputs.web.rows import LevelRows, failure_rows
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.settings.schema import Settings
from bedrock_locust.team.worker_buffer import Buffer

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

T0 = 1_800_000_000.0
HOUR_S = 3600
REPORT_S = 3
LEVEL = Level(
    key="streaming-4",
    mode="streaming",
    users=4,
    phase="measure",
    started_at=T0,
    measured_from=T0,
    users_reached=4,
)
CALL = Call(
    started_at=T0,
    mode="streaming",
    operation="converse_stream",
    model_id="m",
    name="streaming-4",
    level="streaming-4",
    users=4,
    phase="measure",
    send_delay_ms=1.0,
    read_lag_ms=0.1,
    latency_ms=9000.0,
    ttft_ms=500.0,
    last_token_ms=8990.0,
    output_tokens=200,
)
LIMITS = {"max_error_rate": 90, "window_seconds": 60, "same_failures": 1000}
NOT_COUNTED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def things_in(*roots: object) -> int:
    """How many objects can be reached from these, other than code."""
    seen: set[int] = set()
    ahead = list(roots)
    while ahead:
        thing = ahead.pop()
        if id(thing) not in seen and not isinstance(thing, NOT_COUNTED):
            seen.add(id(thing))
            ahead += gc.get_referents(thing)
    return len(seen)


class Hours:
    """A run in time-lapse: two workers, a success and a failure of each every second, no two messages the same."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.second = 0
        monkeypatch.setattr(clock, "wall_at", lambda: T0 + self.second)
        self.recorder = Recorder("r", RunFolder(folder), {})
        self.recorder.tally.timeline.started_at = T0
        self.recorder.level(LEVEL)
        self.buffers = {name: Buffer("r", Pulse(lambda: "streaming-4")) for name in ("one", "two")}
        self.rows = LevelRows(self.recorder.tally, self.recorder.health)
        self.guard = Guard(Settings.model_validate({"model": {"id": "m"}, "limits": LIMITS}))

    def run_until(self, second: int) -> None:
        """Let that much of the run pass."""
        while self.second < second:
            self.second += 1
            success = replace(CALL, started_at=T0 + self.second - 9, request_id=f"id-{self.second}")
            message = f"request {self.second} was too much"
            failure = replace(success, error="ThrottlingError", error_code="Throttled", error_message=message)
            for name, buffer in self.buffers.items():
                buffer.add(replace(success, worker=name, gaps={bucket(20.0): 100}))
                buffer.add(replace(failure, worker=name))
                self.guard.add(failure)
                if self.second % REPORT_S == 0:
                    report = buffer.report(hearing=True)
                    self.recorder.add_report(name, report)
                    buffer.confirm(batch.number for batch in report.batches)
            self.recorder.folder.flush()
            self.recorder.tally.timeline.observe(4)

    def things(self) -> int:
        """What is kept of it, with what the views have of it."""
        self.rows.rows(T0 + self.second)
        failure_rows(self.recorder.tally)
        list(self.recorder.tally.timeline.points(T0 + self.second, running=True))
        return things_in(self.recorder, self.buffers, self.rows, self.guard)


def test_hours_add_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What master and workers keep after two hours is no more than after half an hour.

    The timeline has between half of its points and all of them: it is looked at where it has as many, at lengths that
    are powers of two apart.
    """
    run = Hours(tmp_path, monkeypatch)
    run.run_until(HOUR_S // 2)
    first = run.things()
    run.run_until(2 * HOUR_S)
    assert run.things() <= first * 1.01
    run.recorder.folder.close()
    assert run.recorder.tally.total.calls == 4 * 2 * HOUR_S


def test_growth_would_be_seen() -> None:
    """The count of things counts what a list, a dict and an object hold."""
    kept: dict[str, Any] = {"rows": [[1.5, "a"]]}
    before = things_in(kept)
    kept["rows"].append([2.5, "b"])
    assert things_in(kept) == before + 3
