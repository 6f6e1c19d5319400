"""The whole run in a few numbers, mode by mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers.failures import total_counts, total_success_rate
from reports.numbers.figures import TOKENS
from reports.reading.calls import MODES
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALL = "all"


def summary(calls: pd.DataFrame) -> pd.DataFrame:
    """A column for each mode that was called, and `ALL` if both were, over every call, warm-up and drain included.

    Rows: `calls`, `ok`, `failed`, `cancelled`, `success` (0 to 1) and the tokens of successes (`TOKENS`).
    """
    of_mode = {mode: (calls["mode"] == mode).to_numpy() for mode in MODES}
    present = {mode: own for mode, own in of_mode.items() if own.any()}
    if len(present) > 1:
        present[ALL] = np.ones(len(calls), dtype=bool)
    return pd.DataFrame({name: _of(calls, own) for name, own in present.items()})


def _of(calls: pd.DataFrame, own: NDArray[np.bool_]) -> dict[str, float]:
    counts, ok = total_counts(calls, own), own & is_ok(calls)
    columns = {name: calls[name].to_numpy() for name in TOKENS}
    return {
        "calls": float(counts.sum()),
        **{name: float(count) for name, count in counts.items()},
        "success": total_success_rate(counts),
        **{
            name: float(np.sum(values, where=ok & ~np.isnan(values), dtype="float64"))
            for name, values in columns.items()
        },
    }
