"""Output tokens per second with their variance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.numbers import rate, sample
from reports.numbers.analysis import analyse
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from pathlib import Path


def test_a_rate_is_that_of_the_figures(tmp_path: Path) -> None:
    """In both modes, with calls that reach over the edges of the window."""
    found = analyse(read(make.shaped(("streaming", "non_streaming"), (3, 6)).write(tmp_path)))
    for key in found.figures.index:
        own = rate.rate(found.levels, str(key))
        assert own.per_s == pytest.approx(found.number(str(key), "output_tokens_per_s"), rel=1e-5)
        assert 0 < own.variance < 0.1


def test_without_token_counts_there_is_no_rate(tmp_path: Path) -> None:
    """Not 0, which would be a fall of 100 %."""
    folder = make.shaped(("streaming",), (3,))
    folder.requests = [
        {name: value for name, value in row.items() if name != "output_tokens"} for row in folder.requests
    ]
    found = analyse(read(folder.write(tmp_path)))
    assert all(map(math.isnan, rate.rate(found.levels, str(found.figures.index[0]))))


def test_the_variance_of_a_sum_is_that_of_many_windows() -> None:
    """Of 500 windows of dependent parts: the mean estimate is within a fifth of the variance of the sums."""
    generator, sums, estimates = np.random.default_rng(4), [], []
    for _ in range(500):
        shocks = generator.standard_normal(sample.PARTS + 2)
        amounts = 50 + 3 * (shocks[2:] + shocks[1:-1] + shocks[:-2])
        sums.append(float(amounts.sum()))
        estimates.append(sample.variance_of_sum(amounts))
    assert float(np.mean(estimates)) == pytest.approx(float(np.var(sums)), rel=0.2)
