"""The prompt cache in the report."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import reports
from reports.edition import edition
from reports.numbers.caching import caching as numbers_of
from reports.reading.run import read
from reports.report import markdown
from reports.sections.caching import caching

from . import run_folders as make
from .few_calls import call
from .few_calls import run_of as few_calls_of
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


def cached(level: str, *, read: object, written: object = 0, **cells: object) -> dict[str, Any]:
    """A call that read from the cache, or wrote to it."""
    return call(level, **{"input_tokens": 100, "cache_read_tokens": read, "cache_write_tokens": written} | cells)


def test_the_cache_by_hand(tmp_path: Path) -> None:
    """Each figure of each level; calls that do not count, and those whose prompt was not counted, are in none."""
    hits = [cached("streaming-04", read=1000, ttft_ms=101 + at, latency_ms=1001 + at) for at in range(7)]
    misses = [
        cached("streaming-04", read=0, written=500, cache_write_1h_tokens=200, input_tokens=200, ttft_ms=900),
        cached("streaming-04", read="", written=500, input_tokens=200, ttft_ms="", latency_ms=1500),
        cached("streaming-04", read=0, written=500, input_tokens=200, ttft_ms=904, latency_ms=3000),
    ]
    aside = [{"phase": "warmup"}, {"phase": "drain"}, {"error": "ModelError"}, {"error": "Cancelled"}]
    calls = [*hits, *misses, *(cached("streaming-04", read=7777, written=7777, **cells) for cells in aside)]
    calls += [cached("streaming-04", read=7777, input_tokens=""), cached("streaming-08", read=7, phase="warmup")]
    calls += [cached("streaming-02", read=0, input_tokens=0), cached("non_streaming-04", read="", written="")]
    found = numbers_of(*few_calls_of(tmp_path, calls, pricing=PRICES | {"currency": "CHF"}))
    assert found is not None
    none = dict.fromkeys(("hit_ttft_ms", "hit_latency_ms", "miss_ttft_ms", "miss_latency_ms"), math.nan)
    expected = {
        "streaming-02": {"calls": 1, "hits": 0, "read_share": math.nan, **none, "miss_latency_ms": 1000},
        "streaming-04": {
            "calls": 10,
            "hits": 7,
            "read_share": 7000 / (7000 + 700 + 600 + 1500),
            "hit_ttft_ms": 104,
            "hit_latency_ms": 1004,
            "miss_ttft_ms": 902,
            "miss_latency_ms": 1500,
        },
        "non_streaming-04": {"calls": 1, "hits": 0, "read_share": 0, **none, "miss_latency_ms": 1000},
    }
    sides = {f"{name}_{side}": math.nan for name in none for side in ("low", "high")}
    # Of 7 values, the least and the most enclose the median in 95 of 100 samples; of fewer than 6, none do.
    enclosed = {
        "hit_ttft_ms_low": 101,
        "hit_ttft_ms_high": 107,
        "hit_latency_ms_low": 1001,
        "hit_latency_ms_high": 1007,
    }
    table = found.table.to_dict("index")
    assert list(table) == list(expected)
    for level, row in expected.items():
        whole = sides | (enclosed if level == "streaming-04" else {}) | row
        assert table[level] == pytest.approx(whole, nan_ok=True), level
    assert (found.read_tokens, found.written_tokens, found.written_1h_tokens, found.currency) == (
        7000,
        1500,
        200,
        "CHF",
    )
    assert found.saved == pytest.approx((7000 * 2.7 - 1300 * 0.75 - 200 * 3) / 1e6)
    assert (found.reads_to_pay, found.reads_to_pay_1h) == pytest.approx((0.75 / 2.7, 3 / 2.7))


@pytest.mark.parametrize(
    ("prices", "saved", "reads", "reads_1h"),
    [
        ({}, math.nan, math.nan, math.nan),
        ({"output_per_million": 15, "cache_read_per_million": 1}, math.nan, math.nan, math.nan),
        ({"input_per_million": 3}, 10 * 3 + 4 * 3, -1, -1),
        ({"input_per_million": 3, "cache_read_per_million": 3}, 4 * 3, math.nan, math.nan),
        ({"input_per_million": 3, "cache_read_per_million": 4}, -10 + 4 * 3, math.nan, math.nan),
        ({"input_per_million": 3, "cache_write_per_million": 5}, 10 * 3 - 4 * 2, 2 / 3, 2 / 3),
        ({"input_per_million": 3, "cache_write_1h_per_million": 9}, 10 * 3 + 3 * 3 - 6, -1, 2),
    ],
    ids=str,
)
def test_what_a_cache_saves_by_each_price(
    tmp_path: Path, prices: dict[str, float], saved: float, reads: float, reads_1h: float
) -> None:
    """10 million tokens read and 4 million written, 1 of them for an hour; a price that is not set is 0."""
    calls = [cached("streaming-04", read=10e6), cached("streaming-04", read=0, written=4e6, cache_write_1h_tokens=1e6)]
    found = numbers_of(*few_calls_of(tmp_path, calls, pricing=prices))
    assert found is not None
    assert [found.saved, found.reads_to_pay, found.reads_to_pay_1h] == pytest.approx(
        [saved, reads, reads_1h], nan_ok=True
    )
    assert found.currency == "USD"


@pytest.mark.parametrize(("read", "written", "used"), [(0, 0, False), ("", "", False), (1, "", True), ("", 1, True)])
def test_a_cache_is_used_by_a_read_or_a_write(tmp_path: Path, read: object, written: object, *, used: bool) -> None:
    """Else there is none."""
    found = numbers_of(*few_calls_of(tmp_path, [cached("streaming-04", read=read, written=written)]))
    assert (found is not None) is used
    if found is not None:
        assert found.table["hits"].tolist() == [float(read == 1)], "a token that is read is a hit"
