"""The whole run in a few numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reports.numbers.summary import summary
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def test_each_mode_has_a_column_and_both_have_one(tmp_path: Path) -> None:
    """Over every call, also of warm-up; tokens are those of successes that have a count."""
    rows: list[dict[str, Any]] = [
        {"mode": "streaming", "input_tokens": 100, "output_tokens": 10, "phase": "warmup"},
        {"mode": "streaming", "input_tokens": "", "output_tokens": 20, "cache_read_tokens": 5},
        {"mode": "streaming", "input_tokens": 900, "error": "ModelError"},
        {"mode": "streaming", "input_tokens": 900, "error": "Cancelled"},
        {"mode": "non_streaming", "input_tokens": 7, "output_tokens": 8, "cache_write_tokens": 9},
    ]
    rows = [row | {"started_at": make.T0 + at, "latency_ms": 5} for at, row in enumerate(rows)]
    calls = read(make.Folder(rows, [], {}).write(tmp_path)).calls
    found = summary(calls)
    names = ("calls", "ok", "failed", "cancelled", "success")
    tokens = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    expected = {
        "streaming": [4, 2, 1, 1, 2 / 3, 100, 30, 5, 0],
        "non_streaming": [1, 1, 0, 0, 1, 7, 8, 0, 9],
        "all": [5, 3, 1, 1, 0.75, 107, 38, 5, 9],
    }
    assert {name: list(column) for name, column in found.items()} == expected
    assert list(found.index) == [*names, *tokens]
    assert list(summary(calls.iloc[:4]).columns) == ["streaming"]
    assert math.isnan(summary(calls.iloc[3:4])["streaming"]["success"])
    assert summary(calls.iloc[:0]).empty
