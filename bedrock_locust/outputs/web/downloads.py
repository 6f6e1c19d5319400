"""The files of a run, for a browser: without links, and with nothing that a spreadsheet would execute."""

from __future__ import annotations

import csv
import io
import os
import re
import time
import zipfile
from typing import TYPE_CHECKING, BinaryIO

import gevent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bedrock_locust.process.own_folder import OwnFolder

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
CHUNK_ROWS = 500
CHUNK_BYTES = 1 << 18
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""Before this there is no time in a zip file."""
CHART = re.compile(r"[A-Za-z0-9_-]+\.svg")


def safe_csv(file: BinaryIO) -> Iterator[bytes]:
    """A CSV file; an apostrophe stands before text cells that a spreadsheet would take for a formula."""
    with io.TextIOWrapper(file, encoding="utf-8", newline="", errors="replace") as lines:
        text = io.StringIO()
        writer = csv.writer(text)
        for count, row in enumerate(csv.reader(_without_nul(lines)), 1):
            writer.writerow([_harmless(cell) for cell in row])
            if count % CHUNK_ROWS == 0:
                yield _taken(text)
                gevent.sleep(0)
        yield _taken(text)


def archive(folder: OwnFolder) -> Iterator[bytes]:
    """The whole folder as a zip file, piece by piece; its CSV files are as `safe_csv` gives them."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as zipped:
        for parts, _ in folder.files():
            if parts[-1].endswith(".tmp"):
                continue
            try:
                file = folder.open(*parts)
            except OSError:  # it has gone since
                continue
            with zipped.open(_about(file, "/".join((folder.path.name, *parts))), "w", force_zip64=True) as member:
                for piece in safe_csv(file) if parts[-1].endswith(".csv") else _pieces(file):
                    member.write(piece)
                    yield pipe.taken()
            yield pipe.taken()
    yield pipe.taken()


def _about(file: BinaryIO, name: str) -> zipfile.ZipInfo:
    about = os.fstat(file.fileno())
    info = zipfile.ZipInfo(name, max(EARLIEST, time.localtime(about.st_mtime)[:6]))
    info.external_attr = (about.st_mode & 0xFFFF) << 16
    return info


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


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
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
