"""Long tables a block of rows at a time: what is computed on the way stays small, however many calls there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

ROWS = 1 << 18


class Alike(NamedTuple):
    """Calls that are alike."""

    calls: int
    """How many."""
    first: int
    """The place of the first of them in the table."""


def blocks(count: int) -> Iterator[slice]:
    """This number of rows, in blocks."""
    for start in range(0, count, ROWS):
        yield slice(start, min(start + ROWS, count))


def codes(calls: pd.DataFrame, column: str) -> NDArray[np.integer]:
    """The numbers of the categories in a column of texts, without a copy."""
    texts: Any = calls[column].array
    numbers: NDArray[np.integer] = texts.codes
    return numbers


def ended_at(calls: pd.DataFrame) -> NDArray[np.float64]:
    """When each call ended, Unix seconds."""
    ends: NDArray[np.float64] = calls["started_at"].to_numpy() + calls["latency_ms"].to_numpy().astype("float64") / 1000
    return ends


def alike(calls: pd.DataFrame, columns: Sequence[str], chosen: NDArray[np.bool_]) -> dict[tuple[str, ...], Alike]:
    """The calls chosen, by what they have in these columns of texts."""
    texts = [calls[column].cat.categories for column in columns]
    numbers = [codes(calls, column) for column in columns]
    shape, found = tuple(map(len, texts)), dict[tuple[str, ...], Alike]()
    for block in blocks(len(calls)):
        places = np.flatnonzero(chosen[block])
        kinds, firsts, counts = np.unique(
            _combined([number[block][places] for number in numbers], shape), return_index=True, return_counts=True
        )
        for kind, first, count in zip(np.transpose(np.unravel_index(kinds, shape)), firsts, counts, strict=True):
            key = tuple(str(text[number]) for text, number in zip(texts, kind, strict=True))
            before = found.get(key, Alike(0, block.start + int(places[first])))
            found[key] = Alike(before.calls + int(count), before.first)
    return found


def _combined(numbers: Sequence[NDArray[np.integer]], shape: tuple[int, ...]) -> NDArray[np.integer]:
    """One number for each combination; of two bytes where they do, as those are sorted fastest."""
    combined = np.ravel_multi_index([number.astype("intp") for number in numbers], shape)
    return combined.astype("int16") if np.prod(shape, dtype="float64") < 1 << 15 else combined
