"""Files of records that are no JSONL."""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload import turned
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from pathlib import Path

RECORDS: list[dict[str, Any]] = [{"prompt": "Grüße, 世界", "max_tokens": 5}, {"prompt": 'line\nbreak, "quotes"'}]
ARRAY = json.dumps(RECORDS, indent=1).encode()
CSV = '\ufeffprompt,max_tokens\r\n"Grüße, 世界",5\r\n"line\nbreak, ""quotes""",\r\n'.encode()
JSONL = b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", ARRAY),
        ("x.txt", b" \n" + ARRAY),
        ("x.csv", CSV),
        ("x.jsonl", JSONL),
        ("x.json.gz", gzip.compress(ARRAY, mtime=0)),
        ("x.csv.gz", gzip.compress(CSV, mtime=0)),
        ("x.jsonl.gz", gzip.compress(JSONL, mtime=0)),
    ],
)
def test_each_kind_of_file_has_the_same_records(tmp_path: Path, name: str, content: bytes) -> None:
    """Whatever its name, but CSV, which nothing else tells."""
    (tmp_path / name).write_bytes(content)
    file = RecordFile(tmp_path / name)
    assert [file.record(index) for index in range(len(file))] == RECORDS


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json", b"[{]", "line 1, column 3: it is not valid JSON"),
        ("x.json", b"[" * 100_000, "it is not valid JSON"),
        ("x.csv", b"prompt\na,b\n", "line 2: it has more values than the header has names"),
        ("x.csv", b"prompt\n\xff\xfe\n", "it is no CSV in UTF-8"),
        ("x.csv", b'prompt\n"a', "it is no CSV in UTF-8"),
        ("x.jsonl.gz", gzip.compress(JSONL, mtime=0)[:-9], "it is no whole gzip file"),
        ("x.json", b"[" + b" " * 5000 + b"]", "has more than 1,000 bytes and is no JSONL: turn it into JSONL first"),
        ("x.json.gz", gzip.compress(b"[" + b" " * 5000, mtime=0), "has more than 1,000 bytes"),
        ("x.jsonl.gz", gzip.compress(b" " * 5000, mtime=0), "more than 1,000 in a line"),
        ("x.parquet", b"PAR1xxxx", "Parquet"),
    ],
)
def test_a_wrong_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, words: str
) -> None:
    """With the place where there is one; a bomb of gzip is not unpacked."""
    if "1,000" in words:
        monkeypatch.setattr(turned, "MOST_BYTES", 1000)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError) as refused:
        RecordFile(tmp_path / name)
    assert words in str(refused.value)
    assert len(refused.value.lines) == 1


@given(
    st.sampled_from(["x.json", "x.csv", "x.jsonl.gz"]),
    st.sampled_from([ARRAY, CSV, gzip.compress(JSONL, mtime=0)]),
    st.data(),
)
def test_no_file_is_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes, data: st.DataObject
) -> None:
    """Broken at any byte: records, or one line."""
    at = data.draw(st.integers(0, len(content) - 1))
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(content[:at] + data.draw(st.binary(max_size=2)) + content[at + data.draw(st.integers(0, 9)) :])
    with contextlib.suppress(SettingsError):
        file = RecordFile(path)
        for index in range(len(file)):
            with contextlib.suppress(RecordError):
                file.record(index)
