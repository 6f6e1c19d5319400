"""Load shapes and user classes of one's own: console, record and report know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .checks import info, read

if TYPE_CHECKING:
    from .running import Place, Simulator

OWN = """
from locust import task

from bedrock_locust import BedrockUser, StreamingUser, setup
from shapes import StepShape

setup(report="stand_ins:text")

ASKED = [{"role": "user", "content": [{"text": "x"}]}]


class Both(BedrockUser):
    @task
    def whole(self):
        self.client.converse(modelId=self.settings.model.id, messages=ASKED)

    @task
    def streamed(self):
        self.client.converse_stream(modelId=self.settings.model.id, messages=ASKED)


class Second(StreamingUser):
    weight = 1


class Third(StreamingUser):
    weight = 1


class Steps(StepShape):
    start, end, step, duration_seconds = 1, 2, 1, 1.5
    user_classes = (Both, Second, Third)
"""
"""A class that makes calls of both modes, and two classes of one mode."""


@pytest.mark.usefixtures("no_charts")
def test_every_call_is_in_its_level(place: Place, simulator: Simulator) -> None:
    """Keys of levels are unique; each call is in a level, of its mode; all planned levels are found in the report."""
    (place.path / "own_shape.py").write_text(OWN)
    code, output = place.run("--host", simulator.url, locustfile=place.path / "own_shape.py")
    assert code == 0, output
    (run,) = place.runs()
    keys = [level["level"] for level in read(run / "levels.csv")]
    assert keys == [f"{group}-{users}" for group in ("Both", "streaming-Second", "streaming-Third") for users in (1, 2)]
    assert info(run)["levels_planned"] == len(keys)
    rows = read(run / "requests.csv")
    assert {row["level"] for row in rows} == set(keys)
    assert len(rows) == len(simulator.calls())
    for key in ("Both-1", "Both-2"):
        modes = {row["mode"] for row in rows if row["level"] == key}
        assert modes == {"streaming", "non_streaming"}
        assert f"[Both, {key[-1]} user{'s' if key[-1] != '1' else ''}]" in output
    assert "0.00 requests/s" not in output
    report = (run / "report.md").read_text()
    assert "planned levels" not in report
    assert "levels.csv" not in report
    table = report[report.index("## Results per level") :].split("\n\n")[1].splitlines()
    groups = [("streaming", name) for name in ("Both", "streaming-Second", "streaming-Third")]
    for mode, group in (*groups, ("non-streaming", "Both")):
        assert sum(line.startswith(f"| {mode} ") and f"`{group}`" in line for line in table) == 2
