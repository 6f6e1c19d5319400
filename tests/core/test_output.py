"""Outputs: who gets what of a run, and one that fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.call import Call
from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.live.limits import EndAtLimit
from bedrock_locust.live.output import EarlyEnd, Outcome, OutputBase, Outputs, State
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.settings.schema import Settings
from bedrock_locust.team.worker_buffer import Buffer

if TYPE_CHECKING:
    from pathlib import Path

    from bedrock_locust.live.output import Output, RunView

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900)
LEVEL = Level(key="streaming-1", mode="streaming", users=1, started_at=1.8e9)
STATE = State("running", LEVEL, users=1, in_flight=None)


class Notes(OutputBase):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    def begin(self, run: RunView) -> None:
        """A run."""
        self.told.append(("begin", run))

    def add(self, call: Call) -> None:
        """A call."""
        self.told.append(("add", call.request_id))

    def level(self, level: Level | None) -> None:
        """A level."""
        self.told.append(("level", level and level.phase))

    def tick(self, state: State) -> None:
        """A second."""
        self.told.append(("tick", state.stage))

    def end(self, outcome: Outcome) -> None:
        """The end."""
        self.told.append(("end", outcome.ended))


class Failing(Notes):
    """Fails at its first call."""

    def add(self, call: Call) -> None:
        """Fail."""
        super().add(call)
        raise ValueError("no connection to the database")


def run_of(**attributes: Any) -> Any:
    """What an output sees of a run."""

    class Run:
        settings = Settings.model_validate({"model": {"id": "m"}, "limits": {"max_requests": 2}})
        stopped: list[EarlyEnd]

        def __init__(self) -> None:
            self.stopped = []

        def stop(self, why: EarlyEnd) -> None:
            self.stopped.append(why)

    run = Run()
    for name, value in attributes.items():
        setattr(run, name, value)
    return run


def tell_all(outputs: Outputs, path: Path) -> None:
    """A whole run."""
    outputs.begin(run_of())
    outputs.level(LEVEL)
    outputs.add(replace(CALL, request_id="1"))
    outputs.tick(STATE)
    outputs.add(replace(CALL, request_id="2"))
    outputs.level(None)
    outputs.end(Outcome("complete", "all levels ran", path, None, ()))


def test_each_output_is_told_everything_in_order(tmp_path: Path) -> None:
    """Begin, calls, levels, seconds, end: as they happen."""
    first, second = Notes(), Notes()
    tell_all(Outputs([first, second]), tmp_path)
    assert [what for what, _ in first.told] == ["begin", "level", "add", "tick", "add", "level", "end"]
    assert first.told[1:] == second.told[1:]
    assert first.told[-1] == ("end", "complete")


@pytest.mark.parametrize("place", [0, 1])
def test_one_that_fails_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int) -> None:
    """The run goes on, and so do the others, whichever comes first; the failure is logged once, with the name."""
    good, failing = Notes(), Failing()
    outputs: list[Output] = [good]
    outputs.insert(place, failing)
    tell_all(Outputs(outputs), tmp_path)
    assert [what for what, _ in failing.told] == ["begin", "level", "add"]
    assert [what for what, _ in good.told][-3:] == ["add", "level", "end"]
    (record,) = caplog.records
    assert record.message == "bedrock-locust: the output Failing failed and is left out of the rest of the run"
    assert "no connection to the database" in str(record.exc_text or caplog.text)


def test_an_output_needs_only_what_it_uses(tmp_path: Path) -> None:
    """The base stands in for the rest."""
    tell_all(Outputs([OutputBase()]), tmp_path)


def test_the_recorder_hands_on_calls_and_levels(tmp_path: Path) -> None:
    """Calls of this process, and those of workers, each once; and levels with each of their changes."""
    notes = Notes()
    recorder = Recorder("run-1", RunFolder.create(str(tmp_path), "m", 1.8e9), {"format": 1}, Outputs([notes]))
    recorder.join_local(Pulse(lambda: ""))
    recorder.level(LEVEL)
    recorder.add(replace(CALL, request_id="here"))
    buffer = Buffer("run-1", Pulse(lambda: ""))
    buffer.add(replace(CALL, request_id="there"))
    report = buffer.report(hearing=True)
    recorder.add_report("w", report)
    recorder.add_report("w", report)
    recorder.level(replace(LEVEL, phase="measure", measured_from=1.8e9 + 1))
    recorder.close_window()
    recorder.close(ended="complete", reason="all levels ran")
    assert notes.told == [
        ("level", "warmup"),
        ("add", "here"),
        ("add", "there"),
        ("level", "measure"),
        ("level", "measure"),
    ]


def test_a_limit_ends_the_run_once() -> None:
    """At the first limit; what it came to is known only at the end."""
    limits, run = EndAtLimit(), run_of()
    limits.begin(run)
    for _ in range(5):
        limits.add(CALL)
    limits.add(replace(CALL, error="Cancelled"))
    (why,) = run.stopped
    assert (why.name, why.reason) == ("limits.max_requests", "2 calls had ended")
    assert why.total() == 6
    assert why.in_the_end() == "2 calls had ended, 6 were made in the end, 1 of them cut off"


def test_limits_begin_anew_with_each_run() -> None:
    """A second run has its own count."""
    limits, first, second = EndAtLimit(), run_of(), run_of()
    limits.begin(first)
    limits.add(CALL)
    limits.begin(second)
    limits.add(CALL)
    assert (first.stopped, second.stopped) == ([], [])
    limits.add(CALL)
    assert [why.name for why in second.stopped] == ["limits.max_requests"]
