"""The words that the simulator writes, and their tokens."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import tokens


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_tokens_written_are_tokens_counted(start: int, number: int) -> None:
    """The one rule of counting gives the number of tokens that were written."""
    text = tokens.write(start, number)
    assert tokens.count(text) == number
    assert tokens.count(text.rstrip()) == number


@given(st.integers(0, 5000), st.integers(1, 50), st.integers(1, 50))
def test_text_in_pieces_is_the_text(start: int, one: int, other: int) -> None:
    """A stream says the same words as an answer in one piece."""
    assert tokens.write(start, one) + tokens.write(start + one, other) == tokens.write(start, one + other)


@pytest.mark.parametrize("per_word", [0, 1, 1.3])
@given(st.lists(st.sampled_from(["water house", "one", "", " two  words\n"])))
def test_prompts_are_counted_by_one_rule(per_word: float, texts: list[str]) -> None:
    """By characters, or by words, as the option says."""
    rule = tokens.PromptRule()
    rule.per_word = per_word
    words = sum(len(text.split()) for text in texts)
    assert rule.count(texts) == (math.ceil(round(words * per_word, 6)) if per_word else tokens.count("".join(texts)))


def test_every_token_is_a_word() -> None:
    """A token of an answer is three small letters and a space, and the words vary."""
    words = tokens.write(0, 4096).split(" ")[:-1]
    assert {len(word) for word in words} == {3}
    assert all(word.isalpha() and word.islower() for word in words)
    assert len(set(words)) > 30
    assert tokens.write(4096, 5) == tokens.write(0, 5)
