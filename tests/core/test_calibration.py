"""How many tokens words have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.calibration import PROBES, Calibration, Corrected

FACTORS = st.floats(0.2, 5)
RESTS = st.floats(0, 500)


@given(FACTORS, RESTS, st.integers(1, 60_000))
def test_two_counts_tell_how_many_words_a_length_needs(per_word: float, rest: float, target: int) -> None:
    """Within 1 %, or a word, of the target, whatever the tokenizer makes of a word."""
    counts = {words: round(per_word * words + rest) for words in PROBES}
    calibration = Calibration.of(counts, "test")
    assert calibration is not None
    words = calibration.words(target)
    actual = per_word * words + rest
    assert abs(actual - target) <= max(0.01 * target, per_word, 1) or (words == 0 and rest >= target - 1)


@pytest.mark.parametrize("counts", [{200: 100, 2000: 100}, {200: 2000, 2000: 200}, {200: 1, 2000: 10**9}])
def test_counts_that_no_words_have_are_none(counts: dict[int, int]) -> None:
    """A service that counts nonsense does not spoil the prompts."""
    assert Calibration.of(counts, "test") is None


@given(FACTORS, RESTS)
def test_without_a_measurement_two_calls_teach(per_word: float, rest: float) -> None:
    """The first corrects what stands around the words, a second of another length the words."""
    corrected = Corrected(None)
    for words in (300, 300, 700):
        corrected.hear(words, round(per_word * words + rest))
    assert corrected.now.tokens(1000) == pytest.approx(per_word * 1000 + rest, rel=0.01, abs=3)


def test_a_measurement_is_corrected_once() -> None:
    """Later calls, whose counts scatter, change nothing."""
    corrected = Corrected(Calibration(1.5, 20, "CountTokens"))
    corrected.hear(100, 180)
    assert corrected.now == Calibration(1.5, 30, "CountTokens")
    corrected.hear(200, 999)
    assert corrected.now.rest == 30


def test_it_travels_to_workers() -> None:
    """As plain types."""
    calibration = Calibration(1.3, 16.5, "probe calls")
    assert Calibration.from_plain(calibration.to_plain()) == calibration
