"""What takes the place of the report in runs whose tests do not read it: its charts cost more CPU than the run.

It is copied to where a locustfile finds it, and runs in the process of the report, as the report does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def nothing(folder: Path, _: Path | None = None) -> Path:
    """A file that says only that its time has come."""
    return _write(folder, "# No report\n")


def text(folder: Path, _: Path | None = None) -> Path:
    """The text of the report with its figures, which the last lines of a run quote; no charts and no page."""
    import reports  # noqa: PLC0415 - pandas comes with it
    from reports.edition import edition  # noqa: PLC0415
    from reports.reading.run import read  # noqa: PLC0415
    from reports.report import short  # noqa: PLC0415

    reports.write(folder, formats=["json"])
    return _write(folder, short(edition(read(folder)), {}, ["report.json"]))


def _write(folder: Path, content: str) -> Path:
    path = folder / "report.md"
    path.write_text(content, encoding="utf-8")
    return path
