"""Levels of a group with one load, as a search makes: each has a name of its own, and charts draw one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.charts import CHARTS
from reports.charts.style import once
from reports.edition import edition
from reports.reading.run import read
from reports.sections.words import label, level_columns, level_names

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def test_they_are_told_apart(tmp_path: Path) -> None:
    """In sentences and rows, in the order of time; a load that was tried once has no number."""
    found = edition(read(make.searched().write(tmp_path)))
    streaming = found.figures[found.figures["mode"] == "streaming"]
    assert [label(found.say, row) for _, row in streaming.iterrows()] == [
        *("4 users", "8 users (try 1)", "8 users (try 2)", "12 users", "16 users")
    ]
    assert level_columns(found.say, streaming)[1].cells == ["4", "8 (try 1)", "8 (try 2)", "12", "16"]
    assert level_names(found.say, streaming.iloc[1:3]) == (
        "streaming at 8 users (try 1) and streaming at 8 users (try 2)"
    )


def test_each_has_its_curve(tmp_path: Path) -> None:
    """Not one line through the calls of both."""
    found = edition(read(make.searched().write(tmp_path)))
    [panel, _] = CHARTS["distribution"](found).to_dict()["vconcat"]
    assert panel["encoding"]["color"]["scale"]["domain"] == ["4", "8 (1)", "8 (2)", "12", "16"]


def test_a_load_has_one_point(tmp_path: Path) -> None:
    """The last in time, or the one that is kept."""
    found = edition(read(make.searched().write(tmp_path)))
    every = list(found.figures.index)
    assert set(every) - set(once(found.figures).index) == {"streaming-08"}
    assert set(every) - set(once(found.figures, ["streaming-08"]).index) == {"streaming-08-2"}
    named = make.shaped(("streaming",), (1,))
    named.levels = []
    for row in named.requests:
        row["level"] = ""
    calls = edition(read(named.write(tmp_path / "named"))).figures
    assert len(once(calls)) == len(calls)
