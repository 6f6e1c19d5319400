"""TTFT percentiles of each streaming level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.charts.percentiles import panels

if TYPE_CHECKING:
    from reports.edition import Edition


def chart(analysis: Edition) -> Any:
    """Time to the first token in milliseconds; None if no streaming call succeeded."""
    return panels(analysis, "ttft_ms", analysis.say("chart.ttft"))
