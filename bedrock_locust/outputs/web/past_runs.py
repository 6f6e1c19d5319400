"""The runs in the folder of results: those of other processes, too. Nothing here writes or deletes."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

from bedrock_locust.process.own_folder import OwnFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_RUNS = 200
"""Runs that are listed; of more, the newest."""
MOST_BYTES = 5_000_000
"""A larger file is none of ours."""
REPORTS = ("report.md", "report.html")
"""The files of a report; a page offers those that there are."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
Stamp = tuple[int, ...]


@dataclass(frozen=True)
class PastRun:
    """A run folder."""

    folder: OwnFolder
    about: dict[str, Any]
    """As `live.about` tells of a run of this process, with its conclusion and the bytes of its folder."""


class PastRuns:
    """The run folders in a folder, which is asked for anew each time: it is a setting."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._known: dict[Path, tuple[Stamp, PastRun]] = {}

    def __iter__(self) -> Iterator[PastRun]:
        """The newest first; their names begin with the time."""
        try:
            names = sorted((path.name for path in self._folder().iterdir()), reverse=True)
        except OSError:
            return
        count = 0
        for name in names:
            if found := self.find(name):
                yield found
                count += 1
            if count == MOST_RUNS:
                return
            gevent.sleep(0)

    def find(self, name: str) -> PastRun | None:
        """The run whose folder has this name; None where there is none, or where the name leads elsewhere."""
        if not NAME.fullmatch(name):
            return None
        try:
            folder = OwnFolder.at(self._folder() / name)
            stamp = _stamp(folder)
        except OSError:
            return None
        known = self._known.get(folder.path)
        if known is None or known[0] != stamp:
            known = self._known[folder.path] = (stamp, PastRun(folder, _about(folder)))
        return known[1]


def _stamp(folder: OwnFolder) -> Stamp:
    """What changes when a run or its report is written anew. Raises OSError without a run."""
    return folder.inode, _changed_ns(folder, "run.json"), _changed_ns(folder, "report.json", missing=0)


def _changed_ns(folder: OwnFolder, name: str, missing: int | None = None) -> int:
    try:
        with folder.open(name) as file:
            return os.fstat(file.fileno()).st_mtime_ns
    except OSError:
        if missing is None:
            raise
        return missing


def _about(folder: OwnFolder) -> dict[str, Any]:
    info, report = _read(folder, "run.json"), _read(folder, "report.json")
    calls, summary, levels = report.get("calls"), report.get("summary"), report.get("levels")
    counts = calls if isinstance(calls, dict) else {}
    model = _at(info, "settings", "model", "id")
    files = dict(folder.files())
    return {
        "name": folder.path.name,
        "state": str(info.get("ended") or info.get("state") or "unknown"),
        "reason": str(info.get("end_reason") or ""),
        "model": f"{model} (local simulator)" if info.get("simulator") is True else str(model or ""),
        "endpoint": str(info.get("endpoint") or ""),
        "started_at": _number(info.get("started_at")),
        "ended_at": _number(info.get("ended_at")) or _stamp(folder)[1] / 1e9,
        "calls": sum(value for value in counts.values() if isinstance(value, int)) if counts else None,
        "failed": counts.get("failed"),
        "levels": len(levels) if isinstance(levels, list) else None,
        "levels_planned": info.get("levels_planned"),
        "conclusion": str(summary[0]) if isinstance(summary, list) and summary else "",
        "bytes": sum(files.values()),
        "reports": [name for name in REPORTS if (name,) in files],
    }


def _read(folder: OwnFolder, name: str) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none."""
    try:
        with folder.open(name) as file:
            content = file.read(MOST_BYTES + 1)
        found = {} if len(content) > MOST_BYTES else json.loads(content.decode())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(values: Any, *keys: str) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
