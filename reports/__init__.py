"""From a run folder to a report: numbers, charts, Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RunFolderError", "write"]


class RunFolderError(Exception):
    """The folder cannot be read as a run folder. The message names it and says what to do."""


def write(run_folder: Path, report_file: Path | None = None) -> Path:
    """Write `report.md` and `charts/*.svg` into `run_folder`; return the path of `report.md`.

    With `report_file` a copy goes there, its chart links right from that place. Raises
    `RunFolderError` if the folder holds no run, and `OSError` if a file cannot be written; the
    copy comes last, so `report.md` is whole when only the copy failed.
    """
    # pandas and altair come with this import; workers import `reports` and must not pay for them.
    from reports import report  # noqa: PLC0415

    return report.write(run_folder, report_file)
