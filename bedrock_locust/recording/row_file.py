"""A CSV file that grows during a run and survives a disk that is full for a time.

Rows stay in memory until they are on the disk. Each row has its place in the file: the next write overwrites what a
failed one left half done, and no row is there twice.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import os
from collections import deque
from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from io import FileIO
    from pathlib import Path

MEMORY_LIMIT = 256 * 2**20
"""How many bytes of rows wait for a disk at most: about 800,000 calls. Rows beyond that are lost, and counted."""
COPY_SIZE = 2**20


class _Block(NamedTuple):
    """Rows that are not on the disk yet, and their place in the file."""

    offset: int
    data: bytes
    rows: int


class RowFile:
    """The file, for writing. Raises OSError if it cannot be made."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self.written = 0
        """Rows that are in the file."""
        self.lost = 0
        """Rows for which there was no room."""
        self._waiting: deque[_Block] = deque()
        self._waiting_bytes = 0
        self._path = path
        self._file = _open(path)
        head = csv_text([header]).encode()
        self._end = len(head)
        _write(self._file, head, 0)

    def append(self, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows; they are on disk after `flush`."""
        cells = [[cell(value) for value in row] for row in rows]
        data = csv_text(cells).encode(errors="replace")
        if self._waiting_bytes + len(data) > MEMORY_LIMIT:
            self.lost += len(cells)
            return
        self._waiting.append(_Block(self._end, data, len(cells)))
        self._waiting_bytes += len(data)
        self._end += len(data)

    def flush(self) -> None:
        """Hand all rows to the operating system. Raises OSError if it takes no more: the rows wait then."""
        try:
            while self._waiting:
                _write(self._file, self._waiting[0].data, self._waiting[0].offset)
                self._taken(self._waiting.popleft())
        except OSError:
            # If nothing follows, no half row is left behind.
            with contextlib.suppress(OSError):
                self._file.truncate(self._waiting[0].offset)
            raise

    def _taken(self, block: _Block) -> None:
        self._waiting_bytes -= len(block.data)
        self.written += block.rows

    def check(self) -> None:
        """Raise OSError if the path no longer leads to this file, because somebody removed or moved it."""
        if not self._file.closed and not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno())):
            raise FileNotFoundError(errno.ENOENT, "it has been replaced")

    @property
    def gone(self) -> bool:
        """Whether there is nothing at the path."""
        try:
            return not (self._file.closed or self._path.stat())
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def move(self, path: Path) -> None:
        """Continue in a new file, with all rows. If that fails, raises OSError and stays in the old one."""
        new = _open(path)
        try:
            self._copy(new, self._waiting[0].offset if self._waiting else self._end)
            for block in self._waiting:
                _write(new, block.data, block.offset)
        except OSError:
            new.close()
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self._file.close()
        self._file, self._path = new, path
        while self._waiting:
            self._taken(self._waiting.popleft())

    def _copy(self, new: FileIO, size: int) -> None:
        for offset in range(0, size, COPY_SIZE):
            _write(new, os.pread(self._file.fileno(), min(COPY_SIZE, size - offset), offset), offset)

    def give_up(self) -> None:
        """Count the rows that still wait as lost."""
        while self._waiting:
            self.lost += self._waiting.pop().rows
        self._waiting_bytes = 0

    def close(self) -> None:
        """Finish the file."""
        self._file.close()


def csv_text(rows: Iterable[Iterable[Any]]) -> str:
    """Rows as CSV."""
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def cell(value: Any) -> Any:
    """A value as CSV text: times to the microsecond, None as an empty cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}" if value > 1e9 else f"{value:.3f}"
    return "" if value is None else value


def _open(path: Path) -> FileIO:
    """A new file. What was at its path is removed: a link of either kind would lead elsewhere."""
    path.unlink(missing_ok=True)
    return path.open("x+b", buffering=0)


def _write(file: FileIO, data: bytes, offset: int) -> None:
    """Write all of it. A disk that is nearly full takes a part first, and raises OSError for the rest."""
    rest = memoryview(data)
    while rest:
        taken = os.pwrite(file.fileno(), rest, offset)
        rest, offset = rest[taken:], offset + taken
