"""Read `requests.csv` of any length: in pieces, into columns of a fixed width, at most 90 bytes a call."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from reports.reading import RunFolderError
from reports.reading.compact_columns import Numbers, Texts, categories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MODES = ("streaming", "non_streaming")
TEXTS = (
    *("mode", "operation", "model_id", "name", "level", "users", "phase", "worker", "service_tier", "stop_reason"),
    *("error", "error_code", "error_stage", "error_message", "request_id", "routed_model"),
)
NUMBERS = (
    *("started_at", "scheduled_at", "send_delay_ms", "ttft_ms", "first_text_ms", "last_token_ms", "max_gap_ms"),
    *("latency_ms", "chunks", "content_bytes", "max_tokens"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("cache_write_1h_tokens", "input_tokens_asked", "record", "turn"),
    *("server_ttft_ms", "server_latency_ms", "read_lag_ms", "guardrail_ms", "first_bytes"),
    "reasoning_bytes",
)
MOMENTS = frozenset({"started_at", "scheduled_at"})
REQUIRED = ("started_at", "mode", "latency_ms", "error")
UNIQUE = ("error_message", "request_id")
"""Texts that differ from call to call: kept only for the calls that the report names."""
MOST_TEXTS = {
    **dict.fromkeys(("error_code", "error_stage", "service_tier", "stop_reason", "operation", "model_id", "name"), 100),
    "routed_model": 100,
    **dict.fromkeys(("error", "worker"), 1000),
    "level": 10_000,
}
"""Column -> how many different texts of it are told apart. Of more, as a hostile service sends, the rest is one."""
KIND = ("error", "error_code", "error_stage")
"""What makes a kind of failure."""
NOTABLE = 10
"""How many of the slowest calls, and of those with the longest stalls, keep their request id."""
MOST = 1e12
"""A larger number is none of a call: 32 years in ms, or in Unix seconds the year 33658."""
PIECE_ROWS = 50_000
BLOCK_BYTES = 1 << 22


@dataclass
class Read:
    """What was read."""

    calls: pd.DataFrame
    """One row per call; texts are categories."""
    cut: bool
    """Whether the last line was cut short."""
    lost: int
    """Lines that could not be read."""
    columns: frozenset[str]
    """The columns that the file has."""


def read(path: Path) -> Read:
    """The calls in a file. Raises RunFolderError if it is none of a run."""
    try:
        size = path.stat().st_size
        end, lines = whole_records(path)
        columns = _Columns(lines)
        _fill(columns, path, end)
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}") from error
    except pd.errors.ParserError as error:
        raise RunFolderError(f"cannot read {path}: {str(error).strip()}; correct or remove that line") from error
    return Read(columns.frame(), cut=end < size, lost=columns.lost, columns=columns.seen)


def whole_records(path: Path, block_bytes: int = BLOCK_BYTES) -> tuple[int, int]:
    """Where the last whole record of a CSV file ends, in bytes, and how many lines there are up to there.

    A record ends at a newline outside of quotes. The file is read in blocks of this number of bytes.
    """
    end = lines = at = 0
    inside = False
    with path.open("rb") as file:
        while block := file.read(block_bytes):
            quotes, upper = block.count(b'"') + inside, len(block)
            inside = quotes % 2 == 1
            while (place := block.rfind(b"\n", 0, upper)) >= 0:
                quotes -= block.count(b'"', place, upper)
                if quotes % 2 == 0:
                    end = at + place + 1
                    break
                upper = place
            lines += block.count(b"\n")
            at += len(block)
    return end, lines


def _fill(columns: _Columns, path: Path, end: int) -> None:
    """Quickly if all numbers are numbers, else all as text."""
    try:
        for piece in _pieces(path, end, "float64"):
            columns.add(piece)
    except pd.errors.ParserError:
        raise
    except ValueError:
        columns.clear()
        for piece in _pieces(path, end, "str"):
            columns.add(piece)


def _pieces(path: Path, end: int, numbers: str) -> Iterator[pd.DataFrame]:
    types = dict.fromkeys(TEXTS, "str") | dict.fromkeys(NUMBERS, numbers)
    with path.open("rb") as file:
        head = _Head(file, end)
        if not end or not file.peek(1).strip():
            return
        try:
            pieces: Iterable[pd.DataFrame] = pd.read_csv(
                io.BufferedReader(head, BLOCK_BYTES), chunksize=PIECE_ROWS, **csv_options(types, NUMBERS)
            )
        except pd.errors.EmptyDataError:  # blank lines only
            return
        for number, piece in enumerate(pieces):
            lacking = [column for column in REQUIRED if column not in piece] if number == 0 else []
            if lacking:
                raise RunFolderError(f"no column {', '.join(lacking)} in {path}: it is not of a run of bedrock-locust")
            yield piece


def csv_options(types: dict[str, str], numbers: Sequence[str]) -> dict[str, Any]:
    """How pandas is to read a CSV file of a run: these columns, of which some are numbers."""
    return {
        "dtype": types,  # not "category": that makes 7 of a request id 007
        "usecols": lambda column: column in types,
        "keep_default_na": False,  # an error message may be "None"
        "na_values": {column: [""] for column in numbers},
        "index_col": False,  # a line too long does not make the first columns an index
        "on_bad_lines": "skip",
        "encoding_errors": "replace",
    }


class _Head(io.RawIOBase):
    """The first bytes of a file."""

    def __init__(self, file: Any, length: int) -> None:
        self._file, self._left = file, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._left -= len(data)
        return len(data)


class _Columns:
    """Columns for at most this number of calls."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.clear()

    def clear(self) -> None:
        self._length = self.lost = 0
        self.seen = frozenset[str]()
        types = {number: "float64" if number in MOMENTS else "float32" for number in NUMBERS}
        self._numbers = {number: Numbers(self._most, types[number]) for number in NUMBERS}
        # Of a model that does not reason they are the same; TTFT is put first.
        self._numbers["first_text_ms"].same = self._numbers["ttft_ms"]
        most = {text: MOST_TEXTS.get(text, sys.maxsize) for text in TEXTS}
        self._texts = {text: Texts(np.zeros(self._most, dtype="int8"), most[text]) for text in TEXTS}

    def add(self, piece: pd.DataFrame) -> None:
        self.seen |= frozenset(piece.columns)
        none = pd.Series(np.nan, index=piece.index)
        numbers = {number: _sane(piece.get(number, none)) for number in NUMBERS}
        is_call = piece["mode"].isin(MODES) & numbers["started_at"].notna() & numbers["latency_ms"].notna()
        self.lost += int((~is_call).sum())
        calls = piece[is_call]
        calls = calls.assign(**{column: self._texts[column].fold(calls[column]) for column in KIND if column in calls})
        keep = _notable(calls.assign(**{column: numbers[column][is_call] for column in numbers}))
        for column in UNIQUE:
            if column in calls:
                calls = calls.assign(**{column: calls[column].where(keep, "")})
        start, self._length = self._length, self._length + len(calls)
        for number, values in numbers.items():
            self._numbers[number].put(start, values[is_call])
        for text, texts in self._texts.items():
            if text in calls:
                texts.put(start, calls[text])

    def frame(self) -> pd.DataFrame:
        """The columns as a table, without a copy of the numbers."""
        length, columns = self._length, dict[str, Any]()
        for text in TEXTS:
            column = self._texts.pop(text)
            columns[text] = categories(column.codes[:length], list(column.places))
        for number, values in self._numbers.items():
            columns[number] = values.column(length)
        return pd.DataFrame(columns, copy=False)


def _sane(column: pd.Series[Any]) -> pd.Series[float]:
    numbers = column if column.dtype == "float64" else pd.to_numeric(column, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < MOST)


def _notable(calls: pd.DataFrame) -> NDArray[np.bool_]:
    """Which calls of a piece the report might name: the slowest, the longest stalls, the first failure of each kind."""
    keep = np.zeros(len(calls), dtype=bool)
    kinds = [column for column in KIND if column in calls]
    failed = calls["error"].to_numpy() != ""
    keep[failed] = ~calls.loc[failed, kinds].duplicated().to_numpy()
    counts = ~failed & (calls["phase"].isin(["measure", ""]).to_numpy() if "phase" in calls else True)
    for metric in ("latency_ms", "max_gap_ms"):
        if metric in calls:
            values = np.where(counts, calls[metric].to_numpy(), np.nan)
            keep[longest(values, calls["started_at"].to_numpy())] = True
    return keep


def longest(values: NDArray[np.floating], started_at: NDArray[np.floating]) -> NDArray[np.intp]:
    """The places of the `NOTABLE` largest values, the earliest among equals, largest first; NaN is none."""
    places = np.flatnonzero(~np.isnan(values))
    if len(places) > NOTABLE:
        tenth = np.partition(values[places], -NOTABLE)[-NOTABLE]
        places = places[values[places] >= tenth]
    order = np.lexsort((started_at[places], -values[places]))
    return places[order[:NOTABLE]]
