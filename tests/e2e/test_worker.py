"""What a worker is when it makes its first call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .running import ROOT, free_port

if TYPE_CHECKING:
    from .running import Place, Simulator

LISTENER = Path(__file__).with_name("first_call.py")
REPORT = {"pandas", "altair", "numpy", "vl_convert", "reports.report"}
SIMULATOR = {"granian", "cryptography", "bedrock_locust.simulator"}
LEAD = {"bedrock_locust.lead", "bedrock_locust.outputs.web", "bedrock_locust.outputs.console", "rich", "markdown_it"}


@pytest.mark.usefixtures("no_report")
def test_nothing_of_the_report_is_in_a_worker(place: Place, simulator: Simulator) -> None:
    """A worker of the stock benchmark has loaded nothing of the report, the simulator or the lead at its first call."""
    place.configure({"concurrency": {"end": 1, "duration_seconds": 1}, "test": {"non_streaming": False}})
    place.env["FIRST_CALL"] = str(place.path)
    port, both = str(free_port()), f"{ROOT / 'locustfile.py'},{LISTENER}"
    worker = place.start("--worker", "--master-port", port, "-f", both)
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", port, "--expect-workers", "1")
    code, output = place.run(*arguments)
    assert code == 0, output
    assert worker.wait(20) == 0, place.output(worker)
    [said] = [json.loads(path.read_text(encoding="utf-8")) for path in place.path.glob("[0-9]*.json")]
    modules = set(said["modules"])
    assert {"bedrock_locust.worker", "bedrock_locust.client", "boto3"} <= modules
    assert modules & (REPORT | SIMULATOR | LEAD) == set()
    assert said["started_at"] < said["moments"]["ready"] < said["moments"]["told"] < said["moments"]["first"]
