"""From a run folder to a report: numbers, charts, Markdown, HTML, JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.reading import RunFolderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["RunFolderError", "write"]


def write(
    run_folder: Path,
    report_file: Path | None = None,
    *,
    formats: Sequence[str] | None = None,
    language: str | None = None,
) -> Path:
    """Write `report.md` with `charts/*.svg`, `report.html` and `report.json` into `run_folder`; return the first.

    `formats` are some of `markdown`, `html` (one file that needs no other) and `json`; `language` is `en`
    or `zh`. Without them the run's own settings decide (`output.formats`, `output.language`), and Markdown
    and JSON are always made. With `report_file` a copy goes there, HTML if it is called so, its chart links
    right from that place; beside a copy in Markdown goes one in HTML.

    Raises `RunFolderError` if the folder holds no run, and `OSError` if a file cannot be written; the
    copy comes last, so `report.md` is whole when only the copy failed.
    """
    # pandas and altair come with this import; workers import `reports` and must not pay for them.
    from reports import report  # noqa: PLC0415

    return report.write(run_folder, report_file, formats=formats, language=language)
