"""A trace is replayed: what came is what was in it, by the simulator's ledger."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust import commands

from .checks import info, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .running import Place, Simulator

BLOCK = 512
PACE = ("--ttft-ms", "20", "--tpot-ms", "1", "--words-are-tokens", "--cache-min-tokens", "1024")


@dataclass
class Talk:
    """A conversation, and what was said in it so far."""

    model: str
    before: list[str]
    at_s: float = 0.0


def words(draw: random.Random) -> str:
    """A text of 512 words, all of the same length."""
    return " ".join(f"{draw.randrange(16**5):05x}" for _ in range(BLOCK))


def log_of(calls: int, per_s: float, seed: int = 3) -> list[dict[str, Any]]:
    """Records of invocation logs: two models, each with a prompt that all its calls share, and conversations.

    What was read from the cache and written to it is what the service would have counted, with cache points after the
    shared prompt and after each turn.
    """
    draw, at_s = random.Random(seed), 0.0
    shared = [[words(draw) for _ in range(3)] for _ in range(2)]
    talks: list[Talk] = []
    records = []
    for number in range(calls):
        # The first two write the prompt that all calls of their model share, before the others read it.
        at_s += draw.expovariate(per_s) if number != 2 else 8.0
        waits = [talk for talk in talks if talk.at_s < at_s - 2 and len(talk.before) < 9]
        talk = draw.choice(waits) if waits and draw.random() < 0.6 else Talk(f"theirs-{number % 2}", shared[number % 2])
        # A turn reads what the one before it sent; the answer to that is not in the cache.
        read = max(3, len(talk.before) - 1) if number > 1 else 0
        said, talk.at_s = [*talk.before, words(draw)], at_s
        talks = [*(one for one in talks if one is not talk), talk]
        records.append(_record(number, talk, said, read, streams=draw.random() < 0.5))
        talk.before = [*said, words(draw)]
    return records


def _record(number: int, talk: Talk, said: list[str], read: int, *, streams: bool) -> dict[str, Any]:
    roles = [{"role": ("user", "assistant")[n % 2], "content": [{"text": text}]} for n, text in enumerate(said[3:])]
    body = {"system": [{"text": " ".join(said[:3])}], "messages": roles, "inferenceConfig": {"maxTokens": 9}}
    answer = {"metrics": {"latencyMs": 100}}
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": f"{datetime.fromtimestamp(1_800_000_000 + talk.at_s, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "requestId": f"id-{number}",
        "operation": "ConverseStream" if streams else "Converse",
        "modelId": talk.model,
        "input": {
            "inputBodyJson": body,
            "inputTokenCount": 0,
            "cacheReadInputTokenCount": BLOCK * read,
            "cacheWriteInputTokenCount": BLOCK * (len(said) - read),
        },
        "output": {"outputBodyJson": [{"metadata": answer}] if streams else answer, "outputTokenCount": 5},
    }


def write(place: Place, records: list[dict[str, Any]], **trace: Any) -> list[dict[str, Any]]:
    """Make a trace of logs with the command, and have it replayed; its lines."""
    folder = place.path / "logs" / "AWSLogs" / "1" / "BedrockModelInvocationLogs"
    folder.mkdir(parents=True)
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "1.json.gz").write_bytes(gzip.compress(text.encode(), 1, mtime=0))
    path = place.path / "trace.jsonl.gz"
    assert commands.main(["trace", str(place.path / "logs"), "-o", str(path)]) == 0
    place.configure({"arrivals": {"trace": {"file": path.name, **trace}}, "test": {"max_tokens": 20}})
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def replayed_in(simulator: Simulator) -> list[dict[str, Any]]:
    """The calls of the ledger, without those that counted tokens before the load."""
    return [entry for entry in simulator.calls() if entry["operation"] != "count-tokens"]


def assert_replayed(run: Path, ledger: list[dict[str, Any]], lines: list[dict[str, Any]], speed: float) -> list[float]:
    """Each call came once, as in the trace, after the one before it. Returns how late those with a time came, in ms."""
    rows = sorted(read(run / "requests.csv"), key=lambda row: int(row["record"]))
    assert [int(row["record"]) for row in rows] == list(range(len(lines)))
    entries = {entry["request_id"]: entry for entry in ledger}
    assert len(entries) == len(ledger) == len(lines)
    start = float(read(run / "levels.csv")[0]["started_at"])
    off_ms, last = [], dict[str, float]()
    for row, line in zip(rows, lines, strict=True):
        entry, began = entries[row["request_id"]], float(row["started_at"])
        assert entry["stream"] == (line["operation"] == "converse_stream")
        assert [entry[f"cache_{kind}_tokens"] for kind in ("read", "write")] == [
            line[f"cache_{kind}_tokens"] for kind in ("read", "write")
        ]
        assert (entry["input_tokens"], int(row["max_tokens"])) == (line["input_length"], line["max_tokens"])
        assert began >= last.get(line["session_id"], 0.0), "a turn began before the one before it had ended"
        last[line["session_id"]] = began + float(row["latency_ms"]) / 1000
        if row["scheduled_at"]:
            assert float(row["scheduled_at"]) == pytest.approx(start + line["timestamp"] / 1000 / speed, abs=0.005)
            off_ms.append(1000 * (began - float(row["scheduled_at"])))
    return off_ms


@pytest.mark.usefixtures("no_report")
def test_two_workers(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """Each call once, at its time, with its length, its mode and its model; the cache finds what production found."""
    simulator = start_simulator(*PACE)
    lines = write(place, log_of(100, per_s=4), speed=10, models={"theirs-0": "mine-0", "theirs-1": "mine-1"})
    code, output = place.run("--processes", "2", "--host", simulator.url)
    assert code == 0, output
    assert "replay of 100 calls in" in output
    [run] = place.runs()
    ledger = replayed_in(simulator)
    assert_replayed(run, ledger, lines, 10)
    models = {row["model_id"]: lines[int(row["record"])]["model"] for row in read(run / "requests.csv")}
    assert models == {"mine-0": "theirs-0", "mine-1": "theirs-1"}
    assert {entry["model_id"] for entry in ledger} == {"mine-0", "mine-1"}
    of_sessions: dict[str, set[str]] = {}
    for row in read(run / "requests.csv"):
        of_sessions.setdefault(row["session"], set()).add(row["worker"])
    assert all(len(workers) == 1 for workers in of_sessions.values())
    assert len(set.union(*of_sessions.values())) == 2
    told = info(run)
    assert (told["replay"]["calls"], told["arrivals"]["due"], told["arrivals"]["missed"]) == (100, 100, 0)
    assert told["workload"]["sha256"]


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_thousand_calls(place: Place, start_simulator: Callable[..., Simulator]) -> None:
    """At ten times their speed, 50 calls/s: all of them once, turns in order, and what the cache found in production.

    How late they came is printed, for benchmarks/README.md: `pytest -s`.
    """
    simulator = start_simulator(*PACE)
    lines = write(place, log_of(10_000, per_s=5), speed=10, models={"theirs-0": "mine-0", "theirs-1": "mine-1"})
    process = place.start("--headless", "--only-summary", "--processes", "2", "--host", simulator.url)
    assert process.wait(900) == 0, place.output(process)
    [run] = place.runs()
    late_ms = sorted(assert_replayed(run, replayed_in(simulator), lines, 10))
    assert (info(run)["arrivals"]["due"], info(run)["arrivals"]["made"]) == (10_000, 10_000)
    shown = ", ".join(f"P{percent} {late_ms[len(late_ms) * percent // 100]:.1f} ms" for percent in (50, 95, 99))
    print(f"{len(late_ms):,} calls with a time of their own: {shown}")
