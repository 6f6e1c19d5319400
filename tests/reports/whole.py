"""The report with all of its sections as Markdown: the short one, which is written, leaves some to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.charts import draw
from reports.edition import edition
from reports.reading.run import read
from reports.report import links, markdown

if TYPE_CHECKING:
    from pathlib import Path


def whole_report(folder: Path, language: str | None = None) -> str:
    """What the page of a run holds, before it is HTML."""
    analysis = edition(read(folder), language)
    return markdown(analysis, links(draw(analysis), "charts"))
