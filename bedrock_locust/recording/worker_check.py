"""What a worker reports, checked whole before any of it is kept: a bad row would spoil figures or stop the master."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bedrock_locust.call import CANCELLED, COLUMNS, Call
from bedrock_locust.errors import REMEDIES
from bedrock_locust.redaction import TEXT_LIMITS, word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bedrock_locust.call import Value
    from bedrock_locust.recording.worker_rows import Batch, RowsReport

MOST = 1e12
"""Larger than any number that a row can have: 30 years in milliseconds, and a Unix time in seconds."""
MOST_BUCKET = 5000
"""Beyond any bucket of a Histogram: that of MOST is 1382."""
LONGEST = 2048
"""Characters of the longest text in a row: a model id."""
CATEGORIES = frozenset({"", CANCELLED, *REMEDIES})
OTHER = "UnknownError"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SIGNED = frozenset({"send_delay_ms", "read_lag_ms"})
"""Differences between two clocks, which may be a little below 0."""


class WrongReportError(ValueError):
    """What a worker reports is not what a worker of this version reports; the text says where."""


def checked(report: RowsReport) -> RowsReport:
    """The report, with texts of the service as they may be kept. Raises WrongReportError."""
    whole(report.rows_made, "rows_made")
    _optional(report.cpu_percent, _number, "cpu_percent")
    _optional(report.last, whole, "last")
    whole(report.in_flight, "in_flight")
    for level, phases in _levels(report.arrivals, "arrivals"):
        for phase, counts in _levels(phases, f"arrivals of {shown(level)}"):
            _pair(counts, f"arrivals of {shown(level)}, {shown(phase)}")
    return replace(report, batches=tuple(map(_batch, report.batches)))


def number(value: object, what: str) -> None:
    """Raise WrongReportError unless a value is a finite number, of either sign."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST <= value <= MOST:
        raise WrongReportError(f"{what} is {shown(value)}, not a number in range")


def _batch(batch: Batch) -> Batch:
    if not whole(batch.number, "number of a batch"):
        raise WrongReportError("number of a batch is 0")
    if not isinstance(batch.rows, list | tuple):
        raise WrongReportError(f"rows are {shown(batch.rows)}, not a list")
    for level, gaps in _levels(batch.gaps, "gaps"):
        _counts(gaps, f"gaps of {shown(level)}")
    for level, seen in _levels(batch.pulse, "pulse"):
        _pulse(seen, f"pulse of {shown(level)}")
    return type(batch)(batch.number, [_row(row) for row in batch.rows], batch.gaps, batch.pulse)


def _row(row: Sequence[Value]) -> list[Value]:
    if not isinstance(row, list | tuple) or len(row) != len(COLUMNS):
        raise WrongReportError(f"a row is {shown(row)}, not {len(COLUMNS)} values")
    return [check(value, column) for check, column, value in zip(_CHECKS, COLUMNS, row, strict=True)]


def _number(value: Any, what: str) -> Any:
    number(value, what)
    if value < 0 and what not in _SIGNED:
        raise WrongReportError(f"{what} is {shown(value)}, less than 0")
    return value


def whole(value: Any, what: str) -> Any:
    """The value. Raises WrongReportError unless it is a whole number, 0 or more, in range."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
        raise WrongReportError(f"{what} is {shown(value)}, not a whole number in range")
    return value


def _text(value: Any, what: str) -> Any:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise WrongReportError(f"{what} is {shown(value)}, not a text of at most {LONGEST} characters")
    return value if value.isprintable() else word(value, LONGEST)


def _category(value: Any, what: str) -> Any:
    return value if _text(value, what) in CATEGORIES else OTHER


def _said(value: Any, what: str) -> Any:
    """A text of the service: it is cut and scrubbed as where a Call is made."""
    text = _text(value, what)
    return text if not text or _UUID.fullmatch(text) else _word(text, TEXT_LIMITS[what])


@functools.lru_cache(4096)
def _word(text: str, limit: int) -> str:
    return word(text, limit)


def _optional(value: Any, check: Callable[[Any, str], Any], what: str) -> Any:
    return None if value is None else check(value, what)


def _levels(value: object, what: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(level, str) and len(level) <= LONGEST for level in value):
        raise WrongReportError(f"{what} are {shown(value)}, not by level")
    return list(value.items())


def _counts(value: object, what: str) -> None:
    """Buckets of a Histogram and how often each was hit."""
    if not isinstance(value, dict):
        raise WrongReportError(f"{what} are {shown(value)}, not counts")
    for bucket, count in value.items():
        if isinstance(bucket, bool) or not isinstance(bucket, int) or abs(bucket) > MOST_BUCKET:
            raise WrongReportError(f"{what} have the bucket {shown(bucket)}")
        whole(count, what)


def _pair(value: object, what: str) -> None:
    """Two counts."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise WrongReportError(f"{what} are {shown(value)}, not two counts")
    for count in value:
        whole(count, what)


def _pulse(value: object, what: str) -> None:
    if not isinstance(value, dict) or not {"cpu_s", "wall_s", "lag"} <= value.keys():
        raise WrongReportError(f"{what} is {shown(value)}")
    for key in ("cpu_s", "wall_s"):
        _number(value[key], f"{what}, {key},")
    _counts(value["lag"], f"{what}, lag,")


def shown(value: object) -> str:
    """The beginning of a value, as it can stand in a line."""
    return word(repr(value)[:200])


def _check_of(column: str) -> Callable[[Any, str], Any]:
    """What checks the values of a column, by the type of its field."""
    kind = str(Call.__annotations__[column])
    if column == "error":
        return _category
    if column in TEXT_LIMITS:
        return _said
    check = whole if kind.startswith("int") else _number if kind.startswith("float") else _text
    return functools.partial(_optional_of, check) if "None" in kind else check


def _optional_of(check: Callable[[Any, str], Any], value: Any, what: str) -> Any:
    return None if value is None else check(value, what)


_CHECKS = tuple(_check_of(column) for column in COLUMNS)
