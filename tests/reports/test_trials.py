"""Shares of calls that succeed or fail in bursts: their intervals, and what is concluded from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.numbers import intervals, sample
from reports.numbers.analysis import analyse
from reports.numbers.trials import Trials, trials
from reports.reading.run import read

from . import run_folders as make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 0.9
"""The success rate of the simulated service, in the long run."""


def bursts(generator: np.random.Generator, window_s: float, *, memory_s: float) -> Trials:
    """Seven calls per second to a service that refuses them in stretches: all calls of a stretch share their fate."""
    starts = np.sort(generator.uniform(0, window_s, int(7 * window_s)))
    count = int(window_s / memory_s * 4) + 8
    edges = np.cumsum(generator.exponential(memory_s, count)) - generator.uniform(0, memory_s)
    is_up = generator.random(count + 1) < RATE
    hit = is_up[np.searchsorted(edges, starts)]
    places = sample.parts(starts, (0.0, window_s))
    by_part = [np.bincount(part, minlength=sample.PARTS) for part in (places[hit], places)]
    return Trials(float(hit.sum()), float(len(hit)), sample.design_effect(*by_part))


def coverage(window_s: float, memory_s: float, replicates: int) -> Iterator[tuple[bool, bool]]:
    """Whether the interval, and Wilson's as if calls were independent, hold the true rate."""
    generator = np.random.default_rng(7)
    for _ in range(replicates):
        found = bursts(generator, window_s, memory_s=memory_s)
        yield tuple(low <= RATE <= high for low, high in (found.interval(), intervals.share(found.hits, found.calls)))  # type: ignore[misc]  # two of them


@pytest.mark.parametrize(("window_s", "memory_s", "least"), [(60.0, 0.5, 0.9), (60.0, 2.0, 0.8), (300.0, 2.0, 0.9)])
def test_an_interval_holds_the_true_rate_of_calls_that_fail_in_bursts(
    window_s: float, memory_s: float, least: float
) -> None:
    """In at least 80 to 90 % of 400 windows; as if calls were independent in at most 75 %."""
    found = np.array(list(coverage(window_s, memory_s, 400)))
    held, as_if_independent = found.mean(axis=0)
    assert held >= least
    assert as_if_independent <= 0.75


@given(st.integers(0, 500), st.integers(0, 500), st.floats(1, 50))
def test_dependence_only_widens_an_interval(hits: int, misses: int, effect: float) -> None:
    """The interval holds the share, lies in 0 to 1, and is at least as wide as that of independent calls."""
    low, high = Trials(hits, hits + misses, effect).interval()
    if not hits + misses:
        assert math.isnan(low)
        assert math.isnan(high)
        return
    plain = intervals.share(hits, hits + misses)
    assert 0 <= low <= plain[0] + 1e-12
    assert plain[1] - 1e-12 <= high <= 1
    assert low - 1e-12 <= hits / (hits + misses) <= high + 1e-12


def spoiled(path: Path, *, in_a_burst: bool) -> make.Folder:
    """Two levels of a minute; at the second one in ten calls is throttled, here and there or all at once."""
    run = make.shaped(("streaming",), (4, 8), length_s=60.0)
    del run.info["settings"]["model"]["quota"]
    places = [place for place, row in enumerate(run.requests) if row["users"] == 8 and row["phase"] == "measure"]
    count = len(places) // 10
    for place in places[-count:] if in_a_burst else places[::10]:
        run.requests[place] = make.throttled(run.requests[place])
    run.write(path)
    return run


@pytest.mark.parametrize("in_a_burst", [False, True])
def test_a_limit_needs_more_than_one_burst(tmp_path: Path, in_a_burst: bool) -> None:
    """As many failures spread over the window are a limit; one burst may be chance, but is not advised either."""
    spoiled(tmp_path, in_a_burst=in_a_burst)
    found = analyse(read(tmp_path))
    conclusion = found.conclusions[0]
    assert (conclusion.limit is None) == in_a_burst
    assert conclusion.advised == "streaming-04"
    assert conclusion.main is not None
    assert conclusion.main.key == "streaming-08"


def test_the_success_of_a_level_has_the_interval_of_its_trials(tmp_path: Path) -> None:
    """In the table of figures, and in the SLO's check on success."""
    run = spoiled(tmp_path, in_a_burst=True)
    run.info["settings"]["slo"] = {"success_rate": 97}
    run.write(tmp_path)
    found = analyse(read(tmp_path))
    row, own = found.level("streaming-08"), trials(found.levels, "streaming-08")
    assert own.effect == row["success_rate_effect"] > 5
    assert own.interval() == (row["success_rate_low"], row["success_rate_high"])
    assert found.gate is not None
    (check,) = found.gate.checks["streaming-08"]
    assert (check.met, check.close) == (False, own.interval()[1] > 0.97)
    assert trials(found.levels, "no such level") == (0, 0, 1)
