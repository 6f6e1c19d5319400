"""Why answers ended, and answers that are none: refused, filtered, broken or empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.reading.blocks import alike
from reports.reading.levels import is_ok

if TYPE_CHECKING:
    from reports.reading.levels import Levels

NO_ANSWERS = (
    "guardrail_intervened",
    "refusal",
    "content_filtered",
    "content_filter",
    "malformed_model_output",
    "malformed_tool_use",
)
"""Stop reasons of what the model did not answer, or not in a usable way."""
AT_THE_LIMIT = ("max_tokens", "length", "max_output_tokens", "LENGTH", "MAX_TOKENS")
"""Stop reasons of an answer that its limit cut off, in each API."""
CUT_SHARE = 0.9
"""Tokens are counted with their markup: an answer of less than this share of its limit was cut by something else."""
EMPTY = "empty"
"""Successes without an output token, whatever their stop reason."""
TOLERABLE_SHARE = 0.01
"""A level with a larger share of answers that are none is not one to run at; one of them may be chance."""


def stop_reasons(levels: Levels) -> pd.DataFrame:
    """One row for each stop reason of the measured successes of each level: `level`, `stop_reason`, `calls`, `share`.

    `share` is of the successes of the level, 0 to 1; a reason that is not known is empty. Rows of `EMPTY` count calls
    that are in another row, too.
    """
    ok = levels.counted & is_ok(levels.calls)
    found = [
        (key, reason, same.calls) for (key, reason), same in alike(levels.calls, ["key", "stop_reason"], ok).items()
    ]
    empty = ok & (levels.calls["output_tokens"].to_numpy() == 0)
    found += [(key, EMPTY, same.calls) for (key,), same in alike(levels.calls, ["key"], empty).items()]
    table = pd.DataFrame(found, columns=["level", "stop_reason", "calls"]).astype({"calls": "float64"})
    successes = table[table["stop_reason"] != EMPTY].groupby("level")["calls"].sum()
    table["share"] = table["calls"] / table["level"].map(successes).astype("float64")
    order = {str(key): place for place, key in enumerate(levels.table.index)}
    table = table[table["level"].isin(list(order))]
    table = table.assign(order=table["level"].map(order)).sort_values(["order", "calls"], ascending=[True, False])
    return table.drop(columns="order").reset_index(drop=True)


def cut_short(levels: Levels) -> dict[str, int]:
    """The levels in which more than a tolerable share of the successes ended by length well below their limit.

    Level -> how many. bedrock-mantle cuts answers so where its quota of output tokens is used up; on bedrock-runtime it
    is a limit of the model, or its context window.
    """
    found: dict[str, int] = {}
    for key in map(str, levels.table.index):
        ok = cut = 0
        for calls in levels.successes(key):
            ended = calls["stop_reason"].isin(AT_THE_LIMIT) & (calls["output_tokens"] > 0)
            ok += len(calls)
            cut += int((ended & (calls["output_tokens"] < CUT_SHARE * calls["max_tokens"])).sum())
        if cut > max(1, TOLERABLE_SHARE * ok):
            found[key] = cut
    return found


def no_answers(reasons: pd.DataFrame) -> pd.DataFrame:
    """The rows of `stop_reasons` that are no answers."""
    return reasons[reasons["stop_reason"].isin([*NO_ANSWERS, EMPTY])]


def unanswered(reasons: pd.DataFrame) -> list[str]:
    """The levels with more such answers than is tolerable."""
    sums = no_answers(reasons).groupby("level", sort=False)[["calls", "share"]].max()
    return [str(key) for key in sums.index[(sums["share"] > TOLERABLE_SHARE) & (np.asarray(sums["calls"]) > 1)]]
