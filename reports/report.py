"""The report: read, compute, draw, render, write."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports import charts, document
from reports.edition import Edition, edition
from reports.exports import figures, github, junit
from reports.markdown import join
from reports.reading.run import read
from reports.sections.answers import answers
from reports.sections.arrivals import arrivals
from reports.sections.caching import caching
from reports.sections.client import client
from reports.sections.configuration import configuration
from reports.sections.cost import cost
from reports.sections.cross_check import aws_check
from reports.sections.elsewhere import elsewhere
from reports.sections.errors import errors
from reports.sections.gain import streaming
from reports.sections.head import head, told_plainly
from reports.sections.levels import first_token, gaps, latency, results, server, speed, tokens
from reports.sections.method import method
from reports.sections.phases import phases
from reports.sections.quota import quota
from reports.sections.replay import replay
from reports.sections.search import search
from reports.sections.sent import sent
from reports.sections.slo import slo
from reports.sections.slowest import slowest, stalls
from reports.sections.summary import summary
from reports.sections.timeline import timeline
from reports.sections.traced import guardrails, routed
from reports.sections.trust import told
from reports.sections.turns import turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.charts import Drawing

SECTIONS = (
    head,
    search,
    results,
    arrivals,
    replay,
    timeline,
    slo,
    first_token,
    speed,
    gaps,
    latency,
    server,
    streaming,
    sent,
    tokens,
    caching,
    turns,
    answers,
    guardrails,
    routed,
    quota,
    aws_check,
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
FILES = {"markdown": "report.md", "html": "report.html", "json": "report.json", "junit": "junit.xml"}
"""Format -> its file in the run folder. `github` has none: it goes to the summary of a job."""
DETAILS = (gaps, server, tokens, slowest, stalls, phases, summary, configuration, method)
"""Sections that the short report leaves out: nobody decides by them, and the page and the JSON have them."""
FOLDED = (server, slowest, stalls, phases, configuration, method)
"""Sections that a page shows closed at first."""


def write(
    run_folder: Path,
    report_file: Path | None = None,
    *,
    formats: Sequence[str] | None = None,
    language: str | None = None,
) -> Path:
    """Write the report of a run and, if asked for, a copy; see `reports.write`."""
    analysis = edition(read(run_folder), language)
    wanted = set(formats) if formats else _formats(analysis)
    return publish(analysis, run_folder, report_file, wanted)


def publish(analysis: Edition, folder: Path, report_file: Path | None, formats: set[str]) -> Path:
    """Write an analysis in these formats; return the first of `FILES`, or the folder if none of them was asked for."""
    drawn = charts.draw(analysis) if formats & {"markdown", "html"} or report_file else {}
    if "markdown" in formats:
        text = short(analysis, links(drawn, "charts"), _rest(formats))
        charts.write({name: one for name, one in drawn.items() if f"(charts/{name}.svg)" in text}, folder / "charts")
        _write(folder / "report.md", text)
    if "json" in formats:
        _write(folder / "report.json", figures.text(analysis, told(analysis), told_plainly(analysis)))
    if "html" in formats:
        _write(folder / "report.html", html(analysis, drawn))
    if "junit" in formats:
        _write(folder / FILES["junit"], junit.text(analysis))
    if report_file is not None:
        _copy(analysis, folder, report_file, drawn, formats)
    if "github" in formats:
        github.append(short(analysis, {}, _rest(formats)), analysis.say("github.cut"))
    return next((folder / name for kind, name in FILES.items() if kind in formats), folder)


def _copy(analysis: Edition, folder: Path, report_file: Path, drawn: Mapping[str, Drawing], formats: set[str]) -> None:
    """Write the report there: HTML where it is called so, else Markdown, with the page beside it if that is wanted."""
    report_file.parent.mkdir(parents=True, exist_ok=True)
    is_page = report_file.suffix in {".html", ".htm"}
    if not is_page:
        page, json = report_file.with_suffix(".html").name, _way(report_file.parent, folder / FILES["json"])
        rest = _rest(formats, {"html": page, "json": json})
        _write(report_file, short(analysis, links(drawn, _way(report_file.parent, folder / "charts")), rest))
    if is_page or "html" in formats:
        _write(report_file if is_page else report_file.with_suffix(".html"), html(analysis, drawn))


def markdown(analysis: Edition, charts: Mapping[str, str]) -> str:
    """The whole report; `charts` says where each chart that was drawn is."""
    return join(*(part(analysis, charts) for part in SECTIONS)) + "\n"


def short(analysis: Edition, charts: Mapping[str, str], rest: Sequence[str]) -> str:
    """What one decides by, with each note where it is needed first; `rest` are the files with all of it."""
    parts = [part(analysis, charts) for part in SECTIONS if part not in DETAILS]
    left_out = [part(analysis, charts) for part in DETAILS]
    return _noted_once(join(*parts, elsewhere(analysis, left_out, rest)), analysis) + "\n"


def _rest(formats: set[str], files: Mapping[str, str] = FILES) -> list[str]:
    """Of the files that are made, those that leave nothing out."""
    return [files[kind] for kind in ("html", "json") if kind in formats]


NOTES = ("mark.shaky", "mark.short", "mark.longer", "mark.interval", "mark.change")
"""The texts below a table that say what its marks mean."""


def _noted_once(text: str, analysis: Edition) -> str:
    """The text without the notes that were there before."""
    notes, seen = {analysis.say(note) for note in NOTES}, set[str]()
    kept = []
    for paragraph in text.split("\n\n"):
        if paragraph not in seen:
            kept.append(paragraph)
        if paragraph in notes:
            seen.add(paragraph)
    return "\n\n".join(kept)


def html(analysis: Edition, drawn: Mapping[str, Drawing]) -> str:
    """The whole report as one page that needs nothing else; details are folded."""
    places = {name: f"chart:{name}" for name in drawn}
    folded = [part(analysis, places).split("\n", 1)[0].removeprefix("## ") for part in FOLDED]
    return document.page(markdown(analysis, places), drawn, analysis.say, folded)


def links(names: Iterable[str], folder: str) -> dict[str, str]:
    """The way from a report to each of the charts in a folder."""
    return {name: quote(f"{folder}/{name}.svg") for name in names}


def _formats(analysis: Edition) -> set[str]:
    """Markdown, HTML and JSON, or Markdown, JSON and what the settings of the run ask for."""
    asked = analysis.run.get("settings", "output", "formats")
    return {"markdown", "json", *(asked if isinstance(asked, list) else ["html"])}


def _way(start: Path, end: Path) -> str:
    return Path(os.path.relpath(end.resolve(), start.resolve())).as_posix()


def _write(path: Path, text: str) -> Path:
    """Write a file. Raises OSError, also where a link leads out of its folder: whose file that is nobody knows."""
    if path.is_symlink() and path.resolve().parent != path.parent.resolve():
        raise OSError(errno.ELOOP, "it is a link that leads out of its folder", str(path))
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
