"""Rows that a worker could not hand over: they go to a file on the worker's machine."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_locust.call import COLUMNS
from bedrock_locust.recording.row_file import cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bedrock_locust.call import Value


def keep(directory: str, run: str, worker: str, rows: Sequence[Sequence[Value]]) -> Path:
    """Write rows in the format of `requests.csv`. Returns the path of the file. Raises OSError."""
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    # The master names the run: no part of it may lead elsewhere.
    path = folder / f"orphaned-{re.sub(r'[^A-Za-z0-9]', '_', run[:8])}-{worker}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([cell(value) for value in row] for row in rows)
    return path
