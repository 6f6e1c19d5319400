"""What streaming gains, against plain computations from the rows."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

import pytest

from . import run_folders as make
from .whole import short_report

if TYPE_CHECKING:
    from pathlib import Path

CELL = re.compile(r"\| +([-+][\d.]+) \(([-+][\d.]+) … ([-+][\d.]+)\)")


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_the_change_is_that_of_the_medians_with_its_interval(tmp_path: Path, factor: float) -> None:
    """The same figure in the table and in the sentence, which names only a clear change; and a note on brackets."""
    run = make.shaped(("streaming", "non_streaming"), (4,))
    for row in run.requests:
        row["latency_ms"] *= factor if row["mode"] == "streaming" else 1
    stream, whole = (
        median(row["latency_ms"] for row in run.requests if (row["mode"], row["phase"]) == (mode, "measure"))
        for mode in ("streaming", "non_streaming")
    )
    text = short_report(run.write(tmp_path))
    found = CELL.search(text)
    assert found is not None
    point, low, high = (float(side) for side in found.groups())
    assert point == pytest.approx(100 * (stream / whole - 1), abs=0.06)
    assert low < point < high
    clear = low > 0
    assert clear == (factor > 1)
    assert (f"{point:.0f} % longer with streaming (95 % interval {low:+.0f} to {high:+.0f} %)" in text) == clear
    assert (f"no difference shown ({low:+.0f} to {high:+.0f} %)" in text) != clear
    assert "In brackets: the 95 % confidence interval of the change" in text


def test_of_too_few_calls_the_change_has_no_interval(tmp_path: Path) -> None:
    """The figure alone, and the sentence does not call it a change."""
    run = make.shaped(("streaming", "non_streaming"), (1,))
    for mode in ("streaming", "non_streaming"):
        run.requests = [row for row in run.requests if row["mode"] != mode] + [
            row for row in run.requests if (row["mode"], row["phase"]) == (mode, "measure")
        ][:2]
    text = short_report(run.write(tmp_path))
    assert "too few calls to tell a difference" in text
    assert "no difference" not in text
    assert "interval of the change" not in text
    (row,) = [line for line in text.split("## What streaming gains")[1].splitlines() if line.startswith("|     1 ")]
    assert re.search(r"\| +[-+][\d.]+ \|", row)
