"""Limits, the call before the load and the SLO gate, with the real command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.exits import ENDED_EARLY

from .checks import info, read
from .running import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator


@pytest.mark.usefixtures("no_charts")
@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["local", "processes"])
def test_a_limit_ends_the_run_with_a_report(place: Place, simulator: Simulator, processes: tuple[str, ...]) -> None:
    """A run ends soon after this number of calls; the folder and the report say why, and no call is lost."""
    place.configure({"concurrency": {"duration_seconds": 60}, "limits": {"max_requests": 20}})
    code, output = place.run("--host", simulator.url, *processes)
    assert code == ENDED_EARLY, output
    assert "bedrock-locust: limits.max_requests reached" in output
    assert "Traceback" not in output, output
    assert "Unknown message type" not in output, "the master listens before its workers speak"
    run = place.runs()[0]
    rows = read(run / "requests.csv")
    assert len(rows) == len(simulator.calls())
    assert 20 <= len(rows) < 400
    said = info(run)
    assert (said["ended"], said["limit"]) == ("interrupted", "limits.max_requests")
    assert said["end_reason"].endswith(f"20 calls had ended, {len(rows)} were made in the end"), said["end_reason"]
    assert said["limit_total"] == len(rows)
    limit = f"A limit in the settings ended the run early (`limits.max_requests` = 20, {len(rows)} at the end)"
    assert limit in (run / "report.md").read_text()


def test_the_first_call_finds_what_is_wrong(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """A model that refuses every call costs one call, one line and exit code 2, and no run."""
    simulator = start_simulator(*QUICK, "--fault", "ValidationException=1")
    place.configure({"test": {"preflight": True}})
    code, output = place.run("--host", simulator.url)
    assert code == 2, output
    assert "bedrock-locust: the call before the load failed with ValidationError" in output
    assert "Traceback" not in output, output
    assert len(simulator.calls()) == 1
    assert not place.runs()


@pytest.mark.usefixtures("no_charts")
def test_the_gate_and_the_forecast(place: Place, simulator: Simulator) -> None:
    """A run that misses its SLO ends with 3; the header names the level that a quota will not bear."""
    place.configure(
        {
            "slo": {"ttft_ms": 1},
            "model": {"quota": 200, "id": "amazon.nova-pro-v1:0"},
            "test": {"preflight": True, "non_streaming": False},
            "pricing": {"input_per_million": 3, "output_per_million": 15},
        }
    )
    code, output = place.run("--host", simulator.url)
    assert code == 3, output
    # How many users that takes depends on the latency of the first call, and so on the machine.
    forecast = r"throttling (possible|expected) from .+ on if that load lasts a minute; these levels are .+: req"
    assert re.search(forecast, output), output
    assert "the SLO was not met" in output
    run = place.runs()[0]
    text = (run / "report.md").read_text()
    assert "**SLO gate: failed**" in text
    assert "USD per 1,000 calls" in text or "no level meets the SLO" in text
    said = info(run)
    assert said["preflight"]["output_tokens"] > 0
    assert said["settings"]["model"]["output_burndown"] == 1
    assert "Explain in detail" in said["settings"]["test"]["prompt_template"], "the template in force"
    assert len(read(run / "requests.csv")) == len(simulator.calls()) - 1
