"""A worker: what it tells its master, and what is left of its rows, however the two part."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bedrock_locust import exits
from bedrock_locust.team.messages import GRACE_S

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each scenario in `worker_process.py`, and the files that were there when its process had ended."""
    place = tmp_path_factory.mktemp("worker")
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.worker_process"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    scenarios: dict[str, Any] = json.loads(done.stdout)
    return {**scenarios, "files": sorted(path.name for path in place.rglob("*.csv"))}


def test_rows_of_calls_are_reported(found: dict[str, Any]) -> None:
    """Under the short name of the worker, which listens to its master; other clients make no rows."""
    said = found["in_a_run"]
    assert (said["made"], said["name"], said["model"]) == (1, "host.name_7", "m")
    assert {"bedrock_finish", "bedrock_lease", "bedrock_taken"} <= set(said["listens"])
    assert (said["quits"], said["code"], said["refusals"]) == (0, None, [])


def test_a_worker_greets_its_master_and_says_what_it_lacks(found: dict[str, Any]) -> None:
    """At its start, and again where it may open too few files for the run."""
    assert found["that_lost_its_master"]["kinds"] == ["bedrock_rows"]
    said = found["in_a_run"]
    assert said["kinds"] == ["bedrock_rows", "bedrock_rows"]
    assert [line[:50] for line in said["log"]] == ["bedrock-locust: 1,000,000,000 calls in flight need"]


def test_a_worker_that_is_asked_to_finish_stops_its_users_once(found: dict[str, Any]) -> None:
    """With the time that the master gives them; then it is ready for the next run, and sends all that it has."""
    said = found["asked_to_finish"]
    assert said["declined"] == [["run-0", 0, 0]], "of another run it has no rows"
    assert said["started"] == [2, 10], "users that come after that would have no rows; those of the next run do"
    assert said["stops"] == [3]
    assert said["stop_timeout"] == 0
    assert said["kinds"][2:] == ["stats"]
    assert said["code"] is None


def test_a_worker_without_a_run_declines(found: dict[str, Any]) -> None:
    """It has no rows, makes no arrivals, and loses nothing by a call outside of a run."""
    said = found["asked_outside_of_a_run"]
    assert said["rows"] == [["run-1", 0, 0]]
    assert (said["stops"], said["log"]) == ([], [])


def test_leases_count_once_the_clocks_are_compared(found: dict[str, Any]) -> None:
    """Before that, and for another run, no arrival is made."""
    said = found["given_leases"]
    assert (said["early"], said["other"]) == ([], [])
    assert said["log"] == ["bedrock-locust: the locustfile has no class of users 'Missing' for arrivals"]


def test_rows_are_handed_over_before_the_process_ends(found: dict[str, Any]) -> None:
    """Nothing is kept here once the master has confirmed them."""
    said = found["all_confirmed"]
    assert said["rows"] == [["run-1", 1, 1]]
    assert said["stops"] == [GRACE_S]
    assert (said["code"], said["kept"], said["log"]) == (None, False, [])


def test_rows_that_are_not_confirmed_are_kept(found: dict[str, Any]) -> None:
    """In a file, once, and the exit code tells."""
    said = found["not_confirmed"]
    assert (said["file"], said["lines"]) == ("orphaned-run_1-host.name_7.csv", 2)
    assert said["code"] == exits.FAILED
    [line] = said["log"]
    assert "1 rows of this worker were not handed over; they are in " in line


def test_a_process_that_exits_keeps_its_rows(found: dict[str, Any]) -> None:
    """Also where Locust's own end does not come, as after sys.exit in a task."""
    assert "orphaned-run_1-host.name_7.csv" in found["files"]


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("of_another_version", "bedrock-locust is 0.0.1 there and "),
        ("without_the_plugin", "there is no bedrock-locust: call bedrock_locust.setup() in its locustfile"),
    ],
)
def test_a_worker_leaves_a_master_of_another_kind(found: dict[str, Any], scenario: str, words: str) -> None:
    """Once, with the reason, and takes part in nothing."""
    said = found[scenario]
    [line] = said["log"]
    assert f"this worker cannot work with its master: {words}" in line
    assert (said["quits"], said["code"], said["kinds"]) == (1, exits.BAD_INPUT, ["bedrock_rows"])


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("of_a_strange_endpoint", r"the master names the endpoint http://198\.51\.100\.7:80, which is neither"),
        (
            "with_a_file_of_its_own",
            r"workload\.file: .*own\.jsonl is not the file .*: SHA-256 8a8c2da9cd61 here, 0{12} there",
        ),
        ("with_a_trace_of_its_own", r"arrivals\.trace: .*own\.jsonl is not the file .* 0{12} there\. Copy it"),
    ],
)
def test_a_worker_refuses_a_run_that_it_cannot_make(found: dict[str, Any], scenario: str, words: str) -> None:
    """The master hears why, and so does who looks at its own log."""
    said = found[scenario]
    [refusal], [line] = said["refusals"], said["log"]
    assert re.match(words, refusal)
    assert line == f"bedrock-locust: {refusal}"
    assert (said["quits"], said["code"]) == (1, exits.BAD_INPUT)


def test_beside_its_master_the_reason_is_told_once(found: dict[str, Any]) -> None:
    """On one terminal the master tells it."""
    said = found["beside_its_master"]
    assert said["refusals"]
    assert (said["log"], said["quits"], said["code"]) == ([], 1, exits.BAD_INPUT)


def test_a_worker_that_lost_its_master_ends(found: dict[str, Any]) -> None:
    """With the time for calls in flight that the end of a run gives."""
    said = found["that_lost_its_master"]
    assert said["log"] == ["bedrock-locust: the master has been silent for 30 s; this worker ends"]
    assert (said["stop_timeout"], said["quits"], said["code"]) == (GRACE_S, 1, exits.FAILED)


def test_runs_follow_each_other(found: dict[str, Any]) -> None:
    """The client stays while the settings do."""
    said = found["stopped_and_begun_again"]
    assert (said["same"], said["other"], said["quits"], said["log"]) == (True, True, 0, [])
    assert said["kinds"].count("stats") == 2
