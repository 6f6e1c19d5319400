"""Requests from a file, by the real command: what is sent, by the simulator's ledger."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from .checks import info, read
from .running import QUICK, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from .running import Place, Simulator


def write(place: Place, records: int, name: str = "requests.jsonl") -> None:
    """A file with records that begin with their number."""
    lines = [json.dumps({"prompt": f"#{number:05} marked secret"}) for number in range(records)]
    (place.path / name).write_text("\n".join(lines))


def sent(simulator: Simulator) -> list[str]:
    """The numbers of the records in the order in which they were sent."""
    return [call["prompt_head"][:6] for call in simulator.calls()]


def test_two_workers_send_each_record_once(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """A run of less than a pass sends none twice; the rows name the records, and no file has their contents."""
    simulator = start_simulator(*QUICK)
    write(place, 3000)
    place.configure(
        {
            "concurrency": {"start": 4, "end": 4, "duration_seconds": 1},
            "workload": {"file": "requests.jsonl", "order": "shuffled", "output_tokens": {"values": [5, 9]}},
        }
    )
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    [run] = place.runs()
    rows, numbers = read(run / "requests.csv"), sent(simulator)
    assert len(set(numbers)) == len(numbers) == len(rows)
    assert {f"#{int(row['record']):05}" for row in rows} == set(numbers)
    assert {row["max_tokens"] for row in rows} == {"5", "9"}
    said = info(run)["workload"]
    assert (said["records"], said["format"], said["bad"]) == (3000, "plain", 0)
    assert len(rows) <= said["handed_out"] <= len(rows) + 1000
    assert not [path for path in run.rglob("*") if path.is_file() and b"marked secret" in path.read_bytes()]


@pytest.mark.long
@pytest.mark.parametrize("order", ["in_turn", "shuffled"])
def test_passes_follow_each_other(place: Place, start_simulator: Callable[..., Simulator], order: str) -> None:
    """Three workers and several passes: none is far ahead of the others."""
    simulator = start_simulator(*QUICK)
    write(place, 500)
    place.configure(
        {
            "concurrency": {"start": 12, "end": 12, "duration_seconds": 8},
            "workload": {"file": "requests.jsonl", "order": order},
        }
    )
    code, output = place.run("--processes", "3", "--host", simulator.url)
    assert code == 0, output
    numbers = sent(simulator)
    counts = Counter(numbers)
    assert len(counts) == 500
    assert len(numbers) > 1000
    assert max(counts.values()) - min(counts.values()) <= 2
    # But for ranges that are still out, a record is sent again only after all the others.
    assert len(set(numbers[:400])) >= 390


@pytest.mark.long
def test_a_worker_with_another_file_takes_no_part(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """It says so, and so does the run."""
    simulator = start_simulator(*QUICK)
    write(place, 100)
    place.configure({"concurrency": {"end": 1, "duration_seconds": 1}, "workload": {"file": "requests.jsonl"}})
    port, elsewhere = str(free_port()), place.path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "requests.jsonl").write_text('{"prompt": "another"}\n')
    program = f"import os, sys; os.chdir({str(elsewhere)!r}); os.execv(sys.argv[1], sys.argv[1:])"
    worker = place.start("--worker", "--master-port", port, within=(sys.executable, "-c", program))
    arguments = ("--host", simulator.url, "--master", "--master-bind-port", port, "--expect-workers", "1")
    code, output = place.run(*arguments)
    assert code == 2, output
    assert "is not the file that the master has: SHA-256" in output
    worker.wait(20)
