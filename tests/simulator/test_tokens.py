"""The words that the simulator writes, and their tokens."""

from __future__ import annotations

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
