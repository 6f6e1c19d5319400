"""The run in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.sections.words import chart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.edition import Edition


def timeline(analysis: Edition, charts: Mapping[str, str]) -> str:
    """The chart of what became of the calls in time."""
    return chart(analysis, charts, "timeline")
