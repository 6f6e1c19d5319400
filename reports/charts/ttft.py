"""TTFT percentiles of each streaming level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.charts.percentiles import panels

if TYPE_CHECKING:
    import pandas as pd


def chart(figures: pd.DataFrame) -> Any:
    """Time to the first token in milliseconds; None if no streaming call succeeded."""
    return panels(figures, "ttft_ms", "Time to first token", "ms")
