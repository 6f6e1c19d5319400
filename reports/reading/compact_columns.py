"""Columns that are filled piece by piece and take no more room than what is in them."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray


OTHER = "other"
"""What stands for all texts of a column beyond the most that it keeps."""


@dataclass
class Texts:
    """A column of texts as numbers, of as few bytes as do, and what each number means."""

    codes: NDArray[np.signedinteger]
    most: int = sys.maxsize
    """How many different texts are kept apart; the rest is OTHER."""
    places: dict[str, int] = field(default_factory=lambda: {"": 0})

    def put(self, start: int, texts: pd.Series[Any]) -> None:
        """Fill the places from `start` on."""
        codes, found = pd.factorize(texts)
        known = np.array([self._place(str(text)) for text in found], dtype="int32")
        needed = np.min_scalar_type(-len(self.places))
        if needed.itemsize > self.codes.itemsize:
            self.codes = self.codes.astype(needed)
        # A missing text has the code -1, which is the last of this table: the empty one.
        self.codes[start : start + len(codes)] = np.append(known, 0)[codes]

    def _is_kept(self, text: str) -> bool:
        return text in self.places or len(self.places) < self.most

    def _place(self, text: str) -> int:
        return self.places.setdefault(text if self._is_kept(text) else OTHER, len(self.places))

    def fold(self, texts: pd.Series[Any]) -> pd.Series[Any]:
        """The texts, with OTHER for those that are not kept apart."""
        codes, found = pd.factorize(texts)
        kept = [OTHER if self._place(str(text)) == self.places.get(OTHER) else str(text) for text in found]
        return pd.Series(np.array([*kept, ""], dtype=object)[codes], index=texts.index, dtype="str")


@dataclass
class Numbers:
    """A column of numbers: NaN where none was put, and hardly a byte as long as none was."""

    most: int
    type: str
    values: NDArray[np.floating] | None = None
    same: Numbers | None = None
    """The column that has the same numbers so far: they are kept there."""

    def put(self, start: int, numbers: pd.Series[float]) -> None:
        """Fill the places from `start` on."""
        stop = start + len(numbers)
        if self.values is None:
            before = self.column(stop)
            if np.array_equal(before[start:], numbers.to_numpy().astype(self.type), equal_nan=True):
                return
            self.values = np.full(self.most, np.nan, dtype=self.type)
            self.values[:start] = before[:start]
        self.values[start:stop] = numbers

    def column(self, length: int) -> NDArray[np.floating]:
        """The first `length` values."""
        if self.values is None and self.same:
            return self.same.column(length)
        if self.values is None:
            return np.broadcast_to(np.array(np.nan, dtype=self.type), length)
        return self.values[:length]


def categories(codes: Any, names: list[str]) -> pd.Categorical[Any]:
    """Texts from their numbers; each keeps its number even if it does not occur."""
    columns: Any = pd.Categorical.from_codes
    found: pd.Categorical[Any] = columns(codes, names)
    return found
