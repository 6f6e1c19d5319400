"""Columns of texts, of which a bounded number is told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from reports.reading.compact_columns import OTHER, Texts


def filled(texts: list[str], most: int) -> list[str]:
    """What a column gives back, filled piece by piece."""
    column = Texts(np.zeros(len(texts), dtype="int8"), most)
    for start in range(0, len(texts), 3):
        column.put(start, pd.Series(texts[start : start + 3], dtype="str"))
    names = list(column.places)
    return [names[code] for code in column.codes]


@given(st.lists(st.text("abc", max_size=2), max_size=40), st.integers(1, 8))
def test_the_first_texts_are_kept_apart(texts: list[str], most: int) -> None:
    """Each text is itself or, where too many others came before it, OTHER."""
    kept = list(dict.fromkeys(["", *texts]))[:most]
    assert filled(texts, most) == [text if text in kept else OTHER for text in texts]


@given(st.lists(st.text("abc", max_size=2), max_size=20), st.integers(1, 8))
def test_folding_says_what_will_be_put(texts: list[str], most: int) -> None:
    """Texts that are folded first are put as they are folded."""
    column = Texts(np.zeros(len(texts), dtype="int8"), most)
    folded = column.fold(pd.Series(texts, dtype="str"))
    assert list(folded) == filled(texts, most)


def test_more_than_a_byte_holds() -> None:
    """Without a bound any number of texts is kept."""
    texts = [str(number) for number in range(1000)]
    assert filled(texts, 10**6) == texts
