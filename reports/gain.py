"""The levels that both modes ran with the same number of users."""

from __future__ import annotations

import pandas as pd


def pairs(figures: pd.DataFrame) -> pd.DataFrame:
    """The keys of the levels `streaming` and `non_streaming`, by users; only levels with successes in both."""
    useful = figures[(figures["ok"] > 0) & figures["users"].notna()]
    useful = useful[(useful["mode"] != "streaming") | (useful["ttft_ms_count"] > 0)]
    keys = {
        mode: pd.Series(rows.index, index=pd.Index(rows["users"]))
        for mode in ("streaming", "non_streaming")
        for rows in [useful[useful["mode"] == mode]]
    }
    keys = {mode: found[~found.index.duplicated()] for mode, found in keys.items()}
    return pd.DataFrame(keys).dropna()
