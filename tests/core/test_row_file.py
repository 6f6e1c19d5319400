"""A file of rows on a disk that is full for a time: the kernel's own limit on the size of files stands for it."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.call import Call
from bedrock_locust.recording import row_file
from bedrock_locust.recording.row_file import RowFile
from bedrock_locust.recording.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = ("number", "text")
ROW_SIZE = 106
"""Bytes of a row of `rows`."""


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process may grow beyond this number of bytes: a write beyond it fails, if need be half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rows(first: int, count: int) -> list[tuple[str, str]]:
    """Rows of `ROW_SIZE` bytes."""
    return [(f"{number:03d}", "x" * 100) for number in range(first, first + count)]


def numbers(path: Path) -> list[str]:
    """The numbers of the rows in a file, which has whole rows only."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file)
    assert header == list(HEADER)
    assert all(len(row) == 2 and len(row[1]) == 100 for row in found)
    return [row[0] for row in found]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "requests.csv"


def test_a_full_disk_costs_nothing_once_there_is_room(path: Path) -> None:
    """What half fits is not left in the file; later all is in it, once and in order."""
    file = RowFile(path, HEADER)
    for first in range(0, 12, 3):
        file.append(rows(first, 3))
    with full_at(7 * ROW_SIZE + 60):
        for _ in range(2):
            with pytest.raises(OSError, match="File too large"):
                file.flush()
        assert numbers(path) == [f"{number:03d}" for number in range(6)]
        assert file.written == 6
        file.append(rows(12, 3))
    file.flush()
    assert numbers(path) == [f"{number:03d}" for number in range(15)]
    assert (file.written, file.lost) == (15, 0)
    file.close()


def test_memory_has_a_bound(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows beyond it are counted as lost, those before it are kept, and those after it too."""
    monkeypatch.setattr(row_file, "MEMORY_LIMIT", 4 * ROW_SIZE)
    file = RowFile(path, HEADER)
    with full_at(20):
        for first in range(6):
            file.append(rows(first, 1))
        with pytest.raises(OSError, match="File too large"):
            file.flush()
    assert (file.written, file.lost) == (0, 2)
    file.flush()
    file.append(rows(6, 1))
    file.flush()
    assert numbers(path) == ["000", "001", "002", "003", "006"]
    assert (file.written, file.lost) == (5, 2)
    file.close()


def test_a_file_that_was_removed_is_copied_whole(path: Path, tmp_path: Path) -> None:
    """What had been written comes along, and what waits; a place that takes nothing changes nothing."""
    file = RowFile(path, HEADER)
    file.append(rows(0, 3))
    file.flush()
    file.check()
    path.unlink()
    with pytest.raises(FileNotFoundError):
        file.check()
    path.write_text("another file")
    with pytest.raises(FileNotFoundError, match="it has been replaced"):
        file.check()
    file.append(rows(3, 2))
    with full_at(100), pytest.raises(OSError, match="File too large"):
        file.move(tmp_path / "small.csv")
    file.append(rows(5, 1))
    file.move(tmp_path / "new.csv")
    file.append(rows(6, 1))
    file.flush()
    assert numbers(tmp_path / "new.csv") == [f"{number:03d}" for number in range(7)]
    file.check()
    assert (file.written, file.lost) == (7, 0)
    file.close()


@pytest.mark.parametrize("size", [1, 105, 106, 107, 212, 2**20])
def test_a_file_is_copied_in_pieces(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Of any size, also one that the file is no multiple of; rows that wait follow those that were written."""
    monkeypatch.setattr(row_file, "COPY_SIZE", size)
    file = RowFile(path, HEADER)
    file.append(rows(0, 4))
    file.flush()
    file.append(rows(4, 2))
    file.move(tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_bytes().startswith(path.read_bytes())
    assert numbers(tmp_path / "new.csv") == [f"{number:03d}" for number in range(6)]
    assert (file.written, file.lost) == (6, 0)
    file.close()


def test_rows_that_are_given_up_are_lost_and_free_their_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted once; the file takes as many rows as before."""
    monkeypatch.setattr(row_file, "MEMORY_LIMIT", 2 * ROW_SIZE)
    file = RowFile(path, HEADER)
    file.append(rows(0, 2))
    file.give_up()
    assert (file.written, file.lost) == (0, 2)
    file.give_up()
    file.append(rows(2, 1))
    file.append(rows(3, 1))
    file.append(rows(4, 1))
    assert file.lost == 3
    file.close()


def test_whether_a_file_is_gone(path: Path) -> None:
    """Only where nothing is at its path; a file that is closed is nobody's any more."""
    file = RowFile(path, HEADER)
    assert not file.gone
    path.unlink()
    assert file.gone
    path.write_text("another")
    assert not file.gone
    path.unlink()
    file.close()
    assert not file.gone
    file.check()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e9, "1000000000.000"),
        (1_800_000_000.1234567, "1800000000.123457"),
        (12.3456, "12.346"),
        (0.0, "0.000"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (7, 7),
        ("text", "text"),
    ],
)
def test_values_as_text(value: object, text: object) -> None:
    """Moments to the microsecond, times in ms to the microsecond; what is not known is empty, and 0 is not."""
    assert row_file.cell(value) == text
    assert type(row_file.cell(value)) is type(text)


CALL = Call(started_at=1.8e9, mode="streaming", operation="o", model_id="m", name="n", latency_ms=1)


@pytest.fixture
def refuge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log."""
    return [record.getMessage() for record in caplog.records]


def test_trouble_is_said_once_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every file of the folder is tried again; the old ones stay whole, and no draft is left."""
    folder = RunFolder.create(str(tmp_path), "m", 1.8e9)
    folder.write_info({"ended": "running"})
    with full_at(30):
        folder.append([CALL.to_row()])
        for _ in range(3):
            folder.write_info({"ended": "complete", "text": "x" * 100})
        assert "File too large" in folder.trouble
        assert json.loads((folder.path / "run.json").read_text()) == {"ended": "running"}
        assert not list(folder.path.glob("*.tmp")), "a draft is left after a failed write"
        assert len(said(caplog)) == 1
        assert "the run goes on, and what it finds is kept in memory, up to 256 MB" in said(caplog)[0]
    folder.flush()
    assert folder.trouble == ""
    assert said(caplog)[1:] == [f"bedrock-locust: {folder.path} can be written again: nothing is lost"]
    assert json.loads((folder.path / "run.json").read_text())["ended"] == "complete"
    assert folder.rows_written == 1
    folder.settle()
    folder.close()
    assert {path.name for path in folder.path.iterdir()} == {"requests.csv", "levels.csv", "run.json"}
    assert len(said(caplog)) == 2


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the next flush, in the same place, with all of its files: a crash after that loses nothing."""
    folder = RunFolder.create(str(tmp_path / "results"), "m", 1.8e9)
    folder.write_info({"ended": "running"})
    folder.append([CALL.to_row()])
    folder.flush()
    old = folder.path
    shutil.rmtree(tmp_path / "results")
    folder.append([CALL.to_row()])
    folder.flush()
    assert (folder.path, folder.trouble) == (old, "")
    assert {path.name for path in old.iterdir()} == {"requests.csv", "levels.csv", "run.json"}
    assert len((old / "requests.csv").read_text().splitlines()) == 3
    assert said(caplog) == [f"bedrock-locust: {old} was removed, and is made again: nothing is lost"]
    folder.append([CALL.to_row()])
    folder.settle()
    folder.close()
    assert len((old / "requests.csv").read_text().splitlines()) == folder.rows_written + 1 == 4
    assert len(said(caplog)) == 1


def test_a_folder_that_can_not_be_made_again(tmp_path: Path) -> None:
    """It is tried with each flush, until there is room; nothing half done stays."""
    folder = RunFolder.create(str(tmp_path), "m", 1.8e9)
    folder.append([CALL.to_row()])
    folder.flush()
    shutil.rmtree(folder.path)
    with full_at(200):
        folder.flush()
        assert "File too large" in folder.trouble
        assert not (folder.path / "requests.csv").exists()
    folder.flush()
    assert folder.trouble == ""
    folder.close()
    assert len((folder.path / "requests.csv").read_text().splitlines()) == 2


def test_a_folder_that_had_to_be_left_leads_to_the_next(tmp_path: Path, refuge: Path) -> None:
    """Where its rows cannot be written any more, a link says where the run went on."""
    folder = RunFolder.create(str(tmp_path), "m", 1.8e9)
    old = folder.path
    (old / "requests.csv").unlink()
    (old / "requests.csv").write_text("another file")
    folder.append([CALL.to_row()])
    folder.settle()
    folder.close()
    assert folder.path.parent.parent == refuge
    assert (old / "moved-to").readlink() == folder.path.parent
    assert len((old / "moved-to" / old.name / "requests.csv").read_text().splitlines()) == 2


def test_a_folder_finds_refuge(tmp_path: Path, refuge: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where a place has become something else, all goes to the directory for temporary files, and it says so."""
    folder = RunFolder.create(str(tmp_path / "results"), "m", 1.8e9)
    folder.append([CALL.to_row()])
    name = folder.path.name
    shutil.rmtree(folder.path)
    folder.path.write_text("something else")
    folder.write_info({"ended": "complete"})
    folder.settle()
    folder.close()
    assert folder.path.parent.parent == refuge
    assert folder.path.name == name
    assert {path.name for path in folder.path.iterdir()} == {"requests.csv", "levels.csv", "run.json"}
    assert str(folder.path) in said(caplog)[-1]
    assert folder.rows_written == 1


def test_nowhere_to_go(tmp_path: Path, refuge: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing can be written anywhere, what is lost is counted and said, and nothing lies about."""
    folder = RunFolder.create(str(tmp_path / "results"), "m", 1.8e9)
    folder.append([CALL.to_row(), CALL.to_row()])
    with full_at(30):
        folder.settle()
        folder.close()
    assert (folder.rows_written, folder.rows_lost) == (0, 2)
    assert "nor can any other place: 2 rows are lost" in said(caplog)[-1]
    assert not list(refuge.iterdir())
