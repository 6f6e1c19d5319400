"""The summary of a job on GitHub: the report without its charts, which GitHub does not show there.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary: Markdown is
appended to the file that GITHUB_STEP_SUMMARY names; of a step's summary over 1 MiB nothing is shown.
"""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "GITHUB_STEP_SUMMARY"
MOST_BYTES = 1024 * 1024


def append(report: str, cut: str) -> Path | None:
    """Append a report to the summary; None where there is none. `cut` is said where sections were left out.

    Raises OSError if the file cannot be written.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named)
    room = MOST_BYTES - (path.stat().st_size if path.exists() else 0)
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(fitting(report, cut, room))
    return path


def fitting(report: str, cut: str, most_bytes: int) -> str:
    """The first sections of a report that fit, with `cut` as the last line if some do not; empty if none does."""
    if len(report.encode()) <= most_bytes:
        return report
    sections = report.split("\n## ")
    for count in range(len(sections) - 1, 0, -1):
        kept = "\n## ".join(sections[:count]).rstrip() + f"\n\n{cut}\n"
        if len(kept.encode()) <= most_bytes:
            return kept
    return ""
