"""A run on the process that leads it: how it ends, what is on disk by then, and what its outputs are told."""

from __future__ import annotations

import json
import logging
from argparse import Namespace
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from locust.env import Environment
from locust.runners import LocalRunner

import gevent
import pytest

from bedrock_locust import exits
from bedrock_locust.live.health import Pulse
from bedrock_locust.live.output import EarlyEnd
from bedrock_locust.recording.run_info import first_info
from bedrock_locust.run import Run
from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.schema import Settings

from .test_output import CALL, LEVEL, Notes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Runner(LocalRunner):
    """Locust's runner, which counts how often it is stopped."""

    stopped = 0

    def stop(self) -> None:
        """Stop the users, of which there are none."""
        self.stopped += 1
        super().stop()


@pytest.fixture
def notes() -> Notes:
    """An output."""
    return Notes()


def unasked(folder: Path) -> None:
    """Nobody else says anything of a run; its rows are on disk by then."""
    assert (folder / "requests.csv").exists()


@pytest.fixture
def begin(tmp_path: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Run]]:
    """Begin runs in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    started: list[Run] = []

    def start(*, shape: bool = True, levels: Any = (LEVEL,)) -> Run:
        settings = Settings.model_validate({"model": {"id": "m"}, "aws": {"region": "us-east-1"}})
        info = first_info(settings, endpoint="http://127.0.0.1:1", simulator=True, levels=1, preflight=None)
        environment: Any = Environment(parsed_options=Namespace(headless=False))
        environment.runner, environment.shape_class = Runner(environment), SimpleNamespace() if shape else None
        run = Run(environment, settings, info, (levels, None), [notes])
        run.recorder.join_local(Pulse(lambda: ""), lambda: 2)
        started.append(run)
        return run

    yield start
    for run in started:
        run._ticking.kill()
        run.folder.close()


def info(run: Run) -> dict[str, Any]:
    """`run.json`."""
    found: dict[str, Any] = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    return found


def test_a_run_that_ends_by_its_plan_is_complete(begin: Callable[..., Run], notes: Notes) -> None:
    """Rows and record are on disk before the report is made, which gets the folder."""
    run = begin()
    run.on_level(LEVEL)
    run.add(response=replace(CALL, level=LEVEL.key))
    run.add(response="of another request event")
    run.on_level(None)
    seen: list[Any] = []

    def report(folder: Path, copy: Path | None) -> Path:
        assert copy is not None
        seen.append((info(run)["ended"], (folder / "requests.csv").read_text(encoding="utf-8").count("\n"), copy.name))
        return folder / "report.md"

    ended, reason = run.outcome("")
    assert (ended, reason) == ("complete", "all levels ran")
    written, codes = run.end(ended=ended, reason=reason, check=seen.append, report=report)
    assert seen == [run.path, ("complete", 2, "benchmark_report.md")]
    assert (written, codes) == (run.path / "report.md", [])
    assert [what for what, _ in notes.told] == ["begin", "level", "add", "level", "tick", "tick", "end"]
    assert [stage for what, stage in notes.told if what == "tick"] == ["ending", "recorded"]
    assert run.ended_at is not None


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ({"shape", "signal"}, "stopped by Ctrl-C"),
        ({"shape"}, "stopped before all levels had run"),
        (set(), "stopped as asked"),
        ({"shape", "deserted"}, "no worker was left"),
        ({"deserted"}, "no worker was left"),
        ({"shape", "deserted", "limit"}, "limits.max_requests reached: 2 calls had ended"),
        ({"shape", "signal", "limit"}, "stopped by Ctrl-C"),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else None,
)
def test_how_a_run_ended(begin: Callable[..., Run], what: set[str], expected: str) -> None:
    """A signal comes before a limit, a limit before workers that are gone, and these before levels left."""
    run = begin(shape="shape" in what, levels=(LEVEL,) if "shape" in what else None)
    if "limit" in what:
        run.early_end = EarlyEnd("limits.max_requests", "2 calls", in_the_end=lambda: "2 calls had ended")
    ended, reason = run.outcome("Ctrl-C" if "signal" in what else "", deserted="deserted" in what)
    assert (ended, reason) == ("interrupted" if what else "complete", expected)
    _, codes = run.end(ended=ended, reason=reason, check=unasked, report=None)
    assert (exits.ENDED_EARLY in codes) == (ended == "interrupted")
    assert (exits.FAILED in codes) == (expected == "no worker was left")
    assert (info(run)["ended"], info(run)["end_reason"]) == (ended, reason)


def test_a_run_is_stopped_once_and_for_the_first_reason(begin: Callable[..., Run]) -> None:
    """Two limits in the same second: one stop, one reason, and the window of the level ends with the first."""
    run = begin()
    run.on_level(replace(LEVEL, phase="measure", measured_from=LEVEL.started_at))
    run.stop(EarlyEnd("limits.max_requests", "2 calls had ended"))
    run.stop(EarlyEnd("limits.max_cost_usd", "1 USD spent"))
    gevent.sleep(0.01)
    runner: Any = run._environment.runner
    assert runner.stopped == 1
    assert run.outcome("")[1].startswith("limits.max_requests reached")
    run.on_level(replace(LEVEL, key="streaming-2"))
    assert run._level is not None
    assert run._level.key == LEVEL.key


def test_a_run_in_which_no_call_succeeded_says_what_to_do(
    begin: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    """The most frequent failure, with its code and its remedy; one success and nothing is said."""
    for ok in (False, True):
        run = begin()
        caplog.clear()
        failed = replace(CALL, error="AccessDeniedError", error_code="AccessDeniedException", error_stage="response")
        for call in [failed, failed, replace(failed, error="ModelError"), *([CALL] if ok else [])]:
            run.add(response=call)
        with caplog.at_level(logging.ERROR):
            run.end(ended="complete", reason="", check=unasked, report=None)
        said = [record.getMessage() for record in caplog.records if "no call succeeded" in record.getMessage()]
        assert len(said) == (not ok)
        assert ok or "2 of 3 ended in AccessDeniedError (AccessDeniedException" in said[0]


def test_one_that_ends_at_once_has_its_rows_on_disk(begin: Callable[..., Run], notes: Notes) -> None:
    """After a second Ctrl-C there is no time for more."""
    run = begin()
    run.add(response=CALL)
    run.abandon()
    assert (run.path / "requests.csv").read_text(encoding="utf-8").count("\n") == 2
    assert [what for what, _ in notes.told][-1] == "tick"


def test_a_folder_that_cannot_be_made_is_a_mistake(begin: Callable[..., Run], tmp_path: Path) -> None:
    """Before anything has begun."""
    (tmp_path / "results").write_text("a file")
    with pytest.raises(SettingsError, match="results"):
        begin()


def test_it_ticks_and_shows_the_load(begin: Callable[..., Run], notes: Notes) -> None:
    """Once a second: users, calls in flight and level."""
    run = begin()
    run.on_level(LEVEL)
    with gevent.Timeout(20):
        while not (ticks := [told for told in notes.told if told[0] == "tick"]):
            gevent.sleep(0.05)
    assert ticks == [("tick", "running")]
    assert (run.state, run.is_local, run.trouble) == ("running", True, "")


def test_a_run_of_time_says_that_its_time_is_over(begin: Callable[..., Run]) -> None:
    """With --run-time, if that was over; not if something else stopped it before."""
    for ran_s, words in (
        (119.9, "stopped by --run-time, after 2 min, before all levels had run"),
        (60, "stopped before"),
    ):
        run = begin()
        run._environment.parsed_options = Namespace(headless=False, run_time=120)
        run._begun -= ran_s
        run.stopping()
        assert run.outcome("")[1].startswith(words)
        run._begun -= 1000
        assert run.outcome("")[1].startswith(words), "the load had stopped, and rows were awaited"


def test_workers_that_refuse_are_the_reason(begin: Callable[..., Run], notes: Notes) -> None:
    """Where none could take part: the first reason, and the exit code of a wrong setting."""
    run = begin()
    run.recorder.records.clear()
    for name in ("a", "b"):
        run.recorder.records[name] = cast("Any", SimpleNamespace(state="refused", reason=f"{name} has no profile"))
    ended, reason = run.outcome("", deserted=True)
    assert (ended, reason) == ("interrupted", "no worker could take part: a has no profile")
    run.recorder.records["b"].state = "missing"
    assert run.outcome("", deserted=True)[1] == "no worker was left"


@pytest.mark.parametrize(("planned", "ended"), [(True, "complete"), (False, "interrupted")])
def test_what_ended_a_run_is_in_its_record(begin: Callable[..., Run], planned: bool, ended: str) -> None:
    """A limit with what it came to; what was planned is none."""
    run = begin()
    run.stop(EarlyEnd("limits.max_requests", "2 calls had ended", total=lambda: 7, is_planned=planned))
    found, reason = run.outcome("")
    assert found == ended
    run.end(ended=found, reason=reason, check=unasked, report=None)
    said = info(run)
    assert (said["limit"], said["limit_total"]) == ((None, None) if planned else ("limits.max_requests", 7))
    assert said["remedies"]["ThrottlingError"]


def test_a_search_is_over_when_it_has_ended(begin: Callable[..., Run]) -> None:
    """Its state is in the record as it goes on; in the end the levels are those that it tried."""
    run = begin()
    run.on_level(LEVEL)
    for low in (None, 4):
        run.on_search({"mode": "streaming", "low": low, "for": "users", "probes": [], "ended_by": ""})
        assert [one["low"] for one in info(run)["search"]] == [low]
    run.on_search({"mode": "non_streaming", "low": 1, "for": "users", "probes": [], "ended_by": ""})
    run.on_level(None)
    assert run.outcome("") == ("complete", "the search is over")
    run.end(ended="complete", reason="the search is over", check=unasked, report=None)
    assert [one["mode"] for one in info(run)["search"]] == ["streaming", "non_streaming"]
    assert info(run)["levels_planned"] == 1


def test_the_end_of_a_headless_run_is_locusts_own(begin: Callable[..., Run]) -> None:
    """In its main greenlet, as Ctrl-C ends it."""
    run = begin()
    run._environment.parsed_options = Namespace(headless=True)
    run.stop(EarlyEnd("limits.max_requests", "2 calls had ended"))
    with pytest.raises(KeyboardInterrupt):
        gevent.sleep(0.5)
    assert cast("Any", run._environment.runner).stopped == 0
