"""Conversations in the report, turn by turn."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

import reports
from reports.edition import edition
from reports.numbers.turns import MOST_TURNS, turns
from reports.reading.run import read
from reports.report import markdown

from . import run_folders as make
from .few_calls import call
from .few_calls import run_of as few_calls_of
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


def test_turns_by_hand(tmp_path: Path) -> None:
    """Each figure of each turn; the last row is of the twentieth turn and all after it."""
    cells: list[dict[str, Any]] = [
        {"turn": 1, "input_tokens": 10, "output_tokens": 1, "ttft_ms": 100, "latency_ms": 300},
        {"turn": 1, "input_tokens": 20, "output_tokens": 2, "ttft_ms": "", "latency_ms": 500, "mode": "streaming"},
        {"turn": 19, "input_tokens": 5, "cache_read_tokens": 70, "cache_write_tokens": 8, "cache_write_1h_tokens": 8},
        {"turn": 20, "input_tokens": 30, "latency_ms": 1},
        {"turn": 21, "input_tokens": 50, "latency_ms": 3},
        {"turn": 25, "input_tokens": "", "latency_ms": 8},
        {"turn": 99, "error": "ModelError"},
        {"turn": 99, "phase": "warmup"},
        {"turn": 0, "input_tokens": 999},
        {"turn": "", "input_tokens": 999},
    ]
    calls = [call("streaming-04", at, **one) for at, one in enumerate(cells)]
    prices = {"input_per_million": 1000, "output_per_million": 10_000, "cache_read_per_million": 100}
    prices |= {"cache_write_per_million": 2000, "cache_write_1h_per_million": 3000}
    run, known = few_calls_of(tmp_path, calls, pricing=prices | {"currency": "EUR"})
    found = turns(run, known)
    assert found is not None
    assert (found.longest, found.currency) == (25, "EUR")
    nothing = {f"{name}_{side}": math.nan for name in ("ttft_ms", "latency_ms") for side in ("low", "high")}
    nothing["ttft_ms"] = math.nan
    expected = {
        1: {"calls": 2, "context_tokens": 15, "ttft_ms": 100, "latency_ms": 400, "cost": (0.02 + 0.04) / 2},
        19: {"calls": 1, "context_tokens": 83, "latency_ms": 1000, "cost": 0.005 + 0.007 + 0.024},
        20: {"calls": 3, "context_tokens": 30, "latency_ms": 3, "cost": (0.03 + 0.05) / 3},
    }
    table = found.table.to_dict("index")
    assert list(table) == list(expected)
    for turn, row in expected.items():
        assert table[turn] == pytest.approx(nothing | row, nan_ok=True), turn


@pytest.mark.parametrize(("numbers", "longest"), [([1, 1], None), ([2], 2), ([1, 2], 2), ([], None)])
def test_two_turns_are_a_conversation(tmp_path: Path, numbers: list[int], longest: int | None) -> None:
    """One is none; the interval of a median is that of its order statistics."""
    calls = [call("streaming-04", phase="warmup")]
    calls += [call("streaming-04", turn=turn, ttft_ms=at, latency_ms=10 * at) for turn in numbers for at in range(1, 8)]
    found = turns(*few_calls_of(tmp_path, calls))
    assert (found and found.longest) == longest
    if found:
        row = found.table.loc[2]
        assert [row["ttft_ms_low"], row["ttft_ms"], row["ttft_ms_high"]] == [1, 4, 7]
        assert [row["latency_ms_low"], row["latency_ms"], row["latency_ms_high"]] == [10, 40, 70]
        assert found.currency == "USD"
        assert math.isnan(found.table["cost"][2])
