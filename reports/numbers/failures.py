"""What failed: by category, AWS code and stage, and by level."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from reports.numbers import intervals
from reports.numbers.trials import WIDE_Z
from reports.reading.blocks import alike, codes
from reports.reading.levels import OUTCOMES, outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.reading.levels import Levels

FAILED, CUT_OFF = OUTCOMES.index("failed"), OUTCOMES.index("cancelled")
TOLERABLE_FAILURES = 0.01
"""A level with a larger share of failed calls is not one to run at."""
TELLING_FAILURES = 2
"""One failed call may be chance, however few there are."""
CLUSTER_LEVEL = 0.01
"""The chance, over all records of a run, that one is named of which failures are as likely as of the others."""
THROTTLED = "ThrottlingError"
KIND = ["error", "error_code", "error_stage"]


def by_kind(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of failure, most frequent first, over every call of the run.

    Columns: `error`, `error_code`, `error_stage`, `calls`, `share` (0 to 1, of the calls that ended)
    and, from the first such call, `error_message` and `request_id`.
    """
    outcome = np.asarray(outcomes(calls).codes)
    found = alike(calls, KIND, outcome == FAILED)
    table = pd.DataFrame(list(found), columns=KIND, dtype="str")
    table["calls"] = [same.calls for same in found.values()]
    table["share"] = table["calls"] / max(int((outcome != CUT_OFF).sum()), 1)
    for example in ("error_message", "request_id"):
        table[example] = [str(calls[example].iloc[same.first]) for same in found.values()]
    return table.sort_values(["calls", *KIND], ascending=[False, True, True, True], ignore_index=True)


def by_record(calls: pd.DataFrame) -> pd.DataFrame:
    """Records of the workload whose calls failed so often that chance is no explanation, most failures first.

    The index is the number of the record. Columns: `calls` that ended, `failed`, and `error`, the most frequent
    category. Throttled calls are left out: a quota knows no records.
    """
    outcome = np.asarray(outcomes(calls).codes)
    ended = (outcome != CUT_OFF) & calls["record"].notna().to_numpy() & (calls["error"] != THROTTLED).to_numpy()
    own = pd.DataFrame({"record": calls["record"][ended], "failed": outcome[ended] == FAILED})
    counts = own.groupby("record", observed=True)["failed"].agg(["size", "sum"])
    counts.columns = pd.Index(["calls", "failed"])
    found = _clustered(counts).sort_values(["failed", "record"], ascending=[False, True])
    found.index = found.index.astype("int64")
    return found.assign(error=[_usual_error(calls, record) for record in found.index])


def _clustered(counts: pd.DataFrame) -> pd.DataFrame:
    """Those that failed more often than chance explains, by how often the others failed; found ones are no others."""
    several = counts[counts["failed"] >= TELLING_FAILURES]
    found, known = several.iloc[:0], -1
    while len(found) > known:
        known, rest = len(found), counts.drop(found.index)
        # The rule of succession: others that never failed are no proof that they never do.
        share = float((rest["failed"].sum() + 1) / (rest["calls"].sum() + 2))
        chance = [at_least(int(failed), int(calls), share) for calls, failed in several[["calls", "failed"]].to_numpy()]
        found = several[np.array(chance, dtype="float64") * len(counts) < CLUSTER_LEVEL]
    return found


def at_least(failed: int, calls: int, share: float) -> float:
    """The chance of so many failures or more among some calls that each fail with this share."""
    ways = [math.lgamma(calls + 1) - math.lgamma(n + 1) - math.lgamma(calls - n + 1) for n in range(failed, calls + 1)]
    logs = [
        way + n * math.log(share) + (calls - n) * math.log1p(-share)
        for n, way in zip(range(failed, calls + 1), ways, strict=True)
    ]
    return min(1.0, sum(map(math.exp, logs)))


def _usual_error(calls: pd.DataFrame, record: int) -> str:
    """The most frequent category of the failures of a record."""
    errors = calls["error"][calls["record"] == record].astype("str")
    return str(errors[errors != ""].mode().iloc[0])


def by_level(levels: Levels) -> pd.DataFrame:
    """Failed calls of each category in each level that had any; the index is the level's key.

    Columns: `error`, `measured` and `other`: the calls that count in the figures of the level, and
    those of its warm-up and drain.
    """
    failed = codes(levels.calls, "outcome") == FAILED
    every = alike(levels.calls, ["key", "error"], failed)
    measured = alike(levels.calls, ["key", "error"], failed & levels.counted)
    order = {key: place for place, key in enumerate(levels.table.index)}
    kinds = sorted((kind for kind in every if kind[0] in order), key=lambda kind: (order[kind[0]], kind[1]))
    counts = [measured[kind].calls if kind in measured else 0 for kind in kinds]
    table = pd.DataFrame({"error": pd.Series([error for _, error in kinds], dtype="str")})
    table["measured"] = pd.Series(counts, dtype="int64")
    table["other"] = pd.Series([every[kind].calls for kind in kinds], dtype="int64") - table["measured"]
    return table.set_index(pd.Index([key for key, _ in kinds], dtype="str", name="key"))


def by_frequency(failures_by_level: pd.DataFrame, key: str) -> list[str]:
    """The categories of the measured failures of a level, most frequent first; the table is that of `by_level`."""
    rows = failures_by_level[(failures_by_level.index == key) & (failures_by_level["measured"] > 0)]
    return list(rows.sort_values(["measured", "error"], ascending=[False, True])["error"])


def measured(failures_by_level: pd.DataFrame, keys: Sequence[str], category: str) -> int:
    """How many measured calls of these levels failed in a category; the table is that of `by_level`."""
    rows = failures_by_level[failures_by_level.index.isin(keys) & (failures_by_level["error"] == category)]
    return int(rows["measured"].sum())


def total_counts(calls: pd.DataFrame, chosen: NDArray[np.bool_] | None = None) -> pd.Series[int]:
    """How many of the calls chosen, or of all, were `ok`, `failed` and `cancelled`."""
    outcome = np.asarray(outcomes(calls).codes)
    own = outcome if chosen is None else outcome[chosen]
    return pd.Series([np.count_nonzero(own == number) for number in range(len(OUTCOMES))], index=list(OUTCOMES))


def total_success_rate(counts: pd.Series[int]) -> float:
    """Successful calls of those that ended, 0 to 1; NaN if none did."""
    ended = counts["ok"] + counts["failed"]
    return float(counts["ok"] / ended) if ended else float("nan")


def failing(figures: pd.DataFrame, tolerable: float = TOLERABLE_FAILURES) -> list[str]:
    """The levels with more than tolerable failures, be it in one burst: not levels to run at.

    Wilson's interval is all above that share if calls did not depend on each other.
    """
    ended = figures["ok"] + figures["failed"]
    high = np.array([intervals.share(ok, count)[1] for ok, count in zip(figures["ok"], ended, strict=True)])
    bad = (high < 1 - tolerable) & (figures["failed"] >= TELLING_FAILURES)
    return [str(key) for key in figures.index[bad]]


def is_shown(figures: pd.DataFrame, key: str, tolerable: float) -> bool:
    """Whether the failures of a level are more than tolerable, and than in the levels before it, by more than chance.

    Calls that fail in bursts tell less than as many that fail on their own: the design effect counts.
    """
    row, below = figures.loc[[key]].iloc[0], figures.iloc[: figures.index.get_loc(key)]
    if not row["success_rate_high"] < 1 - tolerable:
        return False
    before, after = _effective(below), _effective(figures.loc[[key]])
    return not before[0] or intervals.share_difference(before, after, WIDE_Z)[0] > 0


def _effective(figures: pd.DataFrame) -> tuple[float, float]:
    """Failures and ended calls of some levels, as many as the dependence of the calls on each other leaves."""
    failed, ok = (figures[name] / figures["success_rate_effect"] for name in ("failed", "ok"))
    return float(failed.sum()), float(failed.sum() + ok.sum())
