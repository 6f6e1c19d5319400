"""The rows of the report: the levels of a run, or its kinds of call if it has no levels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from reports.reading import tokens, windows
from reports.reading.blocks import alike, blocks, codes, ended_at
from reports.reading.calls import MODES
from reports.reading.compact_columns import categories
from reports.reading.run import CANCELLED
from reports.reading.windows import RATE, USERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reports.reading.run import Run

OUTCOMES = ("ok", "failed", "cancelled")
STREAM_METRICS = ("ttft_ms", "first_text_ms", "tpot_ms", "max_gap_ms")
"""What only a stream can tell."""
REPLAY = "replay"
"""The mode of a level with the calls of a trace, where these are of both modes: no user class."""
EDGE_S = 1
"""Times are kept to seven digits: a call that ended at the very edge of a window must not be lost."""


class Own(NamedTuple):
    """The calls of a level: which of those in a span of the file."""

    span: slice
    chosen: NDArray[np.bool_]


@dataclass(frozen=True)
class Levels:
    """The rows of the report and the calls behind them."""

    table: pd.DataFrame
    """One row per level: `mode`, `group` (an own user class; empty for the stock ones), `name`, `load` in
    `unit` (`users`, or `rate` for arrivals/s), `users_reached`, `completed`, `arrivals_due` and what became of them,
    the window `measured_from` to `measured_to` (Unix s) and `window_s`; streaming first, then by load;
    `trial` where several levels of a group have one load: which of them it is."""
    calls: pd.DataFrame
    """Every call of the run; `key` is the level it belongs to, `outcome` one of `OUTCOMES`."""
    shaped: bool
    """False if the run had no levels: a row is then a mode and a name, and has no users."""
    _kept: dict[str, Own] = field(default_factory=dict, repr=False)
    """The calls of the level that was asked for last: one metric is asked for after the other."""

    @property
    def unit(self) -> str:
        """What the load of the levels is: `users`, or `rate`, arrivals per second."""
        return RATE if (self.table["unit"] == RATE).any() else USERS

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Which calls count in the latencies: started in the window of a level."""
        is_level = np.array([key in self.table.index for key in self.calls["key"].cat.categories], dtype=bool)
        known: NDArray[np.bool_] = is_level[codes(self.calls, "key")]
        return known & (self.calls["phase"] == "measure").to_numpy() if self.shaped else known

    @property
    def reasons_first(self) -> bool:
        """Whether the text of an answer that counts came later than its first token."""
        later = (self.calls["first_text_ms"] > self.calls["ttft_ms"]).to_numpy() & is_ok(self.calls)
        return bool((later & self.counted).any())

    @cached_property
    def _spans(self) -> dict[str, slice]:
        """From the first to the last call of each level that counts: those of a level stand more or less together."""
        keys, names, spans = codes(self.calls, "key"), self.calls["key"].cat.categories, dict[str, slice]()
        for block in blocks(len(keys)):
            places = block.start + np.flatnonzero(self.counted[block])
            numbers, firsts = np.unique(keys[places], return_index=True)
            _, lasts = np.unique(keys[places][::-1], return_index=True)
            for number, first, last in zip(numbers, firsts, lasts, strict=True):
                start = spans.get(name := str(names[number]), slice(int(places[first]), 0)).start
                spans[name] = slice(start, int(places[-1 - last]) + 1)
        return spans

    def _own(self, key: str) -> Own:
        """The calls of a level that count."""
        if key not in self._spans:
            return Own(slice(0, 0), np.zeros(0, dtype=bool))
        span, number = self._spans[key], self.calls["key"].cat.categories.get_loc(key)
        return Own(span, self.counted[span] & (codes(self.calls, "key")[span] == number))

    def _successes(self, key: str) -> Own:
        """Those of them that succeeded."""
        if key not in self._kept:
            self._kept.clear()
            span, chosen = self._own(key)
            self._kept[key] = Own(span, chosen & (codes(self.calls, "outcome")[span] == OUTCOMES.index("ok")))
        return self._kept[key]

    def values(self, key: str, metric: str) -> NDArray[np.floating]:
        """A metric of each call that counts and succeeded, NaN where it is not known or only a stream could tell."""
        if metric in STREAM_METRICS and self.mode(key) != "streaming":
            return np.full(np.count_nonzero(self._successes(key).chosen), np.nan)
        return self._tpot_ms(key) if metric == "tpot_ms" else self._column(key, metric)

    def sample(self, key: str, metric: str) -> NDArray[np.floating]:
        """The known values of a metric in a level, sorted."""
        values = self.values(key, metric)
        known: NDArray[np.floating] = values[~np.isnan(values)]
        known.sort()
        return known

    def _column(self, key: str, column: str) -> NDArray[np.floating]:
        span, chosen = self._successes(key)
        values: NDArray[np.floating] = self.calls[column].to_numpy()[span][chosen]
        return values

    def _tpot_ms(self, key: str) -> NDArray[np.floating]:
        """See `tokens.tpot_ms`."""
        return np.concatenate([np.empty(0), *map(tokens.tpot_ms, self.successes(key))])

    def successes(self, key: str) -> Iterator[pd.DataFrame]:
        """The calls of a level that count and succeeded, block by block."""
        yield from (calls[own] for calls, own in self._blocks(*self._successes(key)))

    def _blocks(self, span: slice, chosen: NDArray[np.bool_]) -> Iterator[tuple[pd.DataFrame, NDArray[np.bool_]]]:
        """The calls of a span, and which of them are chosen, block by block."""
        for block in blocks(len(chosen)):
            yield self.calls.iloc[span.start + block.start : span.start + block.stop], chosen[block]

    def window(self, key: str) -> tuple[float, float]:
        """When the window of a level opened and closed, Unix s; NaN if it never did."""
        return self._windows[key]

    @cached_property
    def _windows(self) -> dict[str, tuple[float, float]]:
        columns = self.table.index, self.table["measured_from"], self.table["measured_to"]
        return {str(key): (float(opened), float(closed)) for key, opened, closed in zip(*columns, strict=True)}

    @cached_property
    def failing(self) -> set[str]:
        """The levels in which a call that counts failed."""
        failed = codes(self.calls, "outcome") == OUTCOMES.index("failed")
        return {key for (key,) in alike(self.calls, ["key"], failed & self.counted)}

    def mode(self, key: str) -> str:
        """The mode of a level."""
        return self._modes[key]

    @cached_property
    def _modes(self) -> dict[str, str]:
        return {str(key): str(mode) for key, mode in self.table["mode"].items()}

    @property
    def load_s(self) -> float:
        """From the start of the first call to the end of the last call or window, in seconds; 0 without calls."""
        if not self._times:
            return 0.0
        ends = [*(last_at for _, _, last_at in self._times), float(self.table["measured_to"].max())]
        first_at = min(first_at for _, first_at, _ in self._times)
        return max(end for end in ends if not math.isnan(end)) - first_at

    def ended(self, key: str) -> Iterator[pd.DataFrame]:
        """The calls of a level that count and were not cut off, block by block."""
        span, chosen = self._own(key)
        for calls, own in self._blocks(span, chosen):
            yield calls[own & (codes(calls, "outcome") != OUTCOMES.index("cancelled"))]

    def cut_off(self, key: str) -> Iterator[pd.DataFrame]:
        """The calls of a level that count and were cut off by the end of the run, block by block; none of no call."""
        for calls, own in self._blocks(*self._own(key)):
            cut = own & (codes(calls, "outcome") == OUTCOMES.index("cancelled"))
            if cut.any():
                yield calls[cut]

    def at_work(self, key: str) -> Iterator[pd.DataFrame]:
        """The calls that were at work in the window of a level and can add to its throughput, block by block.

        Those are the calls of its mode, whatever their level; in a run without levels those of its name.
        """
        column, name = ("mode", self.mode(key)) if self.shaped else ("key", key)
        opened_at, closed_at = self.window(key)
        for block, first_at, last_at in self._times:
            if first_at <= closed_at and last_at >= opened_at - EDGE_S:
                calls = self.calls.iloc[block]
                within = (calls["started_at"].to_numpy() <= closed_at) & (ended_at(calls) >= opened_at - EDGE_S)
                yield calls[within & (calls[column] == name).to_numpy()]

    @cached_property
    def _times(self) -> list[tuple[slice, float, float]]:
        """Blocks of calls, with the first start and the last end in each, Unix s."""
        found = [(block, self.calls.iloc[block]) for block in blocks(len(self.calls))]
        return [(block, float(calls["started_at"].min()), float(ended_at(calls).max())) for block, calls in found]


def levels(run: Run) -> Levels:
    """The levels of the run, or one row per mode and name if it has none."""
    calls = run.calls
    shaped = len(run.levels) > 0 or bool((calls["level"] != "").any())
    keys, known = _level_keys(run) if shaped else (_name_keys(calls), run.levels)
    calls = calls.assign(key=keys, outcome=outcomes(calls))
    table = windows.told(known, calls) if shaped else windows.named(calls)
    if shaped and run.get("replay"):
        table = windows.as_replayed(table)
    table["window_s"] = table["measured_to"] - table["measured_from"]
    table["order"] = table["mode"].map(MODES.index)
    table["trial"] = _trials(table)
    return Levels(table.sort_values(["order", "part", "load", "name"]).drop(columns="order").copy(), calls, shaped)


def _trials(table: pd.DataFrame) -> pd.Series[float]:
    """Of levels of a group with one load, as of a search that repeats it, which they are in time; NaN for others."""
    alike = ["mode", "group", "load", "unit"]
    numbers = table.sort_values("measured_from").groupby(alike).cumcount() + 1
    several = table.duplicated(alike, keep=False) & table["part"].isna() & table["load"].notna()
    return numbers.reindex(table.index).astype("float64").where(several)


def _level_keys(run: Run) -> tuple[Any, pd.DataFrame]:
    """The key of each call's level, and the rows of `levels.csv` by key, with the mode that their calls had.

    A level in which an own user class made calls of both modes is two: its name with the mode.
    """
    calls, modes = run.calls, dict[str, list[str]]()
    for level, mode in sorted(alike(run.calls, ["level", "mode"], np.ones(len(run.calls), dtype=bool))):
        modes.setdefault(level, []).append(mode)
    both = {level for level, found in modes.items() if level and len(found) > 1}
    replay = REPLAY if run.get("replay") else ""
    rows = [
        {**row, "key": f"{row['level']} {mode}" if row["level"] in both else row["level"], "mode": mode, "group": group}
        for row in run.levels.to_dict("records")
        for group in [row["mode"] if row["mode"] not in (*MODES, replay) else ""]
        for mode in modes.get(row["level"], [row["mode"] if row["mode"] in MODES else MODES[0]])
    ]
    known = pd.DataFrame(rows, columns=["key", "group", *run.levels.columns]).astype({"key": "str", "group": "str"})
    if not both:
        return calls["level"], known
    names = [f"{level} {mode}" if level in both else level for level in calls["level"].cat.categories for mode in MODES]
    order = np.array(
        [MODES.index(mode) if mode in MODES else 0 for mode in calls["mode"].cat.categories], dtype="int32"
    )
    numbers = codes(calls, "level").astype("int32") * len(MODES) + order[codes(calls, "mode")]
    distinct = list(dict.fromkeys(names))
    places = np.array([distinct.index(name) for name in names], dtype="int32")
    return categories(places[numbers], distinct), known


def outcomes(calls: pd.DataFrame) -> pd.Categorical[Any]:
    """What became of each call: `ok`, `failed` or `cancelled`."""
    known = {"": 0, CANCELLED: 2}
    places = np.array([known.get(category, 1) for category in calls["error"].cat.categories], dtype="int8")
    return categories(places[codes(calls, "error")], list(OUTCOMES))


def is_ok(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls succeeded."""
    return (calls["error"] == "").to_numpy()


def _name_keys(calls: pd.DataFrame) -> pd.Categorical[Any]:
    """Mode and name of each call, in one text."""
    modes, names = calls["mode"].cat.categories, calls["name"].cat.categories
    keys = [f"{mode} {name}" for mode in modes for name in names]
    numbers = codes(calls, "mode").astype("int32") * len(names) + codes(calls, "name")
    return categories(numbers, keys).remove_unused_categories()
