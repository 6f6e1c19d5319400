"""The report: read, compute, draw, render, write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports import charts, document, figures_json
from reports.edition import Edition, edition
from reports.markdown import join
from reports.reading.run import read
from reports.sections.client import client
from reports.sections.configuration import configuration
from reports.sections.cost import cost
from reports.sections.errors import errors
from reports.sections.gain import streaming
from reports.sections.head import head
from reports.sections.levels import first_token, latency, results, server, speed, tokens
from reports.sections.method import method
from reports.sections.phases import phases
from reports.sections.quota import quota
from reports.sections.slo import slo
from reports.sections.slowest import slowest, stalls
from reports.sections.summary import summary
from reports.sections.timeline import timeline
from reports.sections.trust import told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECTIONS = (
    head,
    results,
    timeline,
    slo,
    first_token,
    speed,
    latency,
    server,
    streaming,
    tokens,
    quota,
    errors,
    cost,
    client,
    slowest,
    stalls,
    phases,
    summary,
    configuration,
    method,
)
"""The table of contents of the report."""


def write(
    run_folder: Path,
    report_file: Path | None = None,
    *,
    formats: Sequence[str] | None = None,
    language: str | None = None,
) -> Path:
    """Write the report of a run and, if asked for, a copy; see `reports.write`."""
    analysis = edition(read(run_folder), language)
    wanted = set(formats) if formats else {"markdown", "json", *_formats(analysis)}
    return publish(analysis, run_folder, report_file, wanted)


def publish(analysis: Edition, folder: Path, report_file: Path | None, formats: set[str]) -> Path:
    """Write an analysis in these formats; return the first of Markdown, HTML and JSON."""
    drawn = charts.draw(analysis) if formats & {"markdown", "html"} else {}
    written: list[Path] = []
    if "markdown" in formats:
        charts.write(drawn, folder / "charts")
        written.append(_write(folder / "report.md", markdown(analysis, links(drawn, "charts"))))
    if "html" in formats:
        written.append(_write(folder / "report.html", html(analysis, drawn)))
    if "json" in formats:
        written.append(_write(folder / "report.json", figures_json.text(analysis, told(analysis))))
    if report_file is not None:
        report_file.parent.mkdir(parents=True, exist_ok=True)
        way = _way(report_file.parent, folder / "charts")
        is_page = report_file.suffix in {".html", ".htm"}
        _write(
            report_file,
            html(analysis, drawn or charts.draw(analysis)) if is_page else markdown(analysis, links(drawn, way)),
        )
    return written[0]


def markdown(analysis: Edition, charts: Mapping[str, str]) -> str:
    """The whole report; `charts` says where each chart that was drawn is."""
    return join(*(part(analysis, charts) for part in SECTIONS)) + "\n"


def html(analysis: Edition, drawn: Mapping[str, str]) -> str:
    """The whole report as one page that needs nothing else."""
    body = markdown(analysis, {name: f"chart:{name}" for name in drawn})
    return document.page(body, drawn, analysis.say.code)


def links(names: Mapping[str, str], folder: str) -> dict[str, str]:
    """The way from a report to each of the charts in a folder."""
    return {name: quote(f"{folder}/{name}.svg") for name in names}


def _formats(analysis: Edition) -> set[str]:
    """The formats that the settings of the run ask for besides."""
    asked = analysis.run.get("settings", "output", "formats")
    return {str(one) for one in asked if one in {"markdown", "html", "json"}} if isinstance(asked, list) else set()


def _way(start: Path, end: Path) -> str:
    return Path(os.path.relpath(end.resolve(), start.resolve())).as_posix()


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
