"""The process that leads runs: what it makes of what shapes and users say, run after run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from bedrock_locust import __version__, exits
from bedrock_locust.lead import DRAIN_MARGIN_S, Lead
from bedrock_locust.settings.schema import Settings
from bedrock_locust.team.messages import GRACE_S
from tests.simulator.conftest import FAST

if TYPE_CHECKING:
    from tests.simulator.process import Simulator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(running: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each scenario in `lead_process.py`."""
    running.set(**FAST)
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.lead_process", running.url],
        cwd=tmp_path_factory.mktemp("lead"),
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "made-up",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    scenarios: dict[str, Any] = json.loads(done.stdout.split("\nFOUND ")[1])
    return {**scenarios, "printed": done.stdout}


def test_setup_is_called_once_or_alike(found: dict[str, Any]) -> None:
    """Two locustfiles may ask for the same, not for two reports."""
    assert (
        "now with report='another:report' and charts=None: call it once, or with the same arguments" in found["another"]
    )


def test_calls_belong_to_the_level_in_which_they_started(found: dict[str, Any]) -> None:
    """Before a level they belong to none; all are rows of a run that is complete, with a report."""
    said = found["of_levels"]
    assert (said["ended"], said["reason"], said["planned"]) == ("complete", "stopped as asked", None)
    assert said["levels"] == [" ", "one measure"]
    assert said["calls"] >= 6
    assert (said["failed"], said["workers"], said["scheduled"]) == ([], ["local"], 0)
    assert (said["report"], said["code"]) == ("# A report for benchmark_report.md", None)
    assert said["failures"] == {}
    assert "[streaming, 2 users]" in found["printed"]


def test_the_level_is_over_with_the_run(found: dict[str, Any]) -> None:
    """The tag of a shape does not reach into the next run."""
    assert [found[name]["tag"] for name in ("of_levels", "of_a_level_that_is_there")] == [None, None]


def test_users_have_time_for_their_longest_call(found: dict[str, Any]) -> None:
    """While the run goes on; at its end calls in flight have the time of an end."""
    said = found["of_levels"]
    limit_s = Settings.model_validate({"model": {"id": "m"}, "test": {"timeout_seconds": 7}}).call_limit_s
    assert said["during"] == limit_s + DRAIN_MARGIN_S
    assert said["stop_timeout"] == GRACE_S


def test_workers_are_told_of_the_run(found: dict[str, Any]) -> None:
    """Its number, its settings and the version, and no credentials."""
    order = found["of_levels"]["order"]
    assert order["version"] == __version__
    assert (order["simulator"], order["in_flight"], order["worker_timeout_s"]) == (False, None, 30)
    assert order["settings"]["test"]["timeout_seconds"] == 7
    assert "AKIDEXAMPLE" not in json.dumps(order)


def test_a_level_may_be_there_before_the_run(found: dict[str, Any]) -> None:
    """Its calls count from the first on; a wrong level ends the run, and is told."""
    said = found["of_a_level_that_is_there"]
    assert said["levels"] == ["two measure"]
    assert said["windows"] == ["two"]
    assert said["code"] == exits.BAD_INPUT
    assert said["log"] == ["bedrock-locust: the load shape announced a level without 'mode': {'level': 'three'}"]


def test_arrivals_are_made_here_and_cut(found: dict[str, Any]) -> None:
    """One schedule after the other, each call with its moment; none is missed where nothing disturbs."""
    said = found["of_arrivals"]
    assert said["levels"] == ["rate-0 measure", "rate-1 measure"]
    assert said["scheduled"] == said["calls"] >= 6
    assert set(said["unmade"]) == {"unmade"}
    assert said["code"] in (None, exits.FAILED)


def test_a_wrong_schedule_ends_the_run(found: dict[str, Any]) -> None:
    """With a line, and the exit code of a mistake."""
    said = found["of_a_wrong_schedule"]
    assert (said["code"], said["calls"]) == (exits.BAD_INPUT, 0)
    [line] = said["log"]
    assert "as a schedule, without 'start_at'" in line


def test_a_run_that_cannot_begin_has_no_folder_and_no_users(found: dict[str, Any]) -> None:
    """Settings were changed to wrong ones after the start."""
    said = found["of_wrong_settings"]
    assert said["log"] == ["bedrock-locust: config.json: test.max_tokens is -1, but must be greater than 0"]
    assert (said["code"], said["users"]) == (exits.BAD_INPUT, 0)
    assert said["runs"] == found["of_a_wrong_schedule"]["runs"]


def test_outside_of_a_run_nothing_is_noted(found: dict[str, Any]) -> None:
    """Events of shapes and users change no record, and questions have no answer."""
    said = found["outside_of_a_run"]
    assert said["answer"] == {}
    assert {name: said[name] for name in ("runs", "ended", "calls")} == {"runs": 4, "ended": "complete", "calls": 0}


def test_a_process_that_quits_ends_its_run(found: dict[str, Any]) -> None:
    """Calls that it cuts off are no failures, and the report is made."""
    said = found["cut_off_by_the_end"]
    assert (said["runs"], said["ended"], said["code"]) == (5, "complete", None)
    assert said["calls"] >= 3
    assert said["report"].startswith("# A report")


@pytest.mark.parametrize(
    ("done", "waits", "shape", "said"),
    [
        (
            False,
            True,
            None,
            "the last run waits for AWS's own figures, for 5 min at most: start again after its report",
        ),
        (False, False, object(), "the last run is being brought to its end: start again after its report"),
        (False, False, None, ""),
        (True, False, object(), ""),
    ],
)
def test_no_start_while_the_last_run_ends(done: bool, waits: bool, shape: object, said: str) -> None:
    """Locust would answer with success, and begin none: of runs with a shape none, of others one minutes later."""
    lead = SimpleNamespace(
        _stop=SimpleNamespace(is_done=done),
        _preparation=SimpleNamespace(account=SimpleNamespace(is_waiting=waits)),
        _runner=SimpleNamespace(shape_greenlet=shape),
    )
    assert Lead._still_ending(cast("Lead", lead)) == said
