"""Files of records, by the places of their lines."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload import jsonl
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from pathlib import Path


def file_of(tmp_path: Path, content: bytes, name: str = "x.jsonl") -> RecordFile:
    """A file with this content."""
    path = tmp_path / name
    path.write_bytes(content)
    return RecordFile(path)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=50)), min_size=1, max_size=20),
    st.integers(1, 64),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\n"]),
    st.booleans(),
)
def test_records_are_found_wherever_blocks_end(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]], block: int, between: bytes, ends: bool
) -> None:
    """Blank lines do not count, the last line may lack its end, and lines keep their numbers."""
    content = between.join(json.dumps(record, ensure_ascii=False).encode() for record in records)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(jsonl, "BLOCK_BYTES", block)
        file = file_of(tmp_path_factory.getbasetemp(), content + (b"\n" if ends else b""))
    assert [file.record(index) for index in range(len(file))] == records
    step = between.count(b"\n")
    assert [file.line_number(index) for index in range(len(file))] == [1 + step * n for n in range(len(records))]
    assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()


@given(st.data())
def test_broken_json_is_a_line(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Cut, or changed, at any byte: a record or a RecordError, never a traceback."""
    whole = json.dumps({"prompt": "Grüße 🙂", "max_tokens": 5, "messages": [{"role": "user"}]}).encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = data.draw(st.sampled_from([whole[:at], whole[:at] + b"\xff" + whole[at:], whole[:at] + b'"' + whole[at:]]))
    with contextlib.suppress(SettingsError):
        file = file_of(tmp_path_factory.getbasetemp(), b'{"prompt": "x"}\n' + broken)
        for index in range(len(file)):
            with contextlib.suppress(RecordError):
                assert isinstance(file.record(index), dict)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"prompt"', "it is not valid JSON at column 10"),
        (b'{"a": NaN}', "it is not valid JSON"),
        (b"5", "it is no JSON object"),
        (b"\xff\xfe", "it is not UTF-8 text at byte 0"),
        (b"[" * 100_000, "it is not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it is not valid JSON"),
        (b'{"prompt": "' + b"x" * 2000 + b'"}', "it has more than 1,000 bytes"),
    ],
)
def test_a_wrong_line_is_said_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: bytes, words: str
) -> None:
    """The first and the last line alike."""
    monkeypatch.setattr(jsonl, "MOST_LINE_BYTES", 1000 if len(line) < 3000 else 1_000_000)
    for content in (b'{"a": 1}\n' + line, b'{"a": 1}\n' + line + b"\n{}\n"):
        with pytest.raises(RecordError) as refused:
            file_of(tmp_path, content).record(1)
        assert words in str(refused.value)


def test_what_is_no_file_of_records_is_one_line(tmp_path: Path) -> None:
    """Nothing there, a folder, a pipe, an empty file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").write_bytes(b"\n\n")
    for name, words in (
        ("missing", "cannot be read (No such file"),
        (".", "cannot be read (Is a directory"),
        ("pipe", "is not a regular file"),
        ("empty", "has no records"),
    ):
        with pytest.raises(SettingsError) as refused:
            RecordFile(tmp_path / name)
        assert words in str(refused.value)
        assert len(refused.value.lines) == 1


@pytest.mark.long
def test_memory_is_flat_at_a_large_file(tmp_path: Path) -> None:
    """300 MB of records take a few MB."""
    line = json.dumps({"prompt": "x" * 3000}).encode() + b"\n"
    with (tmp_path / "x.jsonl").open("wb") as file:
        for _ in range(100):
            file.write(line * 1000)
    tracemalloc.start()
    records = RecordFile(tmp_path / "x.jsonl")
    assert len(records) == 100_000
    assert len(records.record(99_999)["prompt"]) == 3000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.long
def test_a_line_of_100_mb_is_refused_and_its_neighbours_are_read(tmp_path: Path) -> None:
    """It is named, and never in memory as a whole."""
    with (tmp_path / "x.jsonl").open("wb") as file:
        file.write(b'{"prompt": "a"}\n{"prompt": "')
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b'"}\n{"prompt": "b"}\n')
    tracemalloc.start()
    records = RecordFile(tmp_path / "x.jsonl")
    assert [records.record(0), records.record(2)] == [{"prompt": "a"}, {"prompt": "b"}]
    with pytest.raises(RecordError, match="it has more than 30,000,000 bytes"):
        records.record(1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 80_000_000
