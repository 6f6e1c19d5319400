"""Formats of workload files, one module each: `NAME`, `fits(record)` and `read(record)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from bedrock_locust.workload.readers import (
    aiperf,
    bedrock_batch,
    converse,
    mooncake,
    mt_bench,
    native,
    openai_batch,
    plain,
    sharegpt,
)
from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.workload.records import Record


class Reader(Protocol):
    """What a module of a format offers."""

    NAME: str

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is of this format, by its members."""

    def read(self, record: Mapping[str, Any]) -> Record:
        """The request in a record. Raises RecordError."""


READERS: tuple[Reader, ...] = (
    openai_batch,
    bedrock_batch,
    sharegpt,
    mt_bench,
    aiperf,
    mooncake,
    converse,
    native,
    plain,
)
"""In the order in which they are asked: those whose members nobody else has come first."""
BY_NAME = {reader.NAME: reader for reader in READERS}


def reader_of(record: Mapping[str, Any]) -> Reader:
    """The format of a record. Raises RecordError."""
    for reader in READERS:
        if reader.fits(record):
            return reader
    names = ", ".join(sorted(str(name)[:40] for name in record)[:8]) or "none"
    raise RecordError(f"its members ({names}) are those of no known format, such as prompt or messages")
