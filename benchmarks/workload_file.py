"""Memory and time of a large workload file, and of many conversations: `python benchmarks/workload_file.py`.

A file of this many MB is made in a temporary folder and read as a worker, and as the process that leads, read it.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import psutil

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import workload_of
from bedrock_locust.workload.survey import survey

if TYPE_CHECKING:
    from bedrock_locust.workload.contract import Request

RECORD_BYTES = 10_000
READS = 20_000
CONVERSATIONS, TURNS, USERS = 500, 10, 50


def main() -> None:
    """Make the files, read them and print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the file. Default: 1000")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _read(Path(folder) / "large.jsonl", options.megabytes)
        _talk(Path(folder) / "chats.jsonl")


def _settings(path: Path, **workload: Any) -> Settings:
    return Settings.model_validate({"model": {"id": "m"}, "workload": {"file": str(path), **workload}})


def _say(what: str, since: float) -> None:
    """A stage: its time, memory now and at most."""
    now = psutil.Process().memory_info().rss / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{what:<44}{time.perf_counter() - since:7.1f} s {now:7.0f} MB now {most:7.0f} MB at most", flush=True)


def _read(path: Path, megabytes: int) -> None:
    """Write a file, find its lines, check its records, and read some of them at random."""
    line = json.dumps({"prompt": "a long prompt, word by word " * (RECORD_BYTES // 28)}).encode() + b"\n"
    since = time.perf_counter()
    _say("before", since)
    with path.open("wb") as file:
        for _ in range(megabytes * 1_000_000 // len(line)):
            file.write(line)
    since = time.perf_counter()
    records, settings = RecordFile(path), _settings(path, order="shuffled")
    _say(f"{records.size / 1e6:,.0f} MB, {len(records):,} records: opened", since)
    since = time.perf_counter()
    survey(records, settings)
    _say("each record checked, as the process that leads", since)
    since, rng = time.perf_counter(), Random(1)
    workload = workload_of(settings, Prepared(), "w", records, lambda: rng.randrange(len(records)))
    for _ in range(READS):
        workload.next()
    _say(f"{READS:,} requests made, as a worker", since)


def _talk(path: Path) -> None:
    """Users hold conversations, ten times as many as the file has: order and history are checked, and memory shown."""
    said = [{"from": ("human", "gpt")[turn % 2], "value": f"turn {turn} " * 200} for turn in range(2 * TURNS - 1)]
    with path.open("w") as file:
        file.writelines(json.dumps({"conversations": said}) + "\n" for _ in range(CONVERSATIONS))
    positions = count()
    workload = workload_of(_settings(path, turns=TURNS), Prepared(), "w", RecordFile(path), lambda: next(positions))
    since = time.perf_counter()
    for number in range(10):
        _hold(workload.next, CONVERSATIONS)
        if number in {0, 9}:
            _say(f"{CONVERSATIONS * (number + 1):,} conversations of {TURNS} turns, {USERS} users", since)


def _hold(first: Any, conversations: int) -> None:
    """Each user goes on with its own conversation, in turn with the others."""
    started = 0
    users: list[Request | None] = [None] * USERS
    while started < conversations or any(users):
        for place, request in enumerate(users):
            if request is None or request.then is None:
                users[place] = first() if started < conversations else None
                started += 1
            else:
                users[place] = request.then("an answer")
            present = users[place]
            if present and len(present.arguments["messages"]) != 2 * present.about["turn"] - 1:
                raise SystemExit("a turn does not send what was said before it")


if __name__ == "__main__":
    main()
