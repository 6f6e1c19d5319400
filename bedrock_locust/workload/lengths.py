"""Lengths: drawn from a distribution, or read from a file."""

from __future__ import annotations

import csv
import json
import math
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.workload import MOST_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from random import Random

    from bedrock_locust.settings.schema import Settings
    from bedrock_locust.settings.workload import Length, Pause

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "ContextTokens", "Request tokens", "input_length", "inputTokenCount"),
    "output_tokens": ("output_tokens", "GeneratedTokens", "Response tokens", "output_length", "outputTokenCount"),
}
"""Key of the settings -> names of the column with such lengths, in our own files and in public traces."""
MOST_LINES = 1_000_000
MOST_VALUES = 1000
"""Different lengths that are kept of a file; of more, its permilles."""


def draw_pause_s(pause: Pause | None, rng: Random) -> float:
    """The length of a pause, in seconds; 0 without one."""
    if pause is None:
        return 0.0
    if pause.median:
        return rng.lognormvariate(math.log(pause.median), math.sqrt(2 * math.log(pause.mean / pause.median)))
    return max(0.0, rng.gauss(pause.mean, pause.stddev)) if pause.stddev else pause.mean


class Drawer:
    """Draws lengths."""

    def __init__(self, length: Length, rng: Random) -> None:
        self._length, self._rng = length, rng
        mean, median = length.mean or 1, length.median or 1
        self._sigma = math.sqrt(2 * math.log(mean / median)) if length.median else 0.0

    def draw(self) -> int:
        """The next length: a whole number from 1 on."""
        length, rng = self._length, self._rng
        if length.values:
            value: float = rng.choices(length.values, length.weights)[0]
        elif length.median:
            value = rng.lognormvariate(math.log(length.median), self._sigma)
        else:
            value = rng.gauss(length.mean or 1, length.stddev or 0) if length.stddev else length.mean or 1
        return max(1, min(round(value), length.max or MOST_TOKENS))


def with_lengths_of_files(settings: Settings) -> Settings:
    """The settings with the lengths that `{from: file}` names. Raises SettingsError."""
    workload = settings.workload
    if workload is None:
        return settings
    read = {
        key: length.model_copy(update={"values": values_of(Path(length.source), key)})
        for key in COLUMNS
        if (length := getattr(workload, key)) and length.source and not length.values
    }
    return settings.model_copy(update={"workload": workload.model_copy(update=read)}) if read else settings


def values_of(path: Path, key: str) -> tuple[int, ...]:
    """The lengths in a file: a number a line, CSV with a column of a known name, or JSONL. Raises SettingsError."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            numbers = sorted(islice(_numbers(file, path, key), MOST_LINES))
    except OSError as error:
        raise SettingsError(f"workload.{key}: {path} cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"workload.{key}: {path} is no text of lengths ({error})") from None
    if not numbers:
        raise SettingsError(f"workload.{key}: {path} has no lengths")
    if len(numbers) <= MOST_VALUES:
        return tuple(numbers)
    return tuple(numbers[int((place + 0.5) * len(numbers) / MOST_VALUES)] for place in range(MOST_VALUES))


def _numbers(lines: Iterable[str], path: Path, key: str) -> Iterator[int]:
    """The lengths above 0: a trace has 0 for a call that failed."""
    numbered = iter(enumerate(lines, 1))
    first = next(numbered, (1, ""))
    if first[1].lstrip().startswith("{"):
        for number, line in chain([first], numbered):
            yield from _of_json(line, number, path, key)
        return
    names = next(csv.reader([first[1]]), [])
    column = next((names.index(name) for name in COLUMNS[key] if name in names), None)
    if column is None:
        yield from _whole(names, 0, 1, path, key)
    for number, line in numbered:
        yield from _whole(next(csv.reader([line]), []), column or 0, number, path, key)


def _of_json(text: str, number: int, path: Path, key: str) -> Iterator[int]:
    if not text.strip():
        return
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise SettingsError(f"workload.{key}: {path}, line {number}: is no JSON object")
    value = next((record[name] for name in COLUMNS[key] if name in record), "")
    yield from _whole([str(value) or "none"], 0, number, path, key)


def _whole(row: list[str], column: int, number: int, path: Path, key: str) -> Iterator[int]:
    if not row or not "".join(row).strip():
        return
    try:
        value = round(float(row[column]))
    except (ValueError, IndexError, OverflowError):
        names = ", ".join(COLUMNS[key])
        raise SettingsError(
            f"workload.{key}: {path}, line {number}: has no length. A file has a number a line, or a column of one of"
            f" these names: {names}"
        ) from None
    if value > 0:
        yield min(value, MOST_TOKENS)
