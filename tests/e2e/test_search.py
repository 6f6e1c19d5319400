"""Searches of whole runs: on a simulator of a known capacity, with workers, from the page, throttled, and cut short."""

from __future__ import annotations

import json
import signal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from .checks import info, read
from .running import DEADLINE_S, Place, free_port, post, serves, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .running import Simulator

STREAMING = {"prompt_size": 200, "max_tokens": 20, "non_streaming": False}
BATCH = ("--ttft-ms", "400", "--tpot-ms", "10", "--output-tokens", "10", "--max-batch", "4")
"""A model that works on four calls at a time, for half a second each: others wait."""


def searched(run: Path) -> dict[str, Any]:
    """What a run says of its only search."""
    (found,) = info(run)["search"]
    assert isinstance(found, dict)
    return found


def verdicts(found: dict[str, Any]) -> dict[float, str]:
    """The verdict on each load, by all of its probes."""
    return {probe["load"]: probe["verdict"] for probe in found["probes"]}


def assert_judged(run: Path) -> None:
    """The last probe of each load has what the rows of all its probes have: started calls, and those that are good."""
    found, rows, limit_ms = searched(run), read(run / "requests.csv"), info(run)["settings"]["slo"]["ttft_ms"]
    told = {probe["load"]: probe for probe in found["probes"]}
    for load, probe in told.items():
        levels = {one["level"] for one in found["probes"] if one["load"] == load}
        own = [row for row in rows if row["level"] in levels and row["phase"] == "measure"]
        good = sum(not row["error"] and float(row["ttft_ms"]) <= limit_ms for row in own)
        assert probe["calls"] == len(own)
        assert probe["share"] == pytest.approx(good / len(own))


@pytest.mark.usefixtures("no_charts")
def test_not_even_the_start(place: Place, simulator: Simulator) -> None:
    """Exit code 3; the load that missed was tried twice, and its probes ended early."""
    search = {"most": 4, "duration_seconds": 2}
    place.configure({"search": search, "slo": {"ttft_ms": 1}, "test": STREAMING})
    code, output = place.run("--host", simulator.url)
    assert code == 3, output
    assert "a search of at most 20 probes, up to 4 users; at most 40 s" in output
    assert "does not meet the SLO even at 1 user" in " ".join(output.split())
    assert "no load is shown to meet the SLO" in output
    [run] = place.runs()
    assert [row["level"] for row in read(run / "levels.csv")] == ["streaming-1", "streaming-1-2"]
    assert searched(run)["ended_by"] == "start"
    assert info(run)["levels_planned"] == 2
    assert_judged(run)
    report = json.loads((run / "report.json").read_text())
    assert (report["search"][0]["outcome"], report["slo"]["passed"]) == ("start", False)


@pytest.mark.usefixtures("no_charts")
def test_cut_short(place: Place, simulator: Simulator) -> None:
    """Ctrl-C in the middle of a probe: what was found so far is told, and that the search did not end."""
    place.configure({"search": {"duration_seconds": 600}, "slo": {"ttft_ms": 9000}, "test": STREAMING})
    process = place.start("--headless", "--host", simulator.url)
    until(lambda: measured_calls(place) >= 3, "measured calls")
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE_S) == 4, place.output(process)
    [run] = place.runs()
    assert [searched(run)[key] for key in ("ended_by", "low", "high", "probes")] == ["", None, None, []]
    assert "The run ended before a load could be judged" in (run / "report.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_users(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Four calls at a time: with the fifth user calls wait for an eighth of a second, with the sixth for a quarter."""
    search = {"most": 64, "duration_seconds": 20, "warmup_seconds": 2}
    place.configure({"search": search, "slo": {"ttft_ms": 600}, "test": STREAMING})
    code, output = long_run(place, "--host", start_simulator(*BATCH).url)
    assert code == 0, output
    [run] = place.runs()
    found = searched(run)
    known = verdicts(found)
    assert found["ended_by"] == "resolution"
    assert 4 <= found["low"] <= 6
    assert found["high"] - found["low"] == 1
    assert max(load for load, verdict in known.items() if verdict == "met") <= 6
    assert min(load for load, verdict in known.items() if verdict == "missed") >= 5
    assert_judged(run)


def by_processes(_: Place) -> tuple[str, ...]:
    """Two workers that the master starts itself."""
    return ("--processes", "2")


def by_themselves(place: Place) -> tuple[str, ...]:
    """Two workers that somebody else has started."""
    port = str(free_port())
    for _ in range(2):
        place.start("--worker", "--master-port", port)
    return ("--master", "--master-bind-port", port, "--expect-workers", "2")


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("workers", [by_processes, by_themselves])
def test_rate_on_two_workers(
    place: Place, start_simulator: Callable[..., Simulator], workers: Callable[[Place], tuple[str, ...]]
) -> None:
    """Twelve calls at a time of half a second are 24 requests/s at most; above that, the queue grows without end."""
    search = {"for": "rate", "start": 8, "most": 64, "duration_seconds": 24, "probes": 8}
    place.configure({"search": search, "slo": {"ttft_ms": 900}, "test": STREAMING})
    simulator = start_simulator(*BATCH[:-1], "12")
    code, output = long_run(place, *workers(place), "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    found = searched(run)
    assert len(info(run)["workers"]) == 2
    assert 12 <= found["low"] < found["high"] <= 26
    assert_judged(run)
    assert {row["request_id"] for row in read(run / "requests.csv")} == {
        call["request_id"] for call in simulator.calls()
    }
    fate = info(run)["arrivals"]
    assert fate["due"] == fate["made"] + fate["dropped"] + fate["missed"]
    assert fate["missed"] <= 0.01 * fate["due"]


@pytest.mark.long
def test_a_throttled_minute_is_waited_out(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """The probe after the one that was throttled begins a minute after its last refusal."""
    search = {"start": 2, "most": 8, "duration_seconds": 8, "probes": 4}
    place.configure({"search": search, "slo": {"ttft_ms": 900}, "test": STREAMING})
    simulator = start_simulator("--ttft-ms", "200", "--tpot-ms", "1", "--requests-per-minute", "60")
    _, output = long_run(place, "--host", simulator.url)
    assert "quotas are per minute" in output
    [run] = place.runs()
    levels = read(run / "levels.csv")
    for before, after in pairwise(levels):
        throttled = [
            float(row["started_at"])
            for row in read(run / "requests.csv")
            if row["error"] == "ThrottlingError" and row["level"] == before["level"]
        ]
        if throttled:
            assert float(after["started_at"]) >= max(throttled) + 60


@pytest.mark.long
def test_from_the_page_and_again(place: Place, simulator: Simulator) -> None:
    """Chosen in the form; a second run starts with its own first probe."""
    place.configure({"slo": {"ttft_ms": 1}, "test": STREAMING})
    port = free_port()
    place.start("--web-host", "127.0.0.1", "--web-port", str(port), "--host", simulator.url)
    base = f"http://127.0.0.1:{port}"
    until(lambda: serves(base), "web page")
    form = {"bedrock_load": "search", "bedrock_search_most": "4", "bedrock_duration": "4"}
    for number, ttft in ((1, "1"), (2, "2")):
        answer = post(f"{base}/swarm", user_count="1", spawn_rate="1", bedrock_slo_ttft=ttft, **form)
        assert answer["success"], answer
        until_reports(place, number)
    for run in place.runs():
        assert searched(run)["ended_by"] == "start"
        assert len(searched(run)["probes"]) == 2
    refused = post(f"{base}/swarm", user_count="1", spawn_rate="1", **{**form, "bedrock_search_start": "9"})
    assert not refused["success"]
    assert "most is 4, less than start (9)" in refused["message"]


def measured_calls(place: Place) -> int:
    """The calls of a run so far that started in a window, and whose rows are on disk."""
    rows = [row for path in place.path.glob("results/*/requests.csv") for row in read(path)]
    return sum(row["phase"] == "measure" and not row["error"] for row in rows)


def until_reports(place: Place, count: int) -> None:
    """Wait for the reports of this number of runs."""
    until(lambda: len(list(place.path.glob("results/*/report.json"))) == count, f"report {count}")


def long_run(place: Place, *arguments: str) -> tuple[int, str]:
    """A run that takes minutes: exit code and output."""
    process = place.start("--headless", "--bedrock-console", "plain", *arguments)
    code = process.wait(600)
    return code, place.output(process)
