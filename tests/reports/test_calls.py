"""The table of calls: which columns it has, what of a call is kept, and which lines are none."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.reading import RunFolderError, calls
from reports.reading.blocks import ended_at

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "started_at,mode,latency_ms,error"


def read(path: Path, text: str | bytes) -> calls.Read:
    """What is read of a file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return calls.read(path)


def test_every_column_has_its_type(tmp_path: Path) -> None:
    """Moments are exact; other numbers have seven digits; what is not in the file is empty, or not known."""
    found = read(tmp_path / "calls.csv", f"{HEAD},worker\n1764000000.123456,streaming,1500.5,,w1\n")
    assert (found.cut, found.lost, set(found.columns)) == (False, 0, {*HEAD.split(","), "worker"})
    assert list(found.calls.columns) == [*calls.TEXTS, *calls.NUMBERS]
    [row] = found.calls.to_dict("records")
    known = {"started_at": 1764000000.123456, "mode": "streaming", "latency_ms": 1500.5, "error": "", "worker": "w1"}
    assert {name: value for name, value in row.items() if name in known} == known
    assert {value for name, value in row.items() if name in calls.TEXTS and name not in known} == {""}
    assert all(math.isnan(value) for name, value in row.items() if name in calls.NUMBERS and name not in known)
    types = {name: str(found.calls[name].dtype) for name in calls.NUMBERS}
    assert types == {name: "float64" if name in {"started_at", "scheduled_at"} else "float32" for name in calls.NUMBERS}
    assert ended_at(found.calls).tolist() == [1764000000.123456 + 1.5005]


@pytest.mark.parametrize(
    ("line", "lost"),
    [
        ("5,streaming,100,", 0),
        ("5,non_streaming,100,ModelError", 0),
        ("0,streaming,0,", 0),
        ("-5,streaming,-100,", 0),
        ("999999999999,streaming,999999999999,", 0),
        ("1000000000000,streaming,100,", 1),
        ("5,streaming,-1000000000000,", 1),
        ("5,streaming,inf,", 1),
        ("5,streaming,nan,", 1),
        ("5,streaming,,", 1),
        (",streaming,100,", 1),
        ("5,,100,", 1),
        ("5,other,100,", 1),
        ("soon,streaming,100,", 1),
        ("5,streaming,long,", 1),
        ("5,streaming", 1),
    ],
)
def test_a_line_without_mode_start_or_length_is_no_call(tmp_path: Path, line: str, lost: int) -> None:
    """Nor with a number that none can have; the others are read as they are."""
    found = read(tmp_path / "calls.csv", f"{HEAD}\n1,streaming,10,\n{line}\n2,streaming,20,x\n")
    assert (found.lost, found.cut) == (lost, False)
    assert found.calls["latency_ms"].tolist()[:: 2 - lost] == [10, 20]
    assert found.calls["error"].tolist()[-1] == "x"


@pytest.mark.parametrize(
    ("text", "calls_", "cut"),
    [
        (b"", 0, False),
        (b"\n\n", 0, False),
        (f"{HEAD}\n".encode(), 0, False),
        (f"{HEAD}".encode(), 0, True),
        (f"{HEAD}\n1,streaming,10,\n2,stream".encode(), 1, True),
        (f'{HEAD}\n1,streaming,10,"a\n2,streaming,20,\n'.encode(), 0, True),
        (f'{HEAD}\n1,streaming,10,"a\nb"\n2,streaming,20,\n'.encode(), 2, False),
        (f"{HEAD}\n1,streaming,10,,5,6\n2,streaming,20,\n".encode(), 2, False),
        (HEAD.encode() + b"\n1,streaming,10,\xff\n", 1, False),
    ],
    ids=str,
)
def test_whole_records_are_read(tmp_path: Path, text: bytes, calls_: int, *, cut: bool) -> None:
    """A quoted text may have line breaks; cells that are too many are left out, and bytes that are no text replaced."""
    found = read(tmp_path / "calls.csv", text)
    assert (len(found.calls), found.cut) == (calls_, cut)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column started_at, mode, latency_ms, error in {}: it is not of a run of bedrock-locust"),
        ("started_at,mode,error\n1,2,3\n", "no column latency_ms in {}: it is not of a run of bedrock-locust"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """In one line that names it."""
    with pytest.raises(RunFolderError) as refused:
        read(tmp_path / "calls.csv", text)
    assert str(refused.value) == said.format(tmp_path / "calls.csv")
    with pytest.raises(RunFolderError) as refused:
        calls.read(tmp_path / "nowhere.csv")
    assert str(refused.value) == f"cannot read {tmp_path / 'nowhere.csv'}: No such file or directory"


def kept(tmp_path: Path, rows: list[dict[str, Any]], column: str = "request_id") -> list[str]:
    """The request ids, or messages, that are kept."""
    own = [{"started_at": make.T0 + at, "mode": "streaming", "phase": "measure"} | row for at, row in enumerate(rows)]
    own = [row | {"request_id": f"r{at}", "error_message": f"m{at}"} for at, row in enumerate(own)]
    make.write_csv(tmp_path / "requests.csv", make.REQUEST_COLUMNS, own)
    found = calls.read(tmp_path / "requests.csv").calls
    return [text for text in found[column] if text]


def test_the_slowest_calls_keep_their_request_id(tmp_path: Path) -> None:
    """The ten that took longest, or had the longest gap, of successes that count; the earliest among equals."""
    rows: list[dict[str, Any]] = [{"latency_ms": 1000.0 - min(at, 11), "max_gap_ms": 1} for at in range(40)]
    rows[30] |= {"max_gap_ms": 7}
    rows[31] |= {"latency_ms": 5000, "phase": "warmup"}
    rows[32] |= {"latency_ms": 5000, "phase": "drain"}
    rows[33] |= {"latency_ms": 5000, "error": "Cancelled"}
    rows[34] |= {"latency_ms": 5000, "phase": ""}
    places = [*range(9), 30, 33, 34]
    assert kept(tmp_path, rows) == [f"r{at}" for at in places]
    assert kept(tmp_path, rows, "error_message") == [f"m{at}" for at in places]


def test_the_first_failure_of_each_kind_keeps_its_message(tmp_path: Path) -> None:
    """A kind is category, code and stage."""
    kinds = [("A", "x", "s"), ("A", "x", "s"), ("A", "y", "s"), ("B", "x", "s"), ("A", "x", "t"), ("B", "x", "s")]
    names = ("error", "error_code", "error_stage")
    rows = [dict(zip(names, kind, strict=True)) | {"latency_ms": 5} for kind in kinds]
    assert kept(tmp_path, rows, "error_message") == ["m0", "m2", "m3", "m4"]


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, math.nan]), st.integers(0, 5)), max_size=40))
def test_the_longest_are_those_of_a_sort(pairs: list[tuple[float, int]]) -> None:
    """Ten at most, the longest first, then the earliest; what is not known is none."""
    values, starts = (np.array([pair[place] for pair in pairs], dtype="float64") for place in (0, 1))
    known = [(-value, start, place) for place, (value, start) in enumerate(pairs) if not math.isnan(value)]
    found = calls.longest(values, starts).tolist()
    assert [(-values[place], starts[place]) for place in found] == [key[:2] for key in sorted(known)[:10]]
    assert len(set(found)) == len(found)


def test_numbers_that_come_late_or_are_the_same(tmp_path: Path) -> None:
    """In pieces of a few rows: a column that begins in a later one, and the first text that is the first token."""
    random_ = random.Random(1)
    rows = [make.call(random_, make.T0 + at) | {"name": f"n{at % 7}"} for at in range(20)]
    for row in rows:
        row["first_text_ms"] = row["ttft_ms"]
    rows[13] |= {"first_text_ms": 77.0, "cache_read_tokens": 5}
    path = make.Folder(rows, [], {}).write(tmp_path) / "requests.csv"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "PIECE_ROWS", 6)
        found = calls.read(path).calls
    for name in ("first_text_ms", "ttft_ms", "output_tokens", "latency_ms"):
        assert found[name].tolist() == pytest.approx([row[name] for row in rows], rel=1e-6)
    assert found["cache_read_tokens"].fillna(-1).tolist() == [-1] * 13 + [5] + [-1] * 6
    assert found["name"].tolist() == [row["name"] for row in rows]
