"""A source of a trace: which one it is, by its first record, and its calls."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.traces import azure, burstgpt, invocation_logs, mooncake
from bedrock_locust.workload.traces.traced import TraceError, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from bedrock_locust.workload.traces.traced import Skipped, Stored, TracedCall

TABLES = (azure, burstgpt)


def calls(place: Path, skipped: Skipped, *, with_content: bool = False) -> tuple[str, Iterator[TracedCall]]:
    """What the source is, and its calls, in its own order. Raises TraceError; so may the iteration."""
    if not place.exists():
        raise TraceError(f"{place}: there is no such file or folder")
    if not place.is_dir() and place.name.removesuffix(".gz").endswith(".csv"):
        kind, found = _of_table(place, skipped)
        return kind, skipped.usable(found)
    return of_files(place, _files(place), skipped, are_logs=place.is_dir(), with_content=with_content)


def of_files(
    place: object, files: Iterable[Stored], skipped: Skipped, *, are_logs: bool, with_content: bool = False
) -> tuple[str, Iterator[TracedCall]]:
    """The same of files that are read one after the other, wherever they are stored.

    `place` is what messages call them; with `are_logs` what stands in them are invocation logs, whatever comes first.
    """
    every = chain.from_iterable(map(invocation_logs.records, files))
    first = next(every, None)
    if first is None:
        raise TraceError(f"{place}: there is no record in it")
    again = chain([first], every)
    if isinstance(first[1], dict) and mooncake.fits(first[1]):
        return mooncake.NAME, skipped.usable(mooncake.read(again, skipped))
    if are_logs or (isinstance(first[1], dict) and invocation_logs.fits(first[1])):
        found = invocation_logs.read(again, skipped, with_content=with_content)
        return invocation_logs.NAME, skipped.usable(found)
    raise TraceError(f"{first[0]}: neither a Bedrock invocation log nor a trace with timestamp and input_length")


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    if found := invocation_logs.files(place):
        return found
    raise TraceError(f"{place}: there is no log in it (.json.gz, .json, .jsonl or .log)")


def _of_table(path: Path, skipped: Skipped) -> tuple[str, Iterator[TracedCall]]:
    rows = _rows(path)
    columns = set(next(rows)[1])
    for kind in TABLES:
        if columns >= set(kind.COLUMNS):
            return kind.NAME, kind.read(rows, skipped)
    known = " or ".join(", ".join(kind.COLUMNS) for kind in TABLES)
    raise TraceError(f"{path}: its columns are {sorted(map(str, columns))!r:.200}, but must hold {known}")


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    """The column names, then the rows, with where they stand. Raises TraceError."""
    table = csv.DictReader(lines(path))
    try:
        yield str(path), dict.fromkeys(table.fieldnames or ())
        for row in table:
            if None in row.values():
                raise TraceError(f"{path}, line {table.line_num}: has fewer cells than the first line")
            yield f"{path}, line {table.line_num}", row
    except csv.Error as error:
        raise TraceError(f"{path} cannot be read ({error})") from None
