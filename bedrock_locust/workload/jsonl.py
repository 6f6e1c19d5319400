"""A file of records, one JSON object a line: read by the places of its lines, whatever its size."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
import weakref
from array import array
from typing import TYPE_CHECKING, Any, BinaryIO

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.turned import lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_LINE_BYTES = 30_000_000
"""The longest record: more than the service takes in one request."""
BLOCK_BYTES = 1 << 20


def no_pause() -> None:
    """Nobody waits for a turn."""


class RecordFile:
    """The lines of a file that are not blank, and a hash of the whole file. Raises SettingsError."""

    def __init__(
        self, path: Path, *, turned: bool = True, pause: Callable[[], None] = no_pause, named: str = "workload.file"
    ) -> None:
        """A file that is no JSONL is turned into it in a temporary file; unless `turned` is false, it may be large.

        `pause` lets others have their turn, now and then; `named` is the setting with the path.
        """
        self.path = path
        self.folder = path.parent
        try:
            file, self.sha256 = _opened(path, pause, named, bounded=turned)
            with file:
                self._places, self._numbers = array("Q"), array("Q")
                self.size = self._find_lines(file, pause)
                self._file = os.dup(file.fileno())
                weakref.finalize(self, os.close, self._file)
        except OSError as error:
            raise SettingsError(f"{named}: {path} cannot be read ({error.strerror})") from None
        if not self._places:
            raise SettingsError(f"{named}: {path} has no records")

    def __len__(self) -> int:
        return len(self._places)

    def _find_lines(self, file: BinaryIO, pause: Callable[[], None]) -> int:
        """Note where lines begin; returns the bytes of the file. Only places are kept: 16 bytes a line."""
        at = number = begin = 0
        blank = True
        file.seek(0)
        while block := file.read(BLOCK_BYTES):
            place = 0
            while (end := block.find(b"\n", place)) >= 0:
                number += 1
                if not (blank and not block[place:end].strip()):
                    self._add(begin, number)
                place, begin, blank = end + 1, at + end + 1, True
            blank = blank and not block[place:].strip()
            at += len(block)
            pause()
        if not blank:
            self._add(begin, number + 1)
        return at

    def _add(self, begin: int, number: int) -> None:
        self._places.append(begin)
        self._numbers.append(number)

    def line_number(self, index: int) -> int:
        """The number of the line in the file, from 1 on, or of the record in a file that is no JSONL."""
        return self._numbers[index]

    def record(self, index: int) -> dict[str, Any]:
        """The object in a line. Raises RecordError."""
        content = self._content(index)
        line = content.split(b"\n", 1)[0]
        if len(line) > MOST_LINE_BYTES:
            raise RecordError(f"it has more than {MOST_LINE_BYTES:,} bytes")
        return parsed(line)

    def _content(self, index: int) -> bytes:
        """The bytes from a line to the next, or as many as the longest record may have, and one more."""
        begin, last = self._places[index], index + 1 == len(self._places)
        end = self.size if last else self._places[index + 1]
        return os.pread(self._file, min(end - begin, MOST_LINE_BYTES + 1), begin)


def parsed(line: bytes) -> dict[str, Any]:
    """The object in a line of JSON. Raises RecordError, which shows nothing of the line."""
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise RecordError(f"it is not valid JSON at column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"it is not UTF-8 text at byte {error.start}") from None
    except (ValueError, RecursionError):
        raise RecordError("it is not valid JSON") from None
    if not isinstance(record, dict):
        raise RecordError("it is no JSON object")
    return record


def _refuse(_: str) -> None:
    raise ValueError


def _opened(path: Path, pause: Callable[[], None], named: str, *, bounded: bool) -> tuple[BinaryIO, str]:
    """The file as JSONL, and the hash of what is on disk. Raises OSError and SettingsError."""
    with contextlib.ExitStack() as stack:
        file: BinaryIO = stack.enter_context(open(path, "rb", opener=_at_once))
        _check_regular(file, path, named)
        digest = _digest(file, pause)
        try:
            lines = lines_of(file, path, bounded=bounded)
            if lines is not None:
                return _written(lines), digest
        except RecordError as error:
            raise SettingsError(f"{named}: {path}: {error}") from None
        stack.pop_all()
        return file, digest


def _check_regular(file: BinaryIO, path: Path, named: str) -> None:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise SettingsError(f"{named}: {path} is not a regular file")


def _at_once(name: str, flags: int) -> int:
    """Open a file; a pipe without a writer would hold up the process otherwise."""
    return os.open(name, flags | os.O_NONBLOCK)


def _digest(file: BinaryIO, pause: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    while block := file.read(BLOCK_BYTES):
        digest.update(block)
        pause()
    file.seek(0)
    return digest.hexdigest()


def _written(lines: Iterator[bytes]) -> BinaryIO:
    """Lines in a temporary file without a name: nothing of it stays. Raises RecordError."""
    copy: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it is handed on
    try:
        copy.writelines(line + b"\n" for line in lines)
    except BaseException:
        copy.close()
        raise
    copy.flush()
    return copy
