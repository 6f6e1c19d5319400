"""Questions as in MT-Bench: `turns` are the texts of one user; sent one after the other, or as one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import arguments
from bedrock_locust.workload.records import Record, list_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "mt_bench"


def fits(record: Mapping[str, Any]) -> bool:
    """Whether its turns are texts."""
    turns = record.get("turns")
    return isinstance(turns, list) and bool(turns) and all(isinstance(turn, str) for turn in turns)


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record. Raises RecordError."""
    turns = list_of(record.get("turns"), "turns")
    blocks = [{"text": text_of(turn, f"turns[{number}]")} for number, turn in enumerate(turns)]
    said = tuple({"role": "user", "content": [block]} for block in blocks)
    return Record(arguments=arguments([], [{"role": "user", "content": blocks}], {}), said=said)
