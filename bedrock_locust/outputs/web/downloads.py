"""The files of a run, for a browser: nothing outside the run folder, and nothing that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
CHUNK_ROWS = 500
CHUNK_BYTES = 1 << 18
CHART = re.compile(r"[A-Za-z0-9_-]+\.svg")


def inside(folder: Path, *parts: str) -> Path | None:
    """A regular file in the folder; None where there is none, or where a link or `..` leads out of it."""
    path = folder.joinpath(*parts)
    try:
        real = path.resolve(strict=True)
    except (OSError, ValueError):
        return None
    is_within = real.is_relative_to(folder.resolve())
    return path if is_within and real.is_file() and not path.is_symlink() else None


def safe_csv(path: Path) -> Iterator[bytes]:
    """A CSV file; an apostrophe stands before text cells that a spreadsheet would take for a formula."""
    with path.open(encoding="utf-8", newline="", errors="replace") as file:
        text = io.StringIO()
        writer = csv.writer(text)
        for count, row in enumerate(csv.reader(_without_nul(file)), 1):
            writer.writerow([_harmless(cell) for cell in row])
            if count % CHUNK_ROWS == 0:
                yield _taken(text)
                gevent.sleep(0)
        yield _taken(text)


def archive(folder: Path) -> Iterator[bytes]:
    """The whole folder as a zip file, piece by piece; its CSV files are as `safe_csv` gives them."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if inside(folder, *name.parts) is None or path.suffix == ".tmp":
                continue
            with zipped.open(zipfile.ZipInfo.from_file(path, Path(folder.name, name)), "w", force_zip64=True) as member:
                for piece in safe_csv(path) if path.suffix == ".csv" else _pieces(path):
                    member.write(piece)
                    yield pipe.taken()
            yield pipe.taken()
    yield pipe.taken()


class _Pipe(io.RawIOBase):
    """A file that gives away what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._held += data  # type: ignore[arg-type]  # zipfile writes bytes
        return len(data)  # type: ignore[arg-type]

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
            gevent.sleep(0)


def _taken(text: io.StringIO) -> bytes:
    held = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return held


def _without_nul(lines: Iterable[str]) -> Iterator[str]:
    """What csv can read."""
    return (line.replace("\0", "") for line in lines)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
