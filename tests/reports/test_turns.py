"""Conversations in the report, turn by turn."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import pytest

import reports
from reports.edition import edition
from reports.numbers.turns import MOST_TURNS
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make
from .test_schema import check

if TYPE_CHECKING:
    from pathlib import Path

    from .run_folders import Folder

PRICES: dict[str, float] = {"input_per_million": 1000, "output_per_million": 0, "cache_read_per_million": 100}


def run_of(turns: int, prices: dict[str, float] | None = None) -> Folder:
    """A run of conversations; the context grows by 100 tokens a turn, half of it from the cache."""
    run = make.shaped(("streaming",), (4,))
    if prices:
        run.info["settings"]["pricing"] = prices
    for number, row in enumerate(run.requests):
        turn = number % turns + 1
        row.update(session=f"s{number // turns}", turn=turn, input_tokens=50 * turn, cache_read_tokens=50 * turn)
        row["cache_write_tokens"] = 0
    return run


def test_each_turn_has_its_context_and_cost(tmp_path: Path) -> None:
    """By hand."""
    found = edition(read(run_of(3, PRICES).write(tmp_path)))
    assert found.turns is not None
    table = found.turns.table
    assert list(table.index) == [1, 2, 3]
    assert list(table["context_tokens"]) == [100, 200, 300]
    assert list(table["cost"]) == pytest.approx([0.055, 0.11, 0.165])
    assert (table["ttft_ms_low"] <= table["ttft_ms"]).all()
    text = markdown(found, {})
    assert "## Conversations" in text
    assert "Cost of a call (USD)" in text
    reports.write(tmp_path, formats=["json"])
    check("report", json.loads((tmp_path / "report.json").read_text()))


def test_long_conversations_end_in_one_row(tmp_path: Path) -> None:
    """And without prices there is no cost."""
    found = edition(read(run_of(30).write(tmp_path)))
    assert found.turns is not None
    assert (len(found.turns.table), found.turns.longest) == (MOST_TURNS, 30)
    assert math.isnan(found.turns.table["cost"].iloc[0])
    text = markdown(found, {})
    assert "20 and later" in text
    assert "Cost of a call" not in text


def test_a_run_without_conversations_has_no_such_section(tmp_path: Path) -> None:
    """As runs have always been."""
    found = edition(read(make.shaped(("streaming",), (4,)).write(tmp_path)))
    assert found.turns is None
    assert "Conversations" not in markdown(found, {})


def test_a_call_that_is_no_turn_is_in_none(tmp_path: Path) -> None:
    """Turns are counted from 1; of calls without one, or of one turn only, there is no conversation."""
    run = run_of(3)
    for row in run.requests[::4]:
        row["turn"] = 0
    found = edition(read(run.write(tmp_path / "some"))).turns
    assert found is not None
    assert list(found.table.index) == [1, 2, 3]
    assert edition(read(run_of(1).write(tmp_path / "one"))).turns is None
