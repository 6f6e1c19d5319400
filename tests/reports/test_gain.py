"""What streaming gains, against plain computations from the rows."""

from __future__ import annotations

import math
import re
from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.numbers.gain import gains, pairs

from . import run_folders as make
from .few_calls import call, run_of
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


def figures_of(**levels: dict[str, Any]) -> pd.DataFrame:
    """The figures of levels by key, those of both modes with a load of 4 and successes where nothing else is said."""
    usual = {"load": 4.0, "ok": 9.0, "ttft_ms_count": 9.0, "latency_ms_p50": 100.0, "part": math.nan, "kind": ""}
    rows = {
        key: usual | {"mode": "streaming" if key[0] == "s" else "non_streaming"} | row for key, row in levels.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ({"s": {}, "n": {}}, {4.0: ("s", "n")}),
        ({"s": {}, "n": {"ttft_ms_count": 0.0}}, {4.0: ("s", "n")}),
        ({"s": {"ok": 1.0, "ttft_ms_count": 1.0}, "n": {"ok": 1.0}}, {4.0: ("s", "n")}),
        ({"s": {"ttft_ms_count": 0.0}, "n": {}}, {}),
        ({"s": {"ok": 0.0}, "n": {}}, {}),
        ({"s": {}, "n": {"ok": 0.0}}, {}),
        ({"s": {}, "n": {"load": 8.0}}, {}),
        ({"s": {"load": math.nan}, "n": {"load": math.nan}}, {}),
        ({"s": {}, "s2": {}, "n": {}, "n2": {}}, {4.0: ("s2", "n2")}),
        ({"s8": {"load": 8.0}, "s": {}, "n": {}, "n8": {"load": 8.0}}, {4.0: ("s", "n"), 8.0: ("s8", "n8")}),
        ({"s": {"part": 1.0}, "n": {"part": 1.0, "load": 5.0}}, {1.0: ("s", "n")}),
        ({"s": {"part": 1.0}, "n": {"part": 2.0}}, {}),
        ({"s": {"part": 1.0, "kind": "ramp"}, "n": {"part": 1.0, "kind": "ramp"}}, {}),
    ],
    ids=str,
)
def test_levels_that_both_modes_ran(levels: dict[str, Any], expected: dict[float, tuple[str, str]]) -> None:
    """With successes, by load or part; of several of one load the last."""
    found = pairs(figures_of(**levels))
    told = {load: (row["streaming"], row["non_streaming"]) for load, row in found.to_dict("index").items()}
    assert told == expected


def test_the_gain_by_hand(tmp_path: Path) -> None:
    """Of the whole answer with streaming over that without; of levels with another load, none."""
    modes = ("streaming-04", "non_streaming-04", "streaming-08", "non_streaming-08")
    calls = [call(key, at, latency_ms=1000 + 17 * at % 40, ttft_ms=9) for key in modes for at in range(40)]
    _, known = run_of(tmp_path, calls)
    rows = figures_of(
        **{"streaming-04": {"latency_ms_p50": 150.0}, "non_streaming-04": {}},
        **{"streaming-08": {"load": 8.0}, "non_streaming-08": {"load": 8.0, "latency_ms_p50": 0.0}},
    )
    first, second = gains(known, rows)
    assert (first.load, first.streaming, first.non_streaming, first.change) == (4, *modes[:2], 0.5)
    assert first.interval is not None
    assert -0.05 < first.interval.low < 0 < first.interval.high < 0.05
    assert (second.load, second.streaming, second.non_streaming) == (8, *modes[2:])
    assert math.isnan(second.change)
    assert gains(known, rows, ["streaming-04", "non_streaming-08"]) == []
