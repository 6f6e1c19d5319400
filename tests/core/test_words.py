"""Filler of words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.workload.words import NONCE_WORDS, WORDS, filler, nonce


def test_words_have_one_length() -> None:
    """A text of n words has the same size wherever it is cut, and no word is there twice."""
    assert {len(word) for word in WORDS} == {5}
    assert len(set(WORDS)) == len(WORDS) > 90
    assert all(word.isalpha() and word.islower() for word in WORDS)


@given(st.integers(0, 10**6), st.integers(0, 30_000))
def test_a_text_has_so_many_words(start: int, words: int) -> None:
    """Of known words, from any place on."""
    text = filler(start, words)
    assert len(text.split()) == words
    assert len(text) == max(0, 6 * words - 1)
    assert set(text.split()) <= set(WORDS)


def test_a_nonce_tells_prompts_apart() -> None:
    """It is made of the same words, so that its tokens are known."""
    found = {nonce() for _ in range(100)}
    assert len(found) > 95
    assert {len(one.split()) for one in found} == {NONCE_WORDS}
    assert {word for one in found for word in one.split()} <= set(WORDS)
