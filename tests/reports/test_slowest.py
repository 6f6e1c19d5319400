"""The calls that took longest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.numbers.slowest import slowest
from reports.reading import blocks

from .few_calls import call, run_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("rows", [1 << 18, 5, 4])
def test_the_ten_longest_calls_that_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """The longest first, of those as long the earlier one, in however many blocks the calls are read."""
    monkeypatch.setattr(blocks, "ROWS", rows)
    times = [500, 900, 100, 900, 300, 800, 200, 700, 400, 600, 1000, 50, 450]
    calls = [
        call("streaming-04", 50 - place, latency_ms=ms, max_gap_ms=ms / 10 if place % 2 else "", request_id=f"r{place}")
        for place, ms in enumerate(times)
    ]
    aside = [{"error": "ModelError"}, {"error": "Cancelled"}, {"phase": "warmup"}, {"phase": "drain"}]
    calls += [call("streaming-04", latency_ms=5_000, **cells) for cells in aside]
    _, known = run_of(tmp_path, calls)
    found = slowest(known, "latency_ms")
    assert list(found["request_id"]) == ["r10", "r3", "r1", "r5", "r7", "r9", "r0", "r12", "r8", "r4"]
    assert list(found["latency_ms"]) == [1000, 900, 900, 800, 700, 600, 500, 450, 400, 300]
    assert set(found["key"]) == {"streaming-04"}
    assert list(slowest(known, "max_gap_ms")["request_id"]) == ["r3", "r1", "r5", "r7", "r9", "r11"]
