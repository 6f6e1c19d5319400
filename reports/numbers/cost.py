"""What the calls cost, by the prices in the settings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.reading.blocks import blocks, codes
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reports.reading.levels import Levels
    from reports.reading.run import Run

PRICES = {
    "input_tokens": "input_per_million",
    "output_tokens": "output_per_million",
    "cache_read_tokens": "cache_read_per_million",
    "cache_write_tokens": "cache_write_per_million",
}
"""Column of the calls -> key of the settings. A price that is not set is 0, one for input and output must be."""


@dataclass(frozen=True)
class Cost:
    """The cost of a run, in `currency`."""

    currency: str
    total: float
    """Every call with token counts, warm-up and drain included."""
    unknown: int
    """Calls that succeeded, or had begun to answer, without token counts or prices: in no figure here."""
    elsewhere: int
    """Those of them that have token counts: they went to other models, whose prices the settings do not have."""
    table: pd.DataFrame
    """By level: `total`, and `per_1000` successful calls, measured ones."""


@dataclass
class Sums:
    """What the calls of a level came to."""

    total: float = 0.0
    counting: int = 0
    """Measured successes with token counts, and their cost."""
    of_counting: float = 0.0
    unknown: int = 0
    """Calls without token counts or prices that succeeded, or had begun to answer."""
    elsewhere: int = 0
    """Those of them without prices only."""

    @property
    def per_1000(self) -> float:
        """The cost of this number of those that count; NaN if there is none."""
        return 1000 * self.of_counting / self.counting if self.counting else math.nan


def cost(run: Run, levels: Levels) -> Cost | None:
    """The cost of the run and of its levels; None without prices."""
    prices = prices_of(run)
    if prices["input_tokens"] is None and prices["output_tokens"] is None:
        return None
    own = {key: Sums() for key in levels.calls["key"].cat.categories}
    for block in blocks(len(levels.calls)):
        _add(own, run, levels, block, {column: price or 0.0 for column, price in prices.items()})
    rows = {key: own.get(key, Sums()) for key in levels.table.index}
    return Cost(
        currency=run.text("settings", "pricing", "currency") or "USD",
        total=math.fsum(sums.total for sums in own.values()),
        unknown=sum(sums.unknown for sums in own.values()),
        elsewhere=sum(sums.elsewhere for sums in own.values()),
        table=pd.DataFrame(
            {"total": [sums.total for sums in rows.values()], "per_1000": [sums.per_1000 for sums in rows.values()]},
            index=levels.table.index,
            dtype="float64",
        ),
    )


def prices_of(run: Run) -> dict[str, float | None]:
    """The prices of a million tokens by column; of those written for an hour, what they cost beyond other writes."""
    prices = {column: run.number("settings", "pricing", key) for column, key in PRICES.items()}
    hour = run.number("settings", "pricing", "cache_write_1h_per_million")
    dearer = None if hour is None else hour - (prices["cache_write_tokens"] or 0.0)
    return {**prices, "cache_write_1h_tokens": dearer}


def _add(own: dict[str, Sums], run: Run, levels: Levels, block: slice, prices: Mapping[str, float]) -> None:
    """Count a block of calls in the sums of their levels."""
    calls = levels.calls.iloc[block]
    each = sum(
        np.nan_to_num(calls[column].to_numpy().astype("float64")) * price / 1e6 for column, price in prices.items()
    )
    counts = (calls["input_tokens"].notna() & calls["output_tokens"].notna()).to_numpy()
    keys, ok, priced = codes(calls, "key"), is_ok(calls), run.is_priced(calls)
    known = counts & priced
    counting, answered = known & ok & levels.counted[block], ok | _has_begun(calls)
    for number in np.unique(keys):
        sums, mine = own[levels.calls["key"].cat.categories[number]], keys == number
        sums.total += float(each[mine & priced].sum())
        sums.counting += int((mine & counting).sum())
        sums.of_counting += float(each[mine & counting].sum())
        sums.unknown += int((mine & answered & ~known).sum())
        sums.elsewhere += int((mine & answered & counts & ~priced).sum())


def _has_begun(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls the service had begun to answer: what it had generated when they broke off may be charged."""
    begun: NDArray[np.bool_] = (calls["ttft_ms"].notna() | (calls["error_stage"] == "stream")).to_numpy()
    return begun
