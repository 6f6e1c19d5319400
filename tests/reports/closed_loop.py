"""Made-up runs of a closed loop: users who call a server again and again, without the noise of real ones."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = dict[str, Any]
Answer = "Callable[[random.Random, int], Row]"


def run(
    users: Sequence[int],
    answer: Callable[[random.Random, int], Row],
    *,
    mode: str = "streaming",
    window_s: float = 60.0,
    seed: int = 1,
    calls: int | None = None,
) -> make.Folder:
    """Levels of these numbers of users, whose calls become what `answer` says: cells of a row, `latency_ms` among them.

    Without a quota. With `calls`, each level has only as many.
    """
    random_, folder, at = random.Random(seed), make.Folder(), make.T0
    for count in users:
        level = make.level(mode, count, at, window_s)
        folder.levels.append(level)
        rows = [row for user in range(count) for row in _calls(random_, answer, level, user)]
        rows.sort(key=lambda row: row["started_at"])
        folder.requests += rows if calls is None else [row for row in rows if row["phase"] == "measure"][:calls]
        at += window_s + 20
    folder.info = make.info(len(folder.requests), len(folder.levels))
    del folder.info["settings"]["model"]["quota"]
    return folder


def _calls(random_: random.Random, answer: Callable[[random.Random, int], Row], level: Row, user: int) -> list[Row]:
    rows, now = [], level["started_at"] + user / level["users"]
    while now < level["measured_to"]:
        where = {key: level[key] for key in ("mode", "level", "users")}
        phase = "measure" if now >= level["measured_from"] else "warmup"
        cells = where | {"phase": phase, "name": level["level"]} | answer(random_, level["users"])
        row = make.call(random_, now, **cells)
        if cells.get("error"):
            row = {key: value for key, value in row.items() if key not in make.ANSWER_COLUMNS} | cells
        rows.append(row)
        now += row["latency_ms"] / 1000 + 0.01
    return rows


def streamed(latency_ms: float, ttft_ms: float = 300.0, tokens: int | None = 100) -> Row:
    """A streamed answer, one token an event."""
    return {
        "latency_ms": latency_ms,
        "ttft_ms": ttft_ms,
        "first_text_ms": ttft_ms,
        "last_token_ms": latency_ms - 1,
        "output_tokens": tokens,
        "chunks": tokens or 100,
    }


def failed(category: str, latency_ms: float, stage: str = "response") -> Row:
    """A call that failed after some time."""
    return {"latency_ms": latency_ms, "error": category, "error_code": category, "error_stage": stage}
