"""Intervals and verdicts for calls that depend on each other: a part of benchmarks/coverage.py."""

from __future__ import annotations

import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType


def _benchmark() -> ModuleType:
    """`benchmarks/coverage.py`, which is no part of a package."""
    spec = util.spec_from_file_location("coverage_of_intervals", Path(__file__).parents[2] / "benchmarks/coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


grid = _benchmark()
NOISE = grid.Noise(share=0.2, memory_s=5, users=8)
"""Log-latencies of which 20 % of the variance is common, with a memory of 5 s."""


@pytest.mark.parametrize(("window_s", "least", "replicates"), [(60.0, 0.80, 150), (300.0, 0.90, 60)])
def test_an_interval_holds_the_true_percentile_of_dependent_calls(
    window_s: float, least: float, replicates: int
) -> None:
    """P50 and P95, in at least 80 % of windows of 60 s and 90 % of 300 s; as if independent it is about half."""
    found = grid.coverage(NOISE, window_s, grid.METHODS["report"], replicates)
    assert min(found.values()) >= least
    assert grid.coverage(NOISE, window_s, grid.independent, replicates)[50] < 0.7


def test_equal_runs_are_seldom_called_different() -> None:
    """Of 30 comparisons of five levels, as if independent most are; so at most one in seven is."""
    assert grid.false_verdicts(NOISE, 60.0, 30, grid.of_report.change) <= 0.15
    assert grid.false_verdicts(NOISE, 60.0, 15, grid.as_if_independent) > 0.6
