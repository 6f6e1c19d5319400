"""Rows that a worker could not hand over: a file beside the worker."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_locust.call import COLUMNS
from bedrock_locust.recording.row_file import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.call import Value


def keep(directory: str, run: str, worker: str, rows: Sequence[Sequence[Value]]) -> Path:
    """Write the rows as those of `requests.csv`; where they are now. Raises OSError."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"orphaned-{run[:8]}-{worker}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([cell(value) for value in row] for row in rows)
    return path
