"""Traces as those of Mooncake: `input_length`, `output_length` and `hash_ids`; or a text, messages or a payload.

A length becomes a prompt of words: each hash id stands for 512 tokens, equal ids for equal words. Where a line tells
what was read from the prompt cache and written to it, there are cache points. `workload.replay` uses the times.
Source: `dataset/loader/models.py` of AIPerf 0.13, and the traces of kvcache-ai/Mooncake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import arguments, conversation
from bedrock_locust.workload.readers import converse
from bedrock_locust.workload.readers.native import read as read_body
from bedrock_locust.workload.records import Record, RecordError, count_of, numbers_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "mooncake"
BLOCK_TOKENS = 512
"""Tokens that a hash id stands for."""
MOST_TOKENS = 100_000_000
MOST_POINTS = 4
"""The service takes no more cache points in a request."""


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has a length, or a member that only such traces have."""
    return bool({"input_length", "text_input", "hash_ids", "payload"} & record.keys()) or (
        "messages" in record and "output_length" in record
    )


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record. Raises RecordError."""
    # Traces of ours know what a call allowed its answer: that is what it reserves from a quota.
    limit = count_of(record.get("max_tokens"), "max_tokens") or count_of(record.get("output_length"), "output_length")
    config = {"maxTokens": limit} if limit else {}
    if record.get("payload") is not None:
        body = object_of(record["payload"], "payload")
        return converse.read(body) if converse.fits(body) else read_body(body)
    if record.get("text_input") is not None:
        block = {"text": text_of(record["text_input"], "text_input")}
        return Record(arguments=arguments([], [{"role": "user", "content": [block]}], config))
    if record.get("messages") is not None:
        found = conversation({"messages": record["messages"]})
        return Record(arguments={**found, "inferenceConfig": config} if config else found)
    length = count_of(record.get("input_length"), "input_length")
    if length is None:
        raise RecordError("input_length is missing")
    blocks = numbers_of(record.get("hash_ids"), "hash_ids")
    return Record(input_tokens=length, blocks=blocks, cached=_points(record, len(blocks)), max_tokens=limit)


def _points(record: Mapping[str, Any], blocks: int) -> tuple[int, ...]:
    """After how many blocks there are cache points: as our traces say, or where the cache was read and written."""
    if "cache_points" in record:
        places = set(numbers_of(record["cache_points"], "cache_points"))
    else:
        read, written = (record.get(f"cache_{name}_tokens") or 0 for name in ("read", "write"))
        if not all(isinstance(count, int) and 0 <= count <= MOST_TOKENS for count in (read, written)):
            raise RecordError("cache_read_tokens and cache_write_tokens must be whole numbers")
        places = {min(tokens // BLOCK_TOKENS, blocks) for tokens in (read, read + written)}
    return tuple(sorted(place for place in places if 0 < place <= blocks))[-MOST_POINTS:]
