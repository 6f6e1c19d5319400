"""Images and documents that a record names by their path, relative to the workload file."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath
from typing import Any

from bedrock_locust.workload.records import RecordError

MOST_BYTES = 25_000_000
"""The largest file: more than Converse takes of any kind."""


def with_files(value: Any, folder: Path) -> Any:
    """The value with the bytes of files in place of `{"path": ...}` in each `source`. Raises RecordError."""
    if isinstance(value, list):
        return [with_files(part, folder) for part in value]
    if not isinstance(value, dict):
        return value
    source = value.get("source")
    if isinstance(source, dict) and set(source) == {"path"}:
        return {**value, "source": {"bytes": read(source["path"], folder)}}
    return {name: with_files(part, folder) for name, part in value.items()}


def read(name: object, folder: Path) -> bytes:
    """A file below a folder: a regular one, not by way of a link that leads out. Raises RecordError."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise RecordError("path must be the name of a file")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise RecordError("path must stay in the folder of the workload file: no .. and no / at its beginning")
    return _content(folder, folder / path)


def _content(folder: Path, path: Path) -> bytes:
    try:
        real = path.resolve()
        if not real.is_relative_to(folder.resolve()):
            raise RecordError("path leads out of the folder of the workload file by a link")
        with open(real, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise RecordError("path is not that of a regular file")
            content = file.read(MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:
        raise RecordError(f"path cannot be read ({getattr(error, 'strerror', None) or 'a circle of links'})") from None
    if len(content) > MOST_BYTES:
        raise RecordError(f"path is a file of more than {MOST_BYTES:,} bytes")
    return content
