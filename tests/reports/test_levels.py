"""The rows of the report, for the stock users and for user classes of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.report import markdown

from . import closed_loop
from . import run_folders as make

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from .closed_loop import Row


def usual(random_: random.Random, _: int) -> Row:
    """An answer after a second, more or less."""
    return closed_loop.streamed(1000 * random_.lognormvariate(0, 0.2))


def of_class(run: make.Folder, name: str) -> make.Folder:
    """The same run, made by an own user class."""
    for level in run.levels:
        level["mode"], level["level"] = name, f"{name}-{level['users']:02d}"
    for row in run.requests:
        row["level"] = f"{name}-{row['users']:02d}"
    return run


def test_a_class_with_both_operations_has_a_row_for_each(tmp_path: Path) -> None:
    """In the window of its level; nothing is said to be broken, and no call is lost."""
    run = of_class(closed_loop.run((2, 4), usual), "ChatUser")
    for row in run.requests[::3]:
        row["mode"] = "non_streaming"
        for column in ("ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms", "chunks", "content_bytes"):
            del row[column]
    found = edition(read(run.write(tmp_path)))
    assert found.run.damage == ()
    modes = ("streaming", "non_streaming")
    assert list(found.figures.index) == [f"ChatUser-{users} {mode}" for mode in modes for users in ("02", "04")]
    measured = sum(row["phase"] == "measure" for row in run.requests)
    assert found.figures["ok"].sum() == measured
    assert found.figures["window_s"].tolist() == pytest.approx([60] * 4)
    assert "**Non-streaming `ChatUser`: " in markdown(found, {})


def test_two_classes_of_one_mode_are_told_apart(tmp_path: Path) -> None:
    """Each has its levels and its conclusion."""
    run, other = (
        of_class(closed_loop.run((2, 4), usual), "Short"),
        of_class(closed_loop.run((2, 4), usual, seed=2), "Long"),
    )
    for level in other.levels:
        level |= {name: level[name] + 500 for name in ("started_at", "measured_from", "measured_to")}
    for row in other.requests:
        row["started_at"] += 500
    run.levels += other.levels
    run.requests += other.requests
    found = edition(read(run.write(tmp_path)))
    assert [(one.mode, one.group, one.advised) for one in found.conclusions] == [
        ("streaming", "Long", "Long-04"),
        ("streaming", "Short", "Short-04"),
    ]
    assert "| User class |" in markdown(found, {})


def test_a_row_that_levels_csv_lacks_costs_that_level_alone_its_window(tmp_path: Path) -> None:
    """The windows of the others are those of the file."""
    run = closed_loop.run((2, 4, 8), usual)
    run.levels.pop()
    found = edition(read(run.write(tmp_path)))
    assert found.figures["measured_from"].tolist()[:2] == [level["measured_from"] for level in run.levels]
    assert found.figures["window_s"].tolist() == pytest.approx([60, 60, 60], abs=1.5)
    assert found.figures["ok"].min() > 100
