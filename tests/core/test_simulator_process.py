"""The simulator that `--bedrock-simulator` starts."""

from __future__ import annotations

import os
import urllib.request
from typing import TYPE_CHECKING

import psutil
import pytest

from bedrock_locust.process import simulator
from bedrock_locust.process.simulator import SimulatorProcess
from bedrock_locust.settings.mistakes import SettingsError
from tests.e2e.running import until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def started() -> Iterator[tuple[SimulatorProcess, psutil.Process]]:
    """One with options, and its process."""
    before = set(psutil.Process().children())
    made = SimulatorProcess("--ttft-ms 7 --output-tokens '5'")
    [process] = set(psutil.Process().children()) - before
    yield made, process
    made.stop()


def test_it_listens_with_its_options(started: tuple[SimulatorProcess, psutil.Process]) -> None:
    """On a free port of this machine; Ctrl-C of the run does not reach it."""
    made, process = started
    assert made.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{made.url}/_simulator/calls", timeout=10) as answer:
        assert answer.status == 200
    assert made.endpoint == "runtime"
    line = process.cmdline()
    assert line[line.index("--ttft-ms") + 1] == "7"
    assert line[line.index("--output-tokens") + 1] == "5"
    assert line[line.index("--endpoint") + 1] == "runtime"
    assert "--exit-with-parent" in line
    assert os.getsid(process.pid) == process.pid != os.getsid(0)


def test_it_ends_with_stop(started: tuple[SimulatorProcess, psutil.Process]) -> None:
    """A second stop changes nothing."""
    made, process = started
    made.stop()
    until(lambda: not process.is_running(), "end of the simulator", 10)
    assert made._process.returncode == 0, "it ended by itself: nobody waits until it is killed"
    made.stop()


def test_one_that_does_not_end_is_killed(
    started: tuple[SimulatorProcess, psutil.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run is not held up by it, and leaves nothing behind."""
    monkeypatch.setattr(simulator, "STOP_LIMIT_S", 0.1)
    made, process = started
    process.suspend()
    made.stop()
    assert not process.is_running()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--ttft-ms '5", "has open quotes (No closing quotation): close them"),
        (
            "ChatUser",
            "'ChatUser' is not an option of the simulator. A user class after this option is taken for its value",
        ),
        ("--no-such-option", "the simulator did not start; what it said is above"),
    ],
)
def test_wrong_options_are_refused(options: str, words: str) -> None:
    """In a line that says what to do."""
    with pytest.raises(SettingsError) as told:
        SimulatorProcess(options)
    assert str(told.value).startswith("--bedrock-simulator: ")
    assert words in str(told.value)


def test_what_it_plays_may_stand_in_its_options() -> None:
    """Then nobody knows without reading them."""
    made = SimulatorProcess("--endpoint mantle")
    try:
        assert made.endpoint == ""
    finally:
        made.stop()
