"""Every call that was made is in the run folder, in each way of running Locust."""

from __future__ import annotations

import functools
import json
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING

import pytest

from .checks import assert_whole, read
from .running import LEVELS, QUICK, free_port, post, serves, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator


def workers(url: str) -> int:
    """Workers that are connected."""
    with urllib.request.urlopen(f"{url}/stats/requests", timeout=10) as answer:
        return len(json.load(answer)["workers"])


def has_report(place: Place, number: int) -> bool:
    """Whether the run of that number, from 0, has been reported."""
    return len(place.runs()) > number and (place.runs()[number] / "report.md").exists()


def test_local(place: Place, simulator: Simulator) -> None:
    """A run in one process is whole."""
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    assert_whole(place.runs()[0], simulator.calls())


@pytest.mark.usefixtures("no_report")
def test_native_formats(place: Place, simulator: Simulator) -> None:
    """A run with the model's native format is whole, too."""
    place.configure({"model": {"id": "us.meta.llama3-1-8b-instruct-v1:0", "api": "invoke"}})
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    assert_whole(place.runs()[0], simulator.calls())
    assert {call["operation"] for call in simulator.calls()} == {"invoke", "invoke-with-response-stream"}


@pytest.mark.usefixtures("no_charts")
def test_service_tiers(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """The tier of the settings reaches the service; rows have the one that answered, and the report warns of two."""
    simulator = start_simulator(*QUICK, "--reserved-overflow", "0.4")
    place.configure({"model": {"service_tier": "reserved", "api": "invoke"}, "test": {"prompt_size": 200}})
    code, output = place.run("--host", simulator.url)
    assert code == 0, output
    answered = {call["request_id"]: call["service_tier"] for call in simulator.calls()}
    [run] = place.runs()
    assert {row["request_id"]: row["service_tier"] for row in read(run / "requests.csv")} == answered
    assert set(answered.values()) == {"reserved", "default"}
    report = (run / "report.md").read_text(encoding="utf-8")
    assert "The service answered in different tiers" in report
    assert "Not AWS: the answers came from `127.0.0.1`" in report


@pytest.mark.usefixtures("no_report")
def test_processes(place: Place, simulator: Simulator) -> None:
    """A run with --processes 2 is whole, and both workers take part."""
    code, output = place.run("--host", simulator.url, "--processes", "2")
    assert code == 0, output
    assert_whole(place.runs()[0], simulator.calls())
    assert len({row["worker"] for row in read(place.runs()[0] / "requests.csv")}) == 2


@pytest.mark.usefixtures("no_report")
def test_master_and_workers(place: Place, simulator: Simulator) -> None:
    """A run with a master and two workers that were started by hand is whole; all of them end."""
    port = str(free_port())
    workers = [place.start("--worker", "--master-port", port) for _ in range(2)]
    code, output = place.run("--host", simulator.url, "--master", "--master-bind-port", port, "--expect-workers", "2")
    assert code == 0, output
    assert [worker.wait(20) for worker in workers] == [0, 0]
    assert_whole(place.runs()[0], simulator.calls())
    assert len(place.runs()) == 1, "only the master writes"


@pytest.mark.usefixtures("no_report")
def test_web_ui(place: Place, simulator: Simulator) -> None:
    """Runs from the web UI are whole, one after the other, with the settings of the form."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    place.start("--host", simulator.url, "--web-port", str(port), "--processes", "2")
    until(lambda: serves(url), "web UI")
    until(
        lambda: len(json.load(urllib.request.urlopen(f"{url}/stats/requests", timeout=10))["workers"]) == 2, "workers"
    )

    refused = post(f"{url}/swarm", bedrock_end="0")
    assert not refused["success"]
    assert "concurrency.end" in refused["message"]

    for number, levels in enumerate((LEVELS, ["non_streaming-1", "non_streaming-2", "non_streaming-3"])):
        before = len(simulator.calls())
        form = {} if number == 0 else {"bedrock_streaming": "false", "bedrock_step": "1"}
        assert post(f"{url}/swarm", **form)["success"]
        until(functools.partial(has_report, place, number), "report")
        assert_whole(place.runs()[number], simulator.calls()[before:], levels)
