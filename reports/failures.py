"""What failed: by category, AWS code and stage, and by level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.levels import OUTCOMES, outcomes

if TYPE_CHECKING:
    import pandas as pd

    from reports.levels import Levels

KIND = ["error", "error_code", "error_stage"]


def by_kind(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of failure, most frequent first, over every call of the run.

    Columns: `error`, `error_code`, `error_stage`, `calls`, `share` (0 to 1, of the calls that ended)
    and, from the first such call, `error_message` and `request_id`.
    """
    outcome = outcomes(calls)
    texts = [*KIND, "error_message", "request_id"]
    failed = calls.loc[outcome == "failed", texts].astype("str")
    table = failed.groupby(KIND, as_index=False).agg(
        calls=("error", "size"), error_message=("error_message", "first"), request_id=("request_id", "first")
    )
    table["share"] = table["calls"] / max((outcome != "cancelled").sum(), 1)
    return table.sort_values(["calls", *KIND], ascending=[False, True, True, True], ignore_index=True)


def by_level(levels: Levels) -> pd.DataFrame:
    """Failed calls of each category in each level that had any; the index is the level's key.

    Columns: `error`, `measured` and `other`: the calls that count in the figures of the level, and
    those of its warm-up and drain.
    """
    of_interest = (levels.calls["outcome"] == "failed") & levels.calls["key"].isin(levels.table.index)
    calls = levels.calls.loc[of_interest, ["key", "error"]].astype("str")
    measured = levels.counted[of_interest.to_numpy()]
    table = calls.assign(measured=measured, other=~measured).groupby(["key", "error"])[["measured", "other"]].sum()
    order = {key: place for place, key in enumerate(levels.table.index)}
    table = table.reset_index().assign(order=lambda rows: rows["key"].map(order))
    return table.sort_values(["order", "error"]).drop(columns="order").set_index("key")


def by_frequency(failures_by_level: pd.DataFrame, key: str) -> list[str]:
    """The categories of the measured failures of a level, most frequent first; the table is that of `by_level`."""
    rows = failures_by_level[(failures_by_level.index == key) & (failures_by_level["measured"] > 0)]
    return list(rows.sort_values(["measured", "error"], ascending=[False, True])["error"])


def total_counts(calls: pd.DataFrame) -> pd.Series[int]:
    """How many calls were `ok`, `failed` and `cancelled`."""
    counts: pd.Series[int] = outcomes(calls).value_counts().reindex(list(OUTCOMES), fill_value=0)
    return counts


def total_success_rate(counts: pd.Series[int]) -> float:
    """Successful calls of those that ended, 0 to 1; NaN if none did."""
    ended = counts["ok"] + counts["failed"]
    return float(counts["ok"] / ended) if ended else float("nan")
