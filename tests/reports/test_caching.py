"""The prompt cache in the report."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import reports
from reports.edition import edition
from reports.reading.run import read
from reports.report import markdown
from reports.sections.caching import caching

from . import run_folders as make
from .test_schema import check

if TYPE_CHECKING:
    from pathlib import Path

    from .run_folders import Folder

PRICES = {
    "input_per_million": 3,
    "output_per_million": 15,
    "cache_read_per_million": 0.3,
    "cache_write_per_million": 3.75,
    "cache_write_1h_per_million": 6,
}


def run_of(prices: dict[str, float] | None, *, hour: bool = False) -> Folder:
    """A run in which a call of four misses the cache, and writes what the others read; misses take longer."""
    run = make.shaped(("streaming",), (4,))
    if prices:
        run.info["settings"]["pricing"] = prices
    for number, row in enumerate(run.requests):
        hits = number % 4 > 0
        row.update(input_tokens=500, cache_read_tokens=1500 * hits, cache_write_tokens=1500 * (not hits))
        row.update(ttft_ms=100 + number % 7 if hits else 900 + number % 7)
        row["cache_write_1h_tokens"] = row["cache_write_tokens"] if hour else None
    return run


def measured(run: Folder) -> list[Any]:
    """The calls that count."""
    return [row for row in run.requests if row["phase"] == "measure"]


@pytest.mark.parametrize(("hour", "write"), [(False, 3.75), (True, 6)])
def test_hits_savings_and_when_a_write_pays(tmp_path: Path, hour: bool, write: float) -> None:
    """By hand: shares by calls and tokens, medians of both sides, and the money."""
    run = run_of(PRICES, hour=hour)
    rows = measured(run)
    hits = sum(bool(row["cache_read_tokens"]) for row in rows)
    found = edition(read(run.write(tmp_path))).caching
    assert found is not None
    [level] = found.table.to_dict("records")
    assert (level["calls"], level["hits"]) == (len(rows), hits)
    assert level["read_share"] == pytest.approx(1500 * hits / (2000 * len(rows)))
    assert 100 <= level["hit_ttft_ms_low"] <= level["hit_ttft_ms"] <= level["hit_ttft_ms_high"] < 110
    assert level["miss_ttft_ms"] > 900
    read_tokens, written = 1500 * hits, 1500 * (len(rows) - hits)
    assert found.saved == pytest.approx((read_tokens * 2.7 - written * (write - 3)) / 1e6)
    assert (found.reads_to_pay, found.reads_to_pay_1h) == pytest.approx((0.75 / 2.7, 3 / 2.7))
    text = markdown(edition(read(tmp_path)), {})
    assert "## Prompt cache" in text
    assert f"a write pays once its prefix has been read {'2 times' if hour else '1 time'}." in text
    assert "did not count against the quota of tokens" in text
    reports.write(tmp_path, formats=["json"])
    check("report", json.loads((tmp_path / "report.json").read_text()))


def test_the_cost_has_the_price_of_an_hour(tmp_path: Path) -> None:
    """What is written for an hour costs more, in the cost of the run, too."""
    costs = []
    for hour in (False, True):
        cost = edition(read(run_of(PRICES, hour=hour).write(tmp_path / str(hour)))).cost
        assert cost is not None
        costs.append(cost.total)
    written = sum(row["cache_write_tokens"] for row in run_of(PRICES).requests if not row.get("error"))
    assert costs[1] - costs[0] == pytest.approx(written * 2.25 / 1e6, rel=0.01)


def test_without_prices_there_is_no_money(tmp_path: Path) -> None:
    """And a loss is called one."""
    found = edition(read(run_of(None).write(tmp_path / "a")))
    assert found.caching is not None
    assert math.isnan(found.caching.saved)
    assert "saved" not in markdown(found, {}).split("## Prompt cache")[1].split("##")[0]
    dear = {**PRICES, "cache_write_per_million": 300}
    assert "more than it saved" in markdown(edition(read(run_of(dear).write(tmp_path / "b"))), {})


def test_a_run_without_a_cache_has_no_such_section(tmp_path: Path) -> None:
    """As runs have always been."""
    found = edition(read(make.shaped(("streaming",), (4,)).write(tmp_path)))
    assert found.caching is None
    assert "Prompt cache" not in markdown(found, {})


@pytest.mark.parametrize(("more", "said"), [(0, "1 time"), (1, "2 times")])
def test_a_write_pays_by_what_most_was_written_for(tmp_path: Path, more: int, said: str) -> None:
    """For five minutes where it is half for an hour, for an hour where it is more."""
    analysis = edition(read(run_of(PRICES).write(tmp_path)))
    assert analysis.caching is not None
    written = replace(analysis.caching, written_tokens=1000, written_1h_tokens=500 + more)
    assert f"a write pays once its prefix has been read {said}." in caching(replace(analysis, caching=written), {})
