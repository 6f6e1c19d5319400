"""The text of a report without drawing its charts, which is most of the work: each is linked, with data or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.charts import CHARTS
from reports.edition import edition
from reports.reading.run import read
from reports.report import FILES, links, markdown, short

if TYPE_CHECKING:
    from pathlib import Path


def whole_report(folder: Path, language: str | None = None) -> str:
    """What the page of a run holds, before it is HTML: all sections."""
    analysis = edition(read(folder), language)
    return markdown(analysis, links(CHARTS, "charts"))


def short_report(folder: Path, language: str | None = None) -> str:
    """What `report.md` of a run holds, where the page and the JSON are made, too."""
    analysis = edition(read(folder), language)
    return short(analysis, links(CHARTS, "charts"), [FILES["html"], FILES["json"]])
