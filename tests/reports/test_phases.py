"""Warm-up and drain, by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.numbers.phases import COLUMNS, phases

from .few_calls import call, run_of

if TYPE_CHECKING:
    from pathlib import Path


def test_each_phase_of_each_level(tmp_path: Path) -> None:
    """In the order of time; failed calls are calls, and have no part in the median."""
    calls = [
        call("streaming-08", phase="drain", latency_ms=700),
        call("streaming-08", phase="warmup", error="ModelError", latency_ms=9_000),
        call("streaming-04", phase="measure", latency_ms=300),
        call("streaming-04", phase="measure", latency_ms=100),
        call("streaming-04", phase="measure", error="Cancelled", latency_ms=9_000),
        call("streaming-04", phase="warmup", latency_ms=50),
        call("streaming-04", phase="", latency_ms=1),
    ]
    _, known = run_of(tmp_path, calls)
    found = phases(known)
    assert list(found.columns) == COLUMNS == ["level", "phase", "calls", "latency_ms_p50"]
    assert [tuple(row) for row in found.to_numpy()] == [
        ("streaming-04", "warmup", 1, 50),
        ("streaming-04", "measure", 3, 200),
        ("streaming-08", "warmup", 1, pytest.approx(float("nan"), nan_ok=True)),
        ("streaming-08", "drain", 1, 700),
    ]
    assert phases(replace(known, shaped=False)).empty
