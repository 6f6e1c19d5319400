"""Files of a run for a browser."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from bedrock_locust.outputs.web.downloads import archive, safe_csv
from bedrock_locust.process.own_folder import OwnFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder, with a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    run = tmp_path / "run"
    (run / "charts").mkdir(parents=True)
    (run / "charts" / "ttft.svg").write_text("<svg/>")
    (run / "report.md").write_text("# report")
    (run / "link.csv").symlink_to(tmp_path / "secret.txt")
    (run / "charts" / "up.svg").symlink_to(tmp_path / "secret.txt")
    (run / "up").symlink_to(tmp_path)
    (run / "hard.md").hardlink_to(tmp_path / "secret.txt")
    return run


def write(path: Path, *rows: list[str]) -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-cmd|x", "@SUM(A1)", "\tx", "\rx", "=\nx"])
def test_formulas_become_text(tmp_path: Path, cell: str) -> None:
    """An apostrophe stands before what a spreadsheet would execute."""
    write(tmp_path / "a.csv", ["name"], [cell])
    text = b"".join(safe_csv((tmp_path / "a.csv").open("rb"))).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["name"], [f"'{cell}"]]


def test_all_else_is_as_it_was(tmp_path: Path) -> None:
    """Numbers, also negative ones, empty cells and text stay the same, in any number of rows."""
    row = ["-1.5", "+3", "", "streaming-01", 'a "b", c', "1e-5", "a=b"]
    write(tmp_path / "a.csv", *([row] * 1200))
    assert b"".join(safe_csv((tmp_path / "a.csv").open("rb"))) == (tmp_path / "a.csv").read_bytes()


def test_archive(folder: Path) -> None:
    """The zip has the files of the folder, and nothing that a link leads to."""
    write(folder / "requests.csv", ["name"], ["=1+1"])
    zipped = zipfile.ZipFile(io.BytesIO(b"".join(archive(OwnFolder.at(folder)))))
    assert zipped.testzip() is None
    assert sorted(zipped.namelist()) == ["run/charts/ttft.svg", "run/report.md", "run/requests.csv"]
    assert zipped.read("run/requests.csv") == b"name\r\n'=1+1\r\n"


def test_archive_comes_in_pieces(folder: Path) -> None:
    """No piece of a large file is as large as the file."""
    (folder / "large.bin").write_bytes(bytes(range(256)) * 20_000)
    assert max(map(len, archive(OwnFolder.at(folder)))) < 1_000_000


def test_rows_come_500_at_a_time(tmp_path: Path) -> None:
    """Others have their turn between them; nothing is twice in them, or missing."""
    path = tmp_path / "rows.csv"
    path.write_text("".join(f"{number}\n" for number in range(1001)), encoding="utf-8")
    pieces = list(safe_csv(path.open("rb")))
    assert [piece.count(b"\n") for piece in pieces] == [500, 500, 1]
    assert b"".join(pieces).split() == [str(number).encode() for number in range(1001)]
