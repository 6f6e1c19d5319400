"""`--bedrock-workload-dir`: the folder whose files the form of the web UI may name, and nothing outside of it."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

WORKLOAD_DIR = "--bedrock-workload-dir"
MOST_NAMES = 500
"""Files that the form offers."""
DEEPEST = 3
"""Folders below each other that are looked into."""


def folder_of(parsed: Namespace) -> str:
    """The folder of the option; empty without one. Raises SettingsError where it is no folder."""
    folder: Any = getattr(parsed, "bedrock_workload_dir", None) or ""
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"{WORKLOAD_DIR} (or BEDROCK_WORKLOAD_DIR): {str(folder)[:200]} is not a folder")
    return str(folder)


def names_in(folder: str) -> list[str]:
    """The files that can be named, in the order of their names; of many files the first ones."""
    found = []
    for name in sorted(_names(Path(folder))):
        try:
            path_of(folder, name)
        except SettingsError:
            continue
        found.append(name)
        if len(found) == MOST_NAMES:
            break
    return found


def _names(folder: Path) -> Iterator[str]:
    for above, folders, files in os.walk(folder):
        place = Path(above).relative_to(folder)
        too_deep = len(place.parts) >= DEEPEST - 1
        folders[:] = [] if too_deep else [name for name in folders if not name.startswith(".")]
        yield from ((place / name).as_posix() for name in files if not name.startswith("."))


def path_of(folder: str, name: str) -> str:
    """The path of a file in the folder: a regular one, not by way of a link that leads out. Raises SettingsError."""
    path = PurePosixPath(name)
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts:
        raise SettingsError(_refusal(name, f"is not the name of a file in {folder}: no .. and no / at its beginning"))
    try:
        real = (Path(folder) / path).resolve(strict=True)
    except (OSError, RuntimeError):
        raise SettingsError(_refusal(name, f"is not there in {folder}")) from None
    if not real.is_relative_to(Path(folder).resolve()):
        raise SettingsError(_refusal(name, f"leads out of {folder} by a link"))
    if not real.is_file():
        raise SettingsError(_refusal(name, "is not a regular file"))
    return str(Path(folder) / path)


def name_of(folder: str, path: str) -> str | None:
    """How the form names a file of the settings; None for one that is elsewhere."""
    if not folder or not Path(path).is_relative_to(folder):
        return None
    return Path(path).relative_to(folder).as_posix()


def _refusal(name: str, why: str) -> str:
    return f"workload.file: {name[:80]!r} {why}"
