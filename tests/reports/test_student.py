"""Student's t against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.numbers import student


@given(st.floats(0, 60), st.integers(1, 60))
def test_the_chance_is_that_of_both_tails(t: float, degrees: int) -> None:
    """For an odd and an even number of degrees of freedom, far out, too."""
    assert student.two_sided(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), rel=1e-9, abs=1e-11)
    assert student.two_sided(-t, degrees) == student.two_sided(t, degrees)


@given(st.floats(1e-6, 0.9), st.integers(1, 60))
def test_a_quantile_is_exceeded_with_its_chance(chance: float, degrees: int) -> None:
    """The inverse, as tables have it: 2.262 for 5 % with 9 degrees."""
    assert student.quantile(chance, degrees) == pytest.approx(stats.t.isf(chance / 2, degrees), rel=1e-6)
    assert round(student.quantile(0.05, 9), 3) == 2.262
