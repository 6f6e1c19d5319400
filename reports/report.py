"""The report: read, compute, draw, render, write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports import charts
from reports.analysis import Analysis, analyse
from reports.markdown import join
from reports.run import read
from reports.sections.client import client
from reports.sections.configuration import configuration
from reports.sections.errors import errors
from reports.sections.head import head
from reports.sections.levels import first_token, latency, results, speed, tokens
from reports.sections.method import method
from reports.sections.slowest import slowest
from reports.sections.summary import summary

if TYPE_CHECKING:
    from collections.abc import Sequence

SECTIONS = (
    head,
    results,
    first_token,
    speed,
    latency,
    tokens,
    errors,
    client,
    slowest,
    summary,
    configuration,
    method,
)


def write(run_folder: Path, report_file: Path | None = None) -> Path:
    """Write the report of a run and, if asked for, a copy; see `reports.write`."""
    analysis = analyse(read(run_folder))
    drawn = charts.write(analysis.figures, run_folder / "charts")
    path = run_folder / "report.md"
    _write(path, markdown(analysis, drawn, "charts"))
    if report_file is not None:
        report_file.parent.mkdir(parents=True, exist_ok=True)
        _write(report_file, markdown(analysis, drawn, _way(report_file.parent, run_folder / "charts")))
    return path


def markdown(analysis: Analysis, drawn: Sequence[str], charts_folder: str) -> str:
    """The whole report; `charts_folder` is the way from the report to the charts that were drawn."""
    links = {name: quote(f"{charts_folder}/{name}.svg") for name in drawn}
    return join(*(part(analysis, links) for part in SECTIONS)) + "\n"


def _way(start: Path, end: Path) -> str:
    return Path(os.path.relpath(end.resolve(), start.resolve())).as_posix()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
