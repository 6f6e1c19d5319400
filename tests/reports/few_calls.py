"""Runs of a few calls that are written by hand, for figures that are computed by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.reading.levels import Levels, levels
from reports.reading.run import Run, read

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

WINDOW_S = 100.0


def call(level: str, at: float = 1.0, /, **cells: Any) -> make.Row:
    """A measured success of a level such as `streaming-04`, so many seconds after the start of its window."""
    mode, _, users = level.rpartition("-")
    about = {"mode": mode, "level": level, "users": int(users), "phase": "measure", "model_id": make.MODEL}
    return about | {"started_at": make.T0 + at, "latency_ms": 1000} | cells


def run_of(path: Path, calls: Iterable[make.Row], **settings: Any) -> tuple[Run, Levels]:
    """A run of these calls, whose levels all have the window from `T0` on."""
    rows = list(calls)
    named = dict.fromkeys((row["mode"], row["users"]) for row in rows)
    known = [make.level(mode, users, make.T0 - make.WARMUP_S, WINDOW_S) for mode, users in named]
    make.Folder([], known, {"settings": settings}).write(path)
    make.write_csv(path / "requests.csv", make.REQUEST_COLUMNS, rows)  # no gaps, whatever the longest of a call says
    run = read(path)
    return run, levels(run)
