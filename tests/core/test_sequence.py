"""The moments at which calls arrive."""

from __future__ import annotations

import math
from itertools import islice, pairwise
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.arrivals.sequence import POISSON, Piece, gaps, moments

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = st.floats(0.01, 50)
PIECES = st.lists(st.builds(Piece, st.floats(0.1, 30), RATE, RATE), min_size=1, max_size=5)


@given(PIECES, st.none() | st.floats(0.2, 20), st.integers(0, 10**6))
def test_moments_are_in_order_and_within_their_pieces(pieces: list[Piece], burstiness: float | None, seed: int) -> None:
    """From the start of the first piece to the end of the last one, whatever the rates do."""
    found = list(moments(pieces, burstiness, seed))
    assert found == sorted(found)
    assert not found or 0 <= found[0] <= found[-1] <= sum(piece.seconds for piece in pieces) + 1e-9


@given(st.builds(Piece, st.floats(0.1, 100), RATE, RATE), st.floats(0, 1))
def test_a_moment_is_where_the_integral_of_the_rate_is(piece: Piece, share: float) -> None:
    """The inverse of the integral, also where the rate hardly changes."""
    wanted = share * piece.arrivals
    t = piece.reached_s(wanted)
    slope = (piece.to_per_s - piece.from_per_s) / piece.seconds
    assert piece.from_per_s * t + slope * t * t / 2 == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_one_sequence_for_all_rates() -> None:
    """With the rate doubled, the same arrivals come twice as fast; with another seed, others."""
    slow, fast = (list(islice(moments([Piece(1000, rate, rate)], seed=7), 50)) for rate in (2.0, 4.0))
    assert fast == pytest.approx([moment / 2 for moment in slow])
    assert slow != list(islice(moments([Piece(1000, 2, 2)], seed=8), 50))


def test_constant_gaps() -> None:
    """As many arrivals as the rate says, half a gap from both ends, also where it rises."""
    assert list(moments([Piece(2, 2, 2)], None)) == pytest.approx([0.25, 0.75, 1.25, 1.75])
    ramp = list(moments([Piece(10, 0, 10)], None))
    assert len(ramp) == 50
    assert ramp[0] == pytest.approx(1.0), "t * t / 2 is 0.5"
    assert all(later - earlier < before for (earlier, later), before in zip(pairwise(ramp), [2.0, *ramp], strict=False))


def test_a_pause_and_a_rise_from_nothing() -> None:
    """A rate of 0 has no arrivals, and the sum of gaps goes on behind it."""
    found = list(moments([Piece(1, 0, 0), Piece(2, 4, 4)], None))
    assert found == pytest.approx([1.125 + n / 4 for n in range(8)])


def ks_p(values: Sequence[float], mean: float) -> float:
    """How probable gaps this far from an exponential distribution are, by Kolmogorov and Smirnov (asymptotic)."""
    ordered, n = sorted(values), len(values)
    cdf = [1 - math.exp(-value / mean) for value in ordered]
    d = max(max((k + 1) / n - p, p - k / n) for k, p in enumerate(cdf))
    lam = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * d
    return 2 * sum((1 if k % 2 else -1) * math.exp(-2 * (k * lam) ** 2) for k in range(1, 101))


@pytest.mark.parametrize("seed", range(1, 6))
def test_poisson_gaps_are_exponential(seed: int) -> None:
    """With fixed seeds: the gaps of 5,000 arrivals, and the counts of seconds, whose variance is their mean."""
    found = list(moments([Piece(500, 10, 10)], POISSON, seed))
    assert len(found) == pytest.approx(5000, abs=3 * math.sqrt(5000))
    assert ks_p([later - earlier for earlier, later in pairwise(found)], 0.1) > 0.001
    counts = [0] * 500
    for moment in found:
        counts[int(moment)] += 1
    dispersion = stdev(counts) ** 2 / fmean(counts)
    assert dispersion == pytest.approx(1, abs=4 * math.sqrt(2 / 499))


@pytest.mark.parametrize(("burstiness", "variation"), [(0.25, 2.0), (1.0, 1.0), (4.0, 0.5), (None, 0.0)])
def test_burstiness(burstiness: float | None, variation: float) -> None:
    """The coefficient of variation of gaps is 1 / sqrt(burstiness), and their mean is 1."""
    drawn = list(islice(gaps(burstiness, 3), 1, 20_001))
    assert fmean(drawn) == pytest.approx(1, abs=0.05)
    assert stdev(drawn) / fmean(drawn) == pytest.approx(variation, abs=0.08)


def test_a_million_arrivals_cost_no_memory() -> None:
    """They are drawn as they are asked for: the first of very many are here at once."""
    assert len(list(islice(moments([Piece(10**9, 1000, 1000)]), 3))) == 3
