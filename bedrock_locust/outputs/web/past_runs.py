"""The runs in the folder of results: those of other processes, too. Nothing here writes or deletes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_RUNS = 200
"""Runs that are listed; of more, the newest."""
MOST_BYTES = 5_000_000
"""A larger file is none of ours."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}")
Stamp = tuple[int, ...]


@dataclass(frozen=True)
class PastRun:
    """A run folder."""

    path: Path
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
        path = self._folder() / name
        if not NAME.fullmatch(name) or path.is_symlink() or not (path / "run.json").is_file():
            return None
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = (stamp, PastRun(path, _about(path)))
        return known[1]


def _stamp(path: Path) -> Stamp:
    """What changes when a run or its report is written anew."""
    files = [path / "run.json", path / "report.json"]
    return tuple(file.stat().st_mtime_ns if file.is_file() else 0 for file in files)


def _about(path: Path) -> dict[str, Any]:
    info, report = _read(path / "run.json"), _read(path / "report.json")
    calls, summary, levels = report.get("calls"), report.get("summary"), report.get("levels")
    counts = calls if isinstance(calls, dict) else {}
    model = _at(info, "settings", "model", "id")
    return {
        "name": path.name,
        "state": str(info.get("ended") or info.get("state") or "unknown"),
        "reason": str(info.get("end_reason") or ""),
        "model": f"{model} (local simulator)" if info.get("simulator") is True else str(model or ""),
        "endpoint": str(info.get("endpoint") or ""),
        "started_at": _number(info.get("started_at")),
        "ended_at": _number(info.get("ended_at")) or _stamp(path)[0] / 1e9,
        "calls": sum(value for value in counts.values() if isinstance(value, int)) if counts else None,
        "failed": counts.get("failed"),
        "levels": len(levels) if isinstance(levels, list) else None,
        "levels_planned": info.get("levels_planned"),
        "conclusion": str(summary[0]) if isinstance(summary, list) and summary else "",
        "bytes": sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink()),
    }


def _read(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(values: Any, *keys: str) -> Any:
    for key in keys:
        values = values.get(key) if isinstance(values, dict) else None
    return values


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
