"""The wall clock of a run, on clocks that are set by the test."""

from __future__ import annotations

import time

import pytest

from bedrock_locust.process.clock import Clock


class Machine:
    """A machine whose clocks go on by themselves with each look, as much as the next number says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ticks_s, self.wall_s = 100.0, 1_000.0
        self.steps_s: list[float] = []
        monkeypatch.setattr(time, "perf_counter", self._ticks)
        monkeypatch.setattr(time, "time", lambda: self.ticks_s + self.wall_s)

    def _ticks(self) -> float:
        self.ticks_s += self.steps_s.pop(0) if self.steps_s else 0.0
        return self.ticks_s


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine whose wall clock is 1,000 s ahead of the other one."""
    return Machine(monkeypatch)


def test_it_goes_on_from_the_moment_of_the_start(machine: Machine) -> None:
    """Whatever becomes of the wall clock; at the next start it is read anew."""
    clock = Clock()
    assert (clock.wall_at(), clock.wall_at(7.5), clock.step_ms) == (1_100.0, 1_007.5, 0.0)
    machine.wall_s, machine.ticks_s = 5_000.0, 110.0
    assert (clock.wall_at(), clock.wall_at(0.0)) == (1_110.0, 1_000.0)
    assert clock.begin() == 5_110.0
    assert (clock.wall_at(), clock.step_ms) == (5_110.0, 0.0)


def test_the_quickest_of_three_looks_counts(machine: Machine) -> None:
    """The wall clock is read halfway between two looks at the other: half of an interruption is the error."""
    machine.steps_s = [0.0, 8.0, 0.0, 2.0, 0.0, 4.0]
    # The second look takes 2 s: its wall clock is that before them, and halfway is 1 s later.
    assert Clock().wall_at(0.0) == 999.0


@pytest.mark.parametrize(
    ("steps_ms", "said"),
    [
        ([0, 50, 99], []),
        ([-99], []),
        ([101, 150], ["+0.1"]),
        ([-3_600_000], ["-3600.0"]),
        ([2_000, 5_500, 5_500, 0], ["+2.0", "+3.5", "-5.5"]),
    ],
)
def test_a_step_is_said_once(
    machine: Machine, steps_ms: list[float], said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """How far the clock was set since the last word, in seconds."""
    clock = Clock()
    for step_ms in steps_ms:
        machine.wall_s = 1_000 + step_ms / 1000
        clock.check()
    assert caplog.messages == [
        f"bedrock-locust: the clock of this machine was set by {by} s in mid-run (or the machine slept); the run keeps"
        " the time that it began with"
        for by in said
    ]
    expected = steps_ms[0] if len(said) == 1 else steps_ms[-1] if said else 0
    assert clock.step_ms == pytest.approx(expected)
    assert clock.wall_at() == 1_100.0
