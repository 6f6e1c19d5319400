"""Latency percentiles of each level, one panel per mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.charts.percentiles import panels

if TYPE_CHECKING:
    import pandas as pd


def chart(figures: pd.DataFrame) -> Any:
    """Time to the complete answer in seconds; None if no call succeeded."""
    return panels(figures, "latency_ms", "Latency", "s", divisor=1000)
