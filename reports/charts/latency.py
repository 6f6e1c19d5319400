"""Latency percentiles of each level, one panel per mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.charts.percentiles import panels

if TYPE_CHECKING:
    from reports.edition import Edition


def chart(analysis: Edition) -> Any:
    """Time to the complete answer in seconds; None if no call succeeded."""
    return panels(analysis, "latency_ms", analysis.say("chart.latency"), divisor=1000)
