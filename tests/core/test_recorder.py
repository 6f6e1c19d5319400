"""Rows on their way from the workers to the run folder."""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.rpc.protocol import Message

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.schedule import Schedule
from bedrock_locust.call import Call
from bedrock_locust.histogram import bucket
from bedrock_locust.level import Level
from bedrock_locust.live.health import Pulse
from bedrock_locust.process.clock import clock
from bedrock_locust.recording.recorder import LOCAL, Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.recording.worker_rows import Batch, RowsReport
from bedrock_locust.team.clock_offset import ClockOffset
from bedrock_locust.team.worker_buffer import RESEND_S, Buffer

from .strategies import calls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=900, worker="w")
LEVEL = Level(
    key="streaming-1",
    mode="streaming",
    users=1,
    phase="measure",
    started_at=1.8e9,
    measured_from=1.8e9 + 1,
    users_reached=1,
    duration_s=10,
)
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


def new_buffer(offset: ClockOffset | None = None) -> Buffer:
    """The buffer of a worker in this run."""
    return Buffer("run-1", Pulse(lambda: ""), offset)


def sent(report: RowsReport) -> RowsReport:
    """A report as it arrives at the master."""
    message = Message.unserialize(Message("stats", {"bedrock": report.to_plain()}, "id").serialize())
    return RowsReport.from_plain(message.data["bedrock"])


def deliver(recorder: Recorder, worker: str, box: Buffer) -> RowsReport:
    """Have a report come to the master, and its answer to the worker."""
    report = sent(box.report(hearing=True))
    recorder.add_report(worker, report)
    box.confirm(batch.number for batch in report.batches)
    return report


def info(recorder: Recorder) -> dict[str, Any]:
    """What run.json says."""
    read: dict[str, Any] = json.loads((recorder.folder.path / "run.json").read_text(encoding="utf-8"))
    return read


def rows(recorder: Recorder) -> list[dict[str, str]]:
    """The rows of requests.csv, as far as they are on disk."""
    with (recorder.folder.path / "requests.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@given(st.lists(st.tuples(BRIEF, st.sampled_from(["report", "lose", "delay", "repeat", "deaf"])), max_size=12))
def test_each_row_arrives_once(story: list[tuple[Call, str]]) -> None:
    """Reports are lost, late, repeated, or not answered: in the end each row is written once."""
    box, late = new_buffer(), []
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        recorder, now = new(directory), 0.0
        patch.setattr(time, "monotonic", lambda: now)
        for call, what in story:
            now += RESEND_S * 1000  # so that what was not answered is due again
            box.add(call)
            report = sent(box.report(hearing=True))
            if what == "delay":
                late.append(report)
            if what in ("report", "repeat", "deaf"):
                for _ in range(1 + (what == "repeat")):
                    recorder.add_report("w", report)
            if what in ("report", "repeat"):
                box.confirm(batch.number for batch in report.batches)
        box.close()
        now += RESEND_S * 10**6
        deliver(recorder, "w", box)
        for report in late:
            recorder.add_report("w", report)
        assert box.left == 0
        recorder.close(ended="complete", reason="all levels ran")
        written = [row["name"] for row in rows(recorder)]
        said = info(recorder)
    assert sorted(written) == sorted(call.name for call, _ in story)
    assert said["rows_written"] == len(written) == recorder.tally.total.calls
    account = said["workers"]["w"]
    assert (account["rows_made"], account["rows_received"], account["rows_lost"]) == (len(story), len(story), 0)
    assert account["state"] == "finished"


def test_a_lost_batch_shows(recorder: Recorder) -> None:
    """A batch that never arrives is a difference between the two counts, and its number is not known to be all."""
    box = new_buffer()
    box.add(CALL)
    box.report(hearing=True)
    box.add(CALL)
    report = sent(box.report(hearing=True))
    assert [batch.number for batch in report.batches] == [2], "the first is not due again yet"
    recorder.add_report("w", report)
    recorder.close(ended="interrupted", reason="stopped")
    account = info(recorder)["workers"]["w"]
    assert (account["rows_made"], account["rows_received"]) == (2, 1)
    assert account["rows_lost"] is None
    assert account["state"] == "missing"
    assert recorder.has_lost


def test_an_end_is_whole_only_with_every_batch(recorder: Recorder) -> None:
    """The last report does not make up for one that was lost."""
    box = new_buffer()
    box.add(CALL)
    first = sent(box.report(hearing=True))
    box.add(CALL)
    box.close()
    assert not recorder.add_report("w", sent(box.report(hearing=True)))
    assert recorder.add_report("w", first)
    assert recorder.records["w"].rows_lost == 0
    box.add(CALL)
    assert (box.lost, box.report(hearing=True).rows_made) == (1, 3), "a call after the end is counted, not kept"


def test_rows_are_put_on_the_clock_of_the_master(recorder: Recorder) -> None:
    """The start of a call is corrected by the offset of the worker's clock."""
    offset = ClockOffset()
    offset.add(asked_at=1.8e9 + 3600, took_s=0.02, answered_at=1.8e9 + 0.01)
    box = new_buffer(offset)
    box.add(CALL)
    deliver(recorder, "w", box)
    recorder.folder.flush()
    assert float(rows(recorder)[0]["started_at"]) == CALL.started_at - 3600


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
    box = new_buffer()
    box.close()
    deliver(recorder, "good", box)
    recorder.close(ended="interrupted", reason="stopped")
    workers = info(recorder)["workers"]
    silent = workers["silent"]
    assert (silent["rows_made"], silent["rows_received"], silent["rows_lost"]) == (None, 0, None)
    assert (silent["state"], silent["last_report_at"]) == ("missing", None)
    assert silent["reason"] == "did not hand over at the end"
    assert (workers["good"]["rows_made"], workers["good"]["state"], workers["good"]["reason"]) == (0, "finished", "")
    assert list(workers) == ["good", "silent"]


def test_a_change_names_the_levels_that_it_disturbed(recorder: Recorder) -> None:
    """A worker is lost at a moment and noticed later: every level in between is named, and no other."""
    now = time.time()
    for number, (begun, over) in enumerate([(-60, -30), (-29, -4), (-3, None)], 1):
        begun_at, over_at = now + begun, now + over if over else None
        recorder.level(
            replace(LEVEL, key=f"streaming-{number}", started_at=begun_at, measured_from=begun_at, measured_to=over_at)
        )
    recorder.change("w", "lost", now - 6)
    recorder.change("w", "back")
    first, second = info(recorder)["worker_changes"]
    assert (first["what"], first["levels"]) == ("lost", ["streaming-2", "streaming-3"])
    assert (second["what"], second["levels"]) == ("back", ["streaming-3"])
    assert (first["at"], first["worker"]) == (now - 6, "w")
    assert now <= second["at"] <= time.time() + 1


def pulse_of(*lags_ms: float) -> dict[str, dict[str, Any]]:
    """What a Pulse has seen in one level."""
    return {"streaming-1": {"cpu_s": 1.0, "wall_s": 9.0, "lag": {bucket(lag_ms): 1 for lag_ms in lags_ms}}}


@pytest.mark.parametrize(
    ("load", "lag_ms", "named"),
    [
        ({"users": None, "rate_per_s": 5.0}, 2000, True),
        ({"users": None, "rate_per_s": 5.0}, 900, False),
        ({"users": 1}, 2000, False),
    ],
)
def test_a_worker_that_stood_still(
    recorder: Recorder, caplog: pytest.LogCaptureFixture, load: dict[str, Any], lag_ms: float, named: bool
) -> None:
    """Too shortly to be lost, in an open loop: its arrivals were missed. It is named in log, console and run.json."""
    recorder.level(replace(LEVEL, **load))
    recorder.join("w")
    batch = Batch(1, (), {}, pulse_of(3, 2, lag_ms))
    recorder.add_report("w", RowsReport("run-1", rows_made=0, cpu_percent=None, last=None, batches=(batch,)))
    recorder.add_report("w", RowsReport("run-1", rows_made=0, cpu_percent=None, last=None, batches=(batch,)))
    recorder.write_info()
    found = [(one["what"], one["worker"], one["levels"], one["lasted_s"]) for one in info(recorder)["worker_changes"]]
    assert found == [("still", "w", ["streaming-1"], 2.0)] * named
    assert recorder.disturbances("streaming-1") == ["worker w stood still for 2.0 s"] * named
    assert any("worker w stood still for 2.0 s: its arrivals" in line for line in caplog.messages) is named


def test_a_worker_that_was_lost_stood_still_of_course(recorder: Recorder) -> None:
    """Which is not told twice."""
    recorder.level(replace(LEVEL, users=None, rate_per_s=5.0, started_at=time.time() - 60))
    recorder.change("w", "lost", time.time() - 5)
    batch = Batch(1, (), {}, pulse_of(8000))
    recorder.add_report("w", RowsReport("run-1", rows_made=0, cpu_percent=None, last=None, batches=(batch,)))
    assert recorder.disturbances("streaming-1") == ["worker w was lost"]


def test_calls_in_flight(recorder: Recorder) -> None:
    """Those of this process at once, those of workers by their last reports; a worker that has ended has none."""
    assert recorder.in_flight is None
    recorder.join("silent")
    boxes = {name: Buffer("run-1", Pulse(lambda: ""), in_flight=lambda: 3) for name in ("one", "two")}
    for name, box in boxes.items():
        deliver(recorder, name, box)
    assert recorder.in_flight == 6
    boxes["one"].close()
    deliver(recorder, "one", boxes["one"])
    assert recorder.in_flight == 3
    recorder.join_local(Pulse(lambda: ""), lambda: 8)
    assert recorder.in_flight == 8


def test_a_run_that_has_just_begun(recorder: Recorder) -> None:
    """From the start there is a run.json, for a run that crashes."""
    rows = {"rows_written": 0, "rows_lost": 0}
    known = {**rows, "workers": {}, "worker_changes": [], "health": {}}
    assert info(recorder) == {"format": 1, "ended": "running", **known}


@pytest.mark.parametrize(("held_s", "completed"), [(9, "false"), (10, "true")])
def test_levels_are_written_as_they_come(recorder: Recorder, held_s: float, completed: str) -> None:
    """levels.csv has each level once, with what is known last; a window that is open ends with the load."""
    recorder.level(replace(LEVEL, phase="warmup", measured_from=None))
    recorder.level(replace(LEVEL, measured_from=clock.wall_at() - held_s))
    recorder.level(replace(LEVEL, key="streaming-2", phase="warmup", measured_from=None))
    path = recorder.folder.path / "levels.csv"
    _, *lines = path.read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["streaming-1", "streaming-2"]
    before = clock.wall_at()
    recorder.close_window("limits.max_requests")
    after = clock.wall_at()
    recorder.close(ended="interrupted", reason="stopped")
    with path.open(encoding="utf-8", newline="") as file:
        one, two = csv.DictReader(file)
    assert before - 0.001 <= float(one["measured_to"]) <= after + 0.001, "the end of the run is not that of the load"
    assert one["completed"] == completed
    assert one["ended_by"] == ("" if completed == "true" else "limits.max_requests")
    assert (two["measured_from"], two["measured_to"]) == ("", "")


def test_a_level_of_users_has_no_arrivals_beside_one_that_has(recorder: Recorder) -> None:
    """What became of arrivals stands in the rows of the levels that have them."""
    rate = replace(LEVEL, key="rate", users=None, rate_per_s=5.0)
    recorder.level(replace(LEVEL, key="users"))
    recorder.level(rate)
    about: dict[str, Any] = {"user_class": "StreamingUser", "burstiness": 1.0, "seed": 1, "max_in_flight": 5}
    recorder.schedule(Schedule(start_at=clock.wall_at() + 100, levels=(rate,), **about))
    recorder.close(ended="complete", reason="all levels ran")
    with (recorder.folder.path / "levels.csv").open(encoding="utf-8", newline="") as file:
        of_users, of_rate = csv.DictReader(file)
    assert {of_users[name] for name in ("arrivals_due", "arrivals_dropped", "arrivals_missed")} == {""}
    assert {of_rate[name] for name in ("arrivals_due", "arrivals_dropped", "arrivals_missed")} == {"0"}


def test_arrivals_of_a_level_are_those_of_its_window(recorder: Recorder) -> None:
    """All of the run have its warm-up as well; with what this process made, and without one nothing is known."""
    assert (recorder.fate(), recorder.arrivals_due) == (None, 0)
    rate = replace(LEVEL, key="rate", users=None, rate_per_s=10.0, warmup_s=1.0, duration_s=2.0)
    recorder.level(rate)
    made = {"rate": {"warmup": [4, 1], "measure": [15, 2]}}
    recorder.join_local(Pulse(lambda: ""), None, lambda: made)
    about: dict[str, Any] = {"user_class": "StreamingUser", "burstiness": None, "seed": 1, "max_in_flight": 5}
    recorder.schedule(Schedule(start_at=clock.wall_at() - 60, levels=(rate,), **about))
    of_level, of_all = recorder.fate("rate"), recorder.fate()
    assert of_level is not None
    assert of_all is not None
    assert (of_level.made, of_level.dropped, of_level.missed) == (15, 2, of_level.due - 17)
    assert (of_all.made, of_all.dropped) == (19, 3)
    assert abs(of_level.due - 20) <= 1
    assert recorder.arrivals_due == of_all.due > of_level.due


def test_the_end_writes_all_levels_anew(recorder: Recorder) -> None:
    """Whatever has become of levels.csv before: without the last row the report would have no window."""
    recorder.level(replace(LEVEL, phase="warmup", measured_from=None))
    recorder.level(replace(LEVEL, key="streaming-2"))
    path = recorder.folder.path / "levels.csv"
    path.write_text(path.read_text(encoding="utf-8").rsplit("streaming-2", 1)[0])
    recorder.close(ended="complete", reason="all levels ran")
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["level"] for row in csv.DictReader(file)] == ["streaming-1", "streaming-2"]


def test_a_call_counts_in_its_level(recorder: Recorder) -> None:
    """Live figures are those of the level in which a call started."""
    recorder.join_local(Pulse(lambda: ""))
    recorder.level(LEVEL)
    recorder.add(replace(CALL, level="streaming-1"))
    recorder.add(CALL)
    assert recorder.tally.levels["streaming-1"].calls == 1
    assert recorder.tally.total.calls == 2


def test_silences_of_all_workers_are_added_up(recorder: Recorder) -> None:
    """The silences within calls reach gaps.csv by level, each once, and only those of measured successes."""
    measured = replace(CALL, level="streaming-1", phase="measure", error="")
    for worker in ("one", "two"):
        box = new_buffer()
        box.add(replace(measured, gaps={bucket(20.0): 3, bucket(500.0): 1}))
        box.add(replace(measured, phase="warmup", gaps={bucket(9000.0): 1}))
        box.add(replace(measured, error="ModelError", gaps={bucket(9000.0): 1}))
        recorder.add_report(worker, deliver(recorder, worker, box))
    recorder.close(ended="complete", reason="all levels ran")
    with (recorder.folder.path / "gaps.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["level"], int(row["count"])) for row in found] == [("streaming-1", 6), ("streaming-1", 2)]
    assert float(found[0]["lower_ms"]) <= 20 <= float(found[0]["upper_ms"])
    assert float(found[1]["lower_ms"]) <= 500 <= float(found[1]["upper_ms"])


@pytest.mark.parametrize("in_the_middle", [False, True])
def test_a_folder_that_is_lost_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_the_middle: bool) -> None:
    """Before the end, or while its last tables are written: all of it is found in another place, with right counts."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    recorder = Recorder("r", RunFolder.create(str(tmp_path / "results"), "m", 1.8e9), {"format": 1})
    recorder.join_local(Pulse(lambda: ""))
    recorder.add(CALL)
    was = recorder.folder.path

    def lose() -> Iterator[tuple[str, ...]]:
        shutil.rmtree(was)
        was.write_text("a file in its place", encoding="utf-8")
        yield ("level",)

    if in_the_middle:
        monkeypatch.setattr(recorder.gaps, "rows", lose)
    else:
        list(lose())
    recorder.close(ended="complete", reason="all levels ran")
    path = recorder.folder.path
    assert path != was
    told = json.loads((path / "run.json").read_text(encoding="utf-8"))
    assert (told["ended"], told["rows_written"], told["rows_lost"]) == ("complete", 1, 0)
    assert (path / "requests.csv").read_text(encoding="utf-8").count("\n") == 2
    assert {"gaps.csv", "levels.csv"} <= {one.name for one in path.iterdir()}
