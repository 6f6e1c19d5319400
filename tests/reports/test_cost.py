"""What a run cost, by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from reports.edition import edition
from reports.reading.run import read
from reports.sections.cost import cost

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.edition import Edition

PRICES = {"input_per_million": 2000, "output_per_million": 10_000, "cache_read_per_million": 100}


def edited(path: Path, calls: list[dict[str, Any]], prices: dict[str, Any]) -> Edition:
    """The analysis of a run with these calls, and a level in which none was made."""
    run = make.Folder(levels=[make.level("streaming", users, make.T0 + 60 * users) for users in (1, 2, 3)])
    for number, cells in enumerate(calls):
        users = cells.get("users", 1)
        about = {"level": make.level_name("streaming", users), "users": users, "phase": "measure", "mode": "streaming"}
        row = {"started_at": make.T0 + 60 * users + 6 + number, "model_id": make.MODEL, "operation": "converse_stream"}
        run.requests.append(row | {"name": "n", "latency_ms": 900, "ttft_ms": 100, **about, **cells})
    run.info = make.info(len(calls), 3)
    run.info["settings"]["pricing"] = prices
    return edition(read(run.write(path)))


def test_each_token_has_its_price(tmp_path: Path) -> None:
    """All calls cost; 1,000 calls are those of measured successes; what is not known is counted."""
    calls: list[dict[str, Any]] = [
        {"input_tokens": 1000, "output_tokens": 100},
        {"input_tokens": 500, "output_tokens": 300, "cache_read_tokens": 10_000},
        {"input_tokens": 5000, "output_tokens": 0, "phase": "warmup"},
        {"input_tokens": 100, "output_tokens": 0, "error": "StreamInterruptedError", "error_stage": "stream"},
        {"input_tokens": "", "output_tokens": ""},
        {"input_tokens": 10, "output_tokens": ""},
        {"input_tokens": "", "output_tokens": "", "ttft_ms": "", "error": "ThrottlingError", "error_stage": "response"},
        {"input_tokens": "", "output_tokens": "", "ttft_ms": "", "error": "ModelError", "error_stage": "stream"},
        {"users": 2, "input_tokens": 7000, "output_tokens": 7, "model_id": "another"},
        {"users": 2, "input_tokens": "", "output_tokens": "", "ttft_ms": "", "error": "ModelError"},
    ]
    found = edited(tmp_path, calls, PRICES | {"currency": "Swiss francs"})
    assert found.cost is not None
    each = [3.0, 1 + 3 + 1, 10, 0.2, 0.02]
    table = found.cost.table
    assert found.cost.total == pytest.approx(sum(each))
    assert table["total"].tolist() == pytest.approx([sum(each), 0, 0])
    assert table["per_1000"].iloc[0] == pytest.approx(1000 * (3 + 5) / 2)
    assert table["per_1000"].iloc[1:].map(math.isnan).all()
    assert found.cost.unknown == 4, "a success, one with a part, one that broke off, and one of another model"
    text = cost(found, {})
    assert "Swiss fra… for the run" in text
    assert [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| streaming")] == ["streaming"]


@pytest.mark.parametrize(
    ("prices", "total"),
    [
        ({"input_per_million": 1000}, 1.0),
        ({"output_per_million": 1000}, 2.0),
        ({"input_per_million": 0, "cache_write_per_million": 1000}, 4.0),
        ({"input_per_million": 0, "cache_write_per_million": 1000, "cache_write_1h_per_million": 3000}, 6.0),
        ({"input_per_million": 0, "cache_write_1h_per_million": 3000}, 3.0),
        ({"cache_read_per_million": 1000}, None),
        ({}, None),
    ],
)
def test_a_price_that_is_not_set_is_none(tmp_path: Path, prices: dict[str, float], total: float | None) -> None:
    """One of input or output makes a cost; what is written for an hour costs more than what is written."""
    calls = [
        {"input_tokens": 1000, "output_tokens": 2000, "cache_write_tokens": 4000, "cache_write_1h_tokens": 1000},
    ]
    found = edited(tmp_path, calls, prices).cost
    assert (found and found.total) == (total and pytest.approx(total))
    if found:
        assert found.currency == "USD"


def test_what_cost_nothing_is_not_said(tmp_path: Path) -> None:
    """A run without tokens has no section."""
    assert cost(edited(tmp_path, [{"input_tokens": 0, "output_tokens": 0}], PRICES), {}) == ""
