"""Files of records that are no JSONL: a JSON array, CSV, either compressed with gzip, and Parquet."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROWS = 1000
"""Rows of Parquet that are read together."""
MOST_BYTES = 100_000_000
"""The largest file that is turned into JSONL at the start of a run."""
MOST_UNPACKED_BYTES = 20_000_000_000
"""The largest JSONL that is unpacked at the start of a run."""
NUMBERS = frozenset({"max_tokens", "temperature", "top_p", "input_length", "output_length"})
"""Columns of CSV that are numbers."""
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_MAKE_IT = "turn it into JSONL first: python -m bedrock_locust workload FILE -o x.jsonl"


def lines_of(file: BinaryIO, path: Path, *, bounded: bool) -> Iterator[bytes] | None:
    """The lines of a file that is no JSONL; None for one that is. Lines raise RecordError.

    `bounded` refuses a file that is too large to be turned at the start of a run.
    """
    head = file.read(4096)
    file.seek(0)
    if head.startswith(_PARQUET):
        return _of_parquet(path, bounded=bounded)
    if head.startswith(_GZIP):
        return _of_gzip(file, path, bounded=bounded)
    if _is_jsonl(head, path.name):
        return None
    return _lines(io.BytesIO(_read(file, bounded=bounded)), path.name)


def _is_jsonl(head: bytes, name: str) -> bool:
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return begin != b"[" and not name.lower().endswith(".csv")


def _of_gzip(file: BinaryIO, path: Path, *, bounded: bool) -> Iterator[bytes]:
    name = path.name.removesuffix(".gz")
    try:
        with gzip.open(file) as inside:
            if _is_jsonl(inside.peek(4096)[:4096], name):
                yield from _unpacked(inside)
                return
            content = _read(inside, bounded=bounded)  # type: ignore[arg-type]  # it is read as a file
    except (OSError, EOFError, zlib.error):
        raise RecordError("it is no whole gzip file") from None
    yield from _lines(io.BytesIO(content), name)


def _unpacked(file: gzip.GzipFile) -> Iterator[bytes]:
    """The lines, without their ends: however many there are, they need no memory. Raises RecordError."""
    size = 0
    while line := file.readline(MOST_BYTES):
        size += len(line)
        if size > MOST_UNPACKED_BYTES or (len(line) == MOST_BYTES and not line.endswith(b"\n")):
            raise RecordError(
                f"it has more than {MOST_UNPACKED_BYTES:,} bytes when it is unpacked, or more than {MOST_BYTES:,} in a"
                " line"
            )
        yield line.rstrip(b"\r\n")


def _read(file: BinaryIO, *, bounded: bool) -> bytes:
    content = file.read(MOST_BYTES + 1 if bounded else -1)
    if bounded and len(content) > MOST_BYTES:
        raise RecordError(f"it has more than {MOST_BYTES:,} bytes and is no JSONL: {_MAKE_IT}")
    return content


def _lines(file: io.BytesIO, name: str) -> Iterator[bytes]:
    return _of_csv(file) if name.lower().endswith(".csv") else _of_array(file)


def _of_array(file: io.BytesIO) -> Iterator[bytes]:
    try:
        records = json.loads(file.getvalue().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise RecordError(f"line {error.lineno}, column {error.colno}: it is not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise RecordError("it is not valid JSON") from None
    if not isinstance(records, list):
        raise RecordError("it is no JSON array")
    for record in records:
        yield json.dumps(record).encode()


def _of_csv(file: io.BytesIO) -> Iterator[bytes]:
    csv.field_size_limit(MOST_BYTES)
    number = 1
    try:
        rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", newline=""), strict=True)
        for row in rows:
            number = rows.line_num
            if None in row:
                raise RecordError(f"line {number}: it has more values than the header has names")
            yield json.dumps({name: _value(name, text) for name, text in row.items() if text}).encode()
    except (csv.Error, UnicodeDecodeError) as error:
        raise RecordError(f"after line {number}: it is no CSV in UTF-8 ({type(error).__name__})") from None


def _value(name: str, text: str) -> Any:
    if name not in NUMBERS:
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _of_parquet(path: Path, *, bounded: bool) -> Iterator[bytes]:
    """The rows, some at a time: they are never in memory together."""
    try:
        # No other file needs it.
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise RecordError("Parquet needs pyarrow: pip install 'bedrock-locust[parquet]'") from None
    try:
        with parquet.ParquetFile(path) as file:
            groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
            if bounded and sum(group.total_byte_size for group in groups) > MOST_BYTES:
                raise RecordError(f"it has more than {MOST_BYTES:,} bytes and is no JSONL: {_MAKE_IT}")
            for batch in file.iter_batches(ROWS):
                for row in batch.to_pylist():
                    yield json.dumps(_present(row), default=_as_text).encode()
    except (OSError, ValueError, ArithmeticError) as error:
        raise _known(error) from None


def _known(error: Exception) -> RecordError:
    if isinstance(error, RecordError):
        return error
    return RecordError(f"it is no Parquet that can be read ({type(error).__name__})")


def _present(value: Any) -> Any:
    """The value without members that are not there: rows of Parquet have all of them."""
    if isinstance(value, dict):
        return {name: _present(part) for name, part in value.items() if part is not None}
    return [_present(part) for part in value] if isinstance(value, list) else value


def _as_text(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
