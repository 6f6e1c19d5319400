"""The process that leads runs: what it warns of, what it refuses, and one run after the other from the page."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import DEADLINE_S, free_port, post, serves, until

if TYPE_CHECKING:
    from .running import Place, Simulator

WRONG_LEVELS = """
from locust import LoadTestShape
from locust.env import Environment

from bedrock_locust import StreamingUser, setup

setup()


class Shape(LoadTestShape):
    def levels(self):
        return {levels}

    def tick(self):
        self.runner.environment.events.level_change.fire(level={announced})
        return (1, 1) if self.get_run_time() < 2 else None
"""
SOUND = '[{"level": "one", "mode": "streaming", "users": 1, "phase": "measure"}]'


@pytest.mark.parametrize(
    ("levels", "announced", "words"),
    [
        ('[{"mode": "streaming", "users": 1, "phase": "measure"}]', "None", "without 'level'"),
        (SOUND, "7", "announced 7 as a level, but must announce a mapping"),
        (SOUND, '{"level": "one", "mode": "streaming", "users": 1}', "without 'phase'"),
    ],
)
def test_a_shape_that_announces_no_level_ends_the_run(
    place: Place, simulator: Simulator, levels: str, announced: str, words: str
) -> None:
    """One line that says what is wrong with it, and exit code 2."""
    shape = place.path / "shape.py"
    shape.write_text(WRONG_LEVELS.replace("{levels}", levels).replace("{announced}", announced))
    code, output = place.run("--host", simulator.url, locustfile=shape)
    assert code == 2, output
    assert words in output
    assert "Traceback" not in output, output


@pytest.mark.usefixtures("no_report")
def test_it_warns_of_keys_and_of_tables_that_are_emptied(place: Place, simulator: Simulator) -> None:
    """One line each, and the run goes on."""
    place.configure(
        {
            "aws": {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "marked-secret"},
            "concurrency": {"end": 1, "duration_seconds": 1},
            "test": {"streaming": False},
        }
    )
    code, output = place.run("--host", simulator.url, "--reset-stats")
    assert code == 0, output
    assert output.count("the configuration file holds AWS keys; a profile (aws.profile) or a role is safer") == 1
    assert output.count("--reset-stats empties Locust's own tables at every level; leave it out") == 1
    assert "marked-secret" not in output


@pytest.mark.usefixtures("no_report")
def test_each_run_of_the_page_begins_anew(place: Place, simulator: Simulator) -> None:
    """A run that was stopped early decides neither the settings nor the exit code of the next."""
    place.configure({"concurrency": {"end": 1, "duration_seconds": 30}, "test": {"streaming": False}})
    port = free_port()
    process = place.start("--web-host", "127.0.0.1", "--web-port", str(port), "--host", simulator.url)
    base = f"http://127.0.0.1:{port}"
    until(lambda: serves(base), "page")
    assert post(f"{base}/swarm", user_count="1", spawn_rate="1")["success"]
    until(simulator.calls, "calls")
    assert post(f"{base}/stop")["success"]
    until(lambda: place.runs() and (place.runs()[0] / "report.md").exists(), "report of the first run")
    assert post(f"{base}/swarm", user_count="1", spawn_rate="1", bedrock_duration="1")["success"]
    until(lambda: len(place.runs()) == 2 and (place.runs()[1] / "report.md").exists(), "report of the second run")
    first, second = map(info, place.runs())
    assert (first["ended"], second["ended"]) == ("interrupted", "complete")
    assert [said["settings"]["concurrency"]["duration_seconds"] for said in (first, second)] == [30, 1]
    assert first["run"] != second["run"]
    ids = [{row["request_id"] for row in read(run / "requests.csv") if row["request_id"]} for run in place.runs()]
    assert ids[1]
    assert not ids[0] & ids[1]
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_S) == 0, place.output(process)
