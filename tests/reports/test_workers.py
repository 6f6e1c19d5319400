"""What workers say of themselves, what their calls show, and where a client was late."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.numbers.workers import causes, has_free_cpu, is_said_late, late_levels, workers
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path

    from reports.reading.run import Run


def run_of(path: Path, **info: Any) -> Run:
    """A run of two workers, one of which nobody told of."""
    told = {"mode": "streaming", "latency_ms": 900}
    rows = [("a", 1, 10), ("a", 3, ""), ("a", 2, 30), ("b", "", 5)]
    calls = [
        told | {"started_at": make.T0 + at, "worker": worker, "send_delay_ms": delay, "read_lag_ms": lag}
        for at, (worker, delay, lag) in enumerate(rows)
    ]
    return read(make.Folder(calls, [], info).write(path))


def test_each_worker_is_a_row(tmp_path: Path) -> None:
    """By name: what `run.json` says, and over all of its calls their delays; a silent one has no calls."""
    said = {"c": {"state": "missing", "rows_made": "many", "cpu_percent": True}, "odd": 3}
    said |= {"a": {"state": "finished", "rows_made": 3, "rows_received": 2, "cpu_percent": 41.5}}
    found = workers(run_of(tmp_path, workers=said))
    rows = {str(name): [None if pd.isna(value) else value for value in row] for name, *row in found.itertuples()}
    assert list(found.columns) == [
        *("state", "rows_made", "rows_received", "cpu_percent", "calls"),
        *("send_delay_ms_p50", "send_delay_ms_p99", "read_lag_ms_p50", "read_lag_ms_p99"),
    ]
    assert rows == {
        "a": ["finished", 3, 2, 41.5, 3, 2, pytest.approx(2.98), 20, pytest.approx(29.8)],
        "b": ["", None, None, None, 1, None, None, 5, 5],
        "c": ["missing", None, None, None, 0, None, None, None, None],
    }
    assert workers(run_of(tmp_path / "none", workers=[1]))["state"].tolist() == ["", ""]


@pytest.mark.parametrize(
    ("ttft_ms", "latency_ms", "delay_ms", "lag_ms", "late"),
    [
        (40, 900, 5, 5, False),
        (40, 900, 5.1, 0, True),
        (40, 900, 0, 5.1, True),
        (60, 900, 6, 0, False),
        (60, 900, 6.1, 0, True),
        (math.nan, 90, 9, 0, False),
        (math.nan, 90, 9.1, math.nan, True),
        (40, 900, math.nan, math.nan, False),
    ],
)
def test_delays_that_show_in_the_figures(
    tmp_path: Path, *, ttft_ms: float, latency_ms: float, delay_ms: float, lag_ms: float, late: bool
) -> None:
    """More than 5 ms, and more than a tenth of the median wait."""
    row = {
        "ttft_ms_p50": ttft_ms,
        "latency_ms_p50": latency_ms,
        "send_delay_ms_p95": delay_ms,
        "read_lag_ms_p95": lag_ms,
    }
    assert late_levels(pd.DataFrame([row], index=["one"]), run_of(tmp_path)) == ["one"] * late


@pytest.mark.parametrize(
    ("health", "late", "free", "found"),
    [
        ({}, False, False, []),
        ({"one": {"client_limited": True}}, True, False, []),
        ({"one": {"client_limited": True, "causes": []}}, True, False, []),
        (
            {"one": {"client_limited": True, "causes": [{"what": "arrivals_missed", "value": 1}]}},
            False,
            False,
            ["arrivals_missed"],
        ),
        ({"one": {"client_limited": True, "workers": {"w": {"cpu_percent": 59}}}}, True, True, []),
        ({"one": {"client_limited": True, "workers": {"w": {"cpu_percent": 60}}}}, True, False, []),
        ({"one": {"client_limited": True, "workers": {}}}, True, False, []),
        (
            {
                "one": {
                    "client_limited": True,
                    "workers": {"w": {"cpu_percent": 9}},
                    "causes": [{"what": "cpu_percent", "value": 96}, {"what": "arrivals_missed", "value": 1}],
                }
            },
            *(True, False, ["cpu_percent", "arrivals_missed"]),
        ),
    ],
    ids=lambda one: str(one)[:50],
)
def test_what_the_load_generator_noted(
    tmp_path: Path, health: dict[str, Any], *, late: bool, free: bool, found: list[str]
) -> None:
    """Of a level, or of one with both modes, whose rows have the mode in their key."""
    for key in ("one", "one streaming", "one non_streaming"):
        run = run_of(tmp_path / key, health=health)
        assert (is_said_late(run, key), has_free_cpu(run, key)) == (late, free)
        assert [cause.what for cause in causes(run, key)] == found
    assert not is_said_late(run_of(tmp_path / "other", health=health), "one other")
