"""What a worker reports is checked whole before any of it is kept."""

from __future__ import annotations

import copy
import json
import math
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from locust.env import Environment

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust import __version__
from bedrock_locust.call import COLUMNS, Call
from bedrock_locust.level import Level
from bedrock_locust.outputs.web.rows import LevelRows, failure_rows
from bedrock_locust.recording.recorder import Recorder
from bedrock_locust.recording.run_folder import RunFolder
from bedrock_locust.recording.worker_check import LONGEST, MOST, WrongReportError
from bedrock_locust.team.master_receiver import Receiver
from bedrock_locust.team.messages import Report

from .test_timeline import CALL

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_OF_A_CODE = 64
LEVEL = Level(key="streaming-1", mode="streaming", users=1, phase="measure")


def plain(**changes: Any) -> dict[str, Any]:
    """A report with one row, as it comes from a worker; `changes` are columns of the row."""
    row = replace(CALL, **{k: v for k, v in changes.items() if k in COLUMNS}).to_row()
    rows = {
        "run": "r",
        "rows_made": 1,
        "cpu_percent": 5.0,
        "last": 1,
        "batches": [
            {
                "number": 1,
                "rows": [row],
                "gaps": {"streaming-1": {3: 4}},
                "pulse": {"streaming-1": {"cpu_s": 0.1, "wall_s": 0.5, "lag": {1: 2}}},
            }
        ],
        "in_flight": 2,
        "arrivals": {"streaming-1": {"measure": [5, 1]}},
    }
    return {
        "version": __version__,
        "asked_at": 1.0,
        "tick": 1.0,
        "clock_offset_ms": None,
        "warning": "",
        "refusal": "",
        "rows": rows,
    }


def test_a_right_report_stays() -> None:
    """What a worker of ours reports is taken as it is, after its way through msgpack, too."""
    sent = plain(error="ThrottlingError", error_code="ThrottlingException", error_stage="response", ttft_ms=None)
    there = msgpack.unpackb(msgpack.packb(sent), strict_map_key=False)
    assert Report.from_plain(there).to_plain() == sent


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(
            (column, value)
            for column in ("started_at", "latency_ms", "ttft_ms")
            for value in (math.nan, math.inf, -1.0)
        ),
        ("latency_ms", None),
        ("latency_ms", 1e300),
        ("latency_ms", "12"),
        ("latency_ms", True),
        ("output_tokens", 1.5),
        ("output_tokens", -1),
        ("output_tokens", 10**30),
        ("users", "many"),
        ("name", 7),
        ("name", None),
        ("model_id", "x" * 3000),
        ("error_code", b"x"),
        ("error", ["x"]),
    ],
)
def test_a_value_that_cannot_be(column: str, value: object) -> None:
    """The whole report is refused, with the column and the value."""
    with pytest.raises(WrongReportError, match=column):
        Report.from_plain(plain(**{column: value}))


@pytest.mark.parametrize(
    ("column", "value", "above"),
    [
        ("model_id", "x" * LONGEST, "x" * (LONGEST + 1)),
        ("output_tokens", int(MOST), int(MOST) + 1),
        ("output_tokens", 0, -1),
    ],
)
def test_the_last_value_that_can_be(column: str, value: Any, above: object) -> None:
    """It is taken as it is, and the next is not."""
    [batch] = Report.from_plain(plain(**{column: value})).to_plain()["rows"]["batches"]
    assert value in batch["rows"][0]
    with pytest.raises(WrongReportError, match=column):
        Report.from_plain(plain(**{column: above}))


def test_texts_of_the_service_are_held_again() -> None:
    """A worker of somebody else's may send any text: it is cut, scrubbed, and no category but ours."""
    sent = plain(error="x" * 1000, error_code="y" * 1000, error_message="key AKIAABCDEFGHIJKLMNOP\x1b[2J", name="a\nb")
    report = Report.from_plain(sent)
    assert report.rows is not None
    row = dict(zip(COLUMNS, report.rows.batches[0].rows[0], strict=True))
    assert (row["error"], row["error_code"]) == ("UnknownError", "y" * LIMIT_OF_A_CODE)
    assert (row["error_message"], row["name"]) == ("key ***", "a b")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A master that takes reports."""
    environment = Environment()
    runner = environment.create_master_runner("127.0.0.1", 0)
    yield Receiver(environment, runner)
    runner.greenlet.kill()
    runner.server.socket.context.destroy(linger=0)


def test_such_a_worker_is_refused_once(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """One line says which worker and why; what it sends after that is not looked at."""
    for _ in range(3):
        receiver._take("there_1", plain(latency_ms=math.nan))
    lines = [record.getMessage() for record in caplog.records if "cannot take part" in record.getMessage()]
    why = "what it reports is wrong: latency_ms is nan, not a number in range"
    assert lines == [f"bedrock-locust: worker there_0 cannot take part: {why}"]


def test_a_version_is_shown_short(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a stranger calls its version, the line about it is one, short and harmless."""
    receiver._take("there_2", {**plain(), "version": "\x1b[2J\n" + "9" * 100_000})
    [line] = [record.getMessage() for record in caplog.records if "cannot take part" in record.getMessage()]
    assert "bedrock-locust is 999" in line
    assert line.isprintable()
    assert len(line) < 300


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all parts of a report."""
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


PLACES = [path for path in places(plain()) if path]


@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_anywhere(path: tuple[Any, ...], value: object) -> None:
    """A report with anything in the place of any part is taken or refused, never a traceback."""
    report = copy.deepcopy(plain())
    inner: Any = report
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    try:
        taken = Report.from_plain(report)
    except WrongReportError as refused:
        said = str(refused)
    else:
        said = ""
        for batch in taken.rows.batches if taken.rows else ():
            for row in batch.rows:
                assert all(math.isfinite(cell) for cell in row if isinstance(cell, float))
    assert len(said) < 500
    assert not said or said.isprintable()


EXTREMES = st.sampled_from([0, 1, 50, 10**9, 10**12])
NUMBERS = {name: "int" for name in COLUMNS if str(Call.__annotations__[name]).startswith("int")} | {
    name: "float" for name in COLUMNS if str(Call.__annotations__[name]).startswith("float")
}
STARTS = st.sampled_from([0.0, -1.0, -60.0, -1e9, 1e9])
"""Seconds from now."""
BUCKETS = st.dictionaries(st.sampled_from([-5000, 1, 5000]), st.sampled_from([1, 10**12]), max_size=2)


@given(st.dictionaries(st.sampled_from(sorted(NUMBERS)), EXTREMES, max_size=6), STARTS, BUCKETS, EXTREMES)
def test_what_is_taken_is_counted(
    extremes: dict[str, int], start: float, buckets: dict[int, int], seconds: int
) -> None:
    """Numbers in range that cannot belong together neither stop the master nor keep it busy, nor leave no JSON."""
    now = time.time()
    row = {name: float(value) if NUMBERS[name] == "float" else value for name, value in extremes.items()}
    row["started_at"] = now + start
    sent = plain(**row, mode="streaming", level=LEVEL.key, phase="measure")
    (batch,) = sent["rows"]["batches"]
    batch |= {"gaps": {LEVEL.key: buckets}, "pulse": {LEVEL.key: {"cpu_s": seconds, "wall_s": 1, "lag": buckets}}}
    report = Report.from_plain(sent)
    assert report.rows is not None
    with tempfile.TemporaryDirectory() as place:
        recorder = Recorder("r", RunFolder.create(place, "m", now), {})
        recorder.level(replace(LEVEL, started_at=now - 9, measured_from=now - 5))
        recorder.add_report("w", report.rows)
        tally = recorder.tally
        shown = [
            LevelRows(tally, recorder.health).rows(now),
            failure_rows(tally),
            list(tally.timeline.points(now, running=True)),
        ]
        recorder.close(ended="complete", reason="")
        assert json.dumps(shown, allow_nan=False)
        assert tally.total.calls == 1
        json.loads((recorder.folder.path / "run.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
