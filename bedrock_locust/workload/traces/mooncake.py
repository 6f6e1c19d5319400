"""Traces as those of Mooncake: a line a call with `timestamp` (ms), `input_length`, `output_length` and `hash_ids`.

Source: github.com/kvcache-ai/Mooncake. Our own traces are such lines, with more members.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.records import RecordError, numbers_of
from bedrock_locust.workload.traces.traced import Skipped, TracedCall, TraceError, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NAME = "Mooncake"
COUNTS = ("max_tokens", "cache_read_tokens", "cache_write_tokens")
TEXTS = ("operation", "model", "session_id")


def fits(record: Mapping[str, Any]) -> bool:
    """Whether a record has a time and a length."""
    return {"timestamp", "input_length"} <= record.keys()


def read(records: Iterable[tuple[str, Any]], skipped: Skipped) -> Iterator[TracedCall]:
    """The calls in records, with where they stand. Raises TraceError."""
    for where, record in records:
        if not isinstance(record, dict) or not fits(record):
            skipped.add("of another kind")
            continue
        prompt, answer = (
            whole_number(record.get(name, 0), f"{where}: {name}") for name in ("input_length", "output_length")
        )
        known = [name for name in COUNTS if record.get(name) is not None]
        counts = {name: whole_number(record[name], f"{where}: {name}") for name in known}
        texts = {name: str(record[name])[:100] for name in TEXTS if record.get(name)}
        latency = record.get("latency_ms")
        yield TracedCall(
            at=_seconds(record["timestamp"], where),
            input_length=prompt,
            output_length=answer,
            hash_ids=_ids(record.get("hash_ids"), where),
            latency_ms=float(latency) if isinstance(latency, int | float) and math.isfinite(latency) else None,
            **counts,  # type: ignore[arg-type]  # by their names
            **texts,  # type: ignore[arg-type]
        )


def _seconds(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise TraceError(f"{where}: timestamp is {value!r:.40}, but must be milliseconds")
    return value / 1000


def _ids(value: object, where: str) -> tuple[int, ...]:
    try:
        return numbers_of(value, "hash_ids")
    except RecordError as error:
        raise TraceError(f"{where}: {error}") from None
