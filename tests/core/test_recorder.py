"""Rows on their way from the workers to the run folder."""

from __future__ import annotations

import csv
import json
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.rpc.protocol import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.call import Call
from bedrock_locust.health import Pulse
from bedrock_locust.histogram import bucket
from bedrock_locust.recorder import LOCAL, Outbox, Recorder
from bedrock_locust.run_folder import RunFolder

from .strategies import calls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")
LEVEL = {
    "level": "streaming-1",
    "mode": "streaming",
    "users": 1,
    "phase": "measure",
    "started_at": 1.8e9,
    "measured_from": 1.8e9 + 1,
    "measured_to": None,
    "users_reached": 1,
    "completed": False,
}
BRIEF = calls(latency_ms=st.just(1.0), ttft_ms=st.none(), last_token_ms=st.none(), worker=st.just("w"))


def new(directory: str) -> Recorder:
    """The recorder of a run."""
    return Recorder("run-1", RunFolder.create(directory, "m", 1.8e9), {"format": 1, "ended": "running"})


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A recorder, closed at the end."""
    made = new(str(tmp_path))
    yield made
    made.folder.close()


def sent(batch: dict[str, Any]) -> dict[str, Any]:
    """A batch as it arrives at the master."""
    data: dict[str, Any] = Message.unserialize(Message("stats", {"bedrock": batch}, "id").serialize()).data["bedrock"]
    return data


def info(recorder: Recorder) -> dict[str, Any]:
    """What run.json says."""
    read: dict[str, Any] = json.loads((recorder.folder.path / "run.json").read_text(encoding="utf-8"))
    return read


def rows(recorder: Recorder) -> list[dict[str, str]]:
    """The rows of requests.csv, as far as they are on disk."""
    with (recorder.folder.path / "requests.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@given(st.lists(st.tuples(st.sampled_from(["one", "two"]), st.lists(BRIEF, max_size=4), st.integers(0, 7)), max_size=8))
def test_each_row_arrives_once(reports: list[tuple[str, list[Call], int]]) -> None:
    """However reports are repeated, every row is written once, and both sides count the same."""
    outboxes = {"one": Outbox("run-1", Pulse(lambda: "")), "two": Outbox("run-1", Pulse(lambda: ""))}
    with tempfile.TemporaryDirectory() as directory:
        recorder = new(directory)
        arrived: list[tuple[str, dict[str, Any]]] = []
        for worker, made, repeated in reports:
            for call in made:
                outboxes[worker].add(call)
            arrived.append((worker, sent(outboxes[worker].batch())))
            recorder.add_batch(*arrived[-1])
            recorder.add_batch(*arrived[repeated % len(arrived)])
        recorder.close(ended="complete", reason="all levels ran")
        written = [row["name"] for row in rows(recorder)]
        said = info(recorder)
    assert written == [call.name for _, made, _ in reports for call in made]
    assert said["rows_written"] == len(written) == recorder.tally.total.calls
    for worker, account in said["workers"].items():
        made_here = sum(len(made) for name, made, _ in reports if name == worker)
        assert account["rows_made"] == account["rows_received"] == made_here


def test_rows_of_another_run_are_ignored(recorder: Recorder) -> None:
    """What is left of the last run gets neither into the files of this one nor among its workers."""
    outbox = Outbox("run-0", Pulse(lambda: ""))
    outbox.add(CALL)
    recorder.add_batch("late", sent(outbox.batch()))
    recorder.folder.flush()
    assert rows(recorder) == []
    recorder.write_info()
    assert info(recorder)["workers"] == {}


def test_a_lost_batch_shows(recorder: Recorder) -> None:
    """A batch that never arrives is a difference between the two counts."""
    outbox = Outbox("run-1", Pulse(lambda: ""))
    outbox.add(CALL)
    outbox.batch()
    outbox.add(CALL)
    recorder.add_batch("w", sent(outbox.batch()))
    account = recorder.accounts["w"]
    assert (account.rows_made, account.rows_received) == (2, 1)


def test_a_batch_is_empty_where_nothing_happened() -> None:
    """A batch has the rows since the last one, and the count of all."""
    outbox = Outbox("run-1", Pulse(lambda: ""))
    outbox.add(CALL)
    first, second = outbox.batch(), outbox.batch()
    assert (first["batch"], len(first["rows"]), first["rows_made"]) == (1, 1, 1)
    assert (second["batch"], second["rows"], second["rows_made"]) == (2, [], 1)
    assert first["cpu_percent"] >= 0


def test_a_run_without_workers(recorder: Recorder) -> None:
    """The process itself is the one worker, and it has always finished."""
    recorder.join_local(Pulse(lambda: ""))
    recorder.add(CALL)
    recorder.close(ended="complete", reason="all levels ran")
    said = info(recorder)
    account = said["workers"][LOCAL]
    assert said["rows_written"] == 1
    assert (account["rows_made"], account["rows_received"], account["state"]) == (1, 1, "finished")
    assert account["cpu_percent"] >= 0
    assert (said["ended"], said["end_reason"]) == ("complete", "all levels ran")
    assert said["ended_at"] > 1.7e9


def test_workers_that_said_nothing(recorder: Recorder) -> None:
    """A worker that never reported is missing, and what it made is not known; one that handed over has finished."""
    recorder.join("silent")
    recorder.join("good")
    recorder.add_batch("good", sent(Outbox("run-1", Pulse(lambda: "")).batch()))
    recorder.finished("good")
    recorder.close(ended="interrupted", reason="stopped")
    workers = info(recorder)["workers"]
    assert workers["silent"] == {"rows_made": None, "rows_received": 0, "cpu_percent": None, "state": "missing"}
    assert (workers["good"]["rows_made"], workers["good"]["state"]) == (0, "finished")
    assert list(workers) == ["good", "silent"]


def test_a_run_that_has_just_begun(recorder: Recorder) -> None:
    """From the start there is a run.json, for a run that crashes."""
    assert info(recorder) == {
        "format": 1,
        "ended": "running",
        "rows_written": 0,
        "rows_lost": 0,
        "workers": {},
        "health": {},
    }


def test_levels_are_written_as_they_come(recorder: Recorder) -> None:
    """levels.csv has each level once, with what is known last; a window that is open ends with the run."""
    recorder.level({**LEVEL, "phase": "warmup", "measured_from": None})
    recorder.level(LEVEL)
    recorder.level({**LEVEL, "level": "streaming-2", "measured_from": None})
    path = recorder.folder.path / "levels.csv"
    _, *lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["streaming-1", "streaming-2"]
    recorder.close(ended="interrupted", reason="stopped")
    with path.open(encoding="utf-8", newline="") as file:
        one, two = csv.DictReader(file)
    assert float(one["measured_to"]) > 0, "an open window is not closed"
    assert one["completed"] == "false"
    assert (two["measured_from"], two["measured_to"]) == ("", "")


def test_a_call_counts_in_its_level(recorder: Recorder) -> None:
    """Live figures are those of the level in which a call started."""
    recorder.join_local(Pulse(lambda: ""))
    recorder.level(LEVEL)
    recorder.add(Call(**{**{name: getattr(CALL, name) for name in CALL.__slots__}, "level": "streaming-1"}))
    recorder.add(CALL)
    assert recorder.tally.levels["streaming-1"].calls == 1
    assert recorder.tally.total.calls == 2


def test_silences_of_all_workers_are_added_up(recorder: Recorder) -> None:
    """The silences within calls reach gaps.csv by level, each once, and only those of measured successes."""
    measured = replace(CALL, level="streaming-1", phase="measure", error="")
    for worker in ("one", "two"):
        outbox = Outbox("run-1", Pulse(lambda: ""))
        outbox.add(measured, {bucket(20.0): 3, bucket(500.0): 1})
        outbox.add(replace(measured, phase="warmup"), {bucket(9000.0): 1})
        outbox.add(replace(measured, error="ModelError"), {bucket(9000.0): 1})
        recorder.add_batch(worker, sent(outbox.batch()))
        recorder.add_batch(worker, sent(outbox.batch()))
    recorder.close(ended="complete", reason="all levels ran")
    with (recorder.folder.path / "gaps.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["level"], int(row["count"])) for row in found] == [("streaming-1", 6), ("streaming-1", 2)]
    assert float(found[0]["lower_ms"]) <= 20 <= float(found[0]["upper_ms"])
    assert float(found[1]["lower_ms"]) <= 500 <= float(found[1]["upper_ms"])
