"""Times by the lengths of prompts and answers, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reports.numbers.lengths import Lengths, lengths
from reports.reading.levels import levels
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def by_length(path: Path, calls: list[dict[str, Any]], *, has_workload: bool = True) -> Lengths | None:
    """Of these calls, in one level."""
    cells: dict[str, Any] = {"mode": "streaming", "level": "streaming-04", "users": 4, "phase": "measure"}
    rows = [cells | {"started_at": make.T0 + 5, "latency_ms": 900} | call for call in calls]
    settings = {"workload": {"file": "x"}} if has_workload else {"workload": None}
    run = read(make.Folder(rows, [make.level("streaming", 4, make.T0)], {"settings": settings}).write(path))
    return lengths(run, levels(run))


def prompts(*lengths_: int, each: int = 10, output: int = 100) -> list[dict[str, Any]]:
    """Calls with prompts of these lengths; the longer the prompt and the later the call, the longer it takes."""
    return [
        {"input_tokens": tokens, "output_tokens": output, "ttft_ms": tokens + number, "latency_ms": 2 * tokens + number}
        for tokens in lengths_
        for number in range(each)
    ]


def test_ranges_hold_about_as_many_calls_each(tmp_path: Path) -> None:
    """Of 60 calls, ten for each sixth; with the medians of both times, and no pairs as answers do not vary."""
    found = by_length(tmp_path, prompts(100, 200, 300, 400, 500, 600))
    assert found is not None
    rows = [tuple(row.values()) for row in found.by_input.to_dict("records")]
    assert rows == [
        (100, 179, 10, 104.5, 204.5),
        (180, 269, 10, 204.5, 404.5),
        (270, 349, 10, 304.5, 604.5),
        (350, 429, 10, 404.5, 804.5),
        (430, 519, 10, 504.5, 1004.5),
        (520, 600, 10, 604.5, 1204.5),
    ]
    assert list(found.by_input.columns) == ["low", "high", "calls", "ttft_ms", "latency_ms"]
    assert found.cells.empty


def test_prompts_are_with_what_the_cache_had(tmp_path: Path) -> None:
    """Read from it or written to it; calls that fail, or do not count, and those without counts are none."""
    calls = prompts(100, 900, each=20)
    for call in calls:
        call |= {"input_tokens": call["input_tokens"] - 70, "cache_read_tokens": 50, "cache_write_tokens": 20}
    others = [{"error": "ModelError"}, {"phase": "warmup"}, {"input_tokens": ""}, {"output_tokens": ""}]
    calls += [calls[0] | {"input_tokens": 5_000} | other for other in others]
    found = by_length(tmp_path, calls)
    assert found is not None
    assert found.by_input["calls"].sum() == 40
    assert (found.by_input["low"].min(), found.by_input["high"].max()) == (100, 900)


@pytest.mark.parametrize(
    ("calls", "varies"),
    [
        (prompts(100, 150, each=15), True),
        (prompts(101, 150, each=15), False),
        (prompts(100, 150, each=15)[1:], False),
        (prompts(0, 1, each=15), False),
        (prompts(0, 2, each=15), True),
    ],
)
def test_lengths_vary(tmp_path: Path, calls: list[dict[str, Any]], *, varies: bool) -> None:
    """Where P90 is half as much again as P10, over 30 calls or more; in a run with a workload."""
    assert (by_length(tmp_path / "with", calls) is not None) is varies
    assert by_length(tmp_path / "without", calls, has_workload=False) is None


def test_pairs_of_ranges_with_calls_enough(tmp_path: Path) -> None:
    """Five calls make a median; a pair with four has no row, and a range of prompts with four has no time."""
    calls = prompts(100, each=16, output=10) + prompts(100, each=4, output=90) + prompts(1_000, each=5, output=10)
    calls += prompts(1_000, each=11, output=90) + prompts(2_600, each=4, output=90)
    found = by_length(tmp_path, calls)
    assert found is not None
    inputs = [(row["low"], row["high"], row["calls"]) for row in found.by_input.to_dict("records")]
    assert sum(count for *_, count in inputs) == 40
    assert inputs[-1][1] == 2_600
    columns = ["input_low", "input_high", "output_low", "output_high", "calls", "ttft_ms", "latency_ms"]
    assert list(found.cells.columns) == columns
    told = {(row["input_low"] <= 100, row["output_low"] <= 10): row["calls"] for row in found.cells.to_dict("records")}
    assert told[True, True] == 16
    assert (found.cells["calls"] >= 5).all()
    few = found.by_input[found.by_input["calls"] < 5]
    assert few["ttft_ms"].isna().all()
    assert found.by_input[found.by_input["calls"] >= 5]["ttft_ms"].notna().all()
