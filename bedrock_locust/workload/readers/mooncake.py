"""Traces as those of Mooncake: `input_length`, `output_length` and `hash_ids`; or a text, messages or a payload.

A length becomes a prompt of words: each hash id stands for 512 tokens, equal ids for equal words. Times are not used.
Source: `dataset/loader/models.py` of AIPerf 0.13, and the traces of kvcache-ai/Mooncake.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import arguments, conversation
from bedrock_locust.workload.readers.native import read as read_body
from bedrock_locust.workload.records import Record, RecordError, count_of, numbers_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "mooncake"


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
        return read_body(object_of(record["payload"], "payload"))
    if record.get("text_input") is not None:
        block = {"text": text_of(record["text_input"], "text_input")}
        return Record(arguments=arguments([], [{"role": "user", "content": [block]}], config))
    if record.get("messages") is not None:
        found = conversation({"messages": record["messages"]})
        return Record(arguments={**found, "inferenceConfig": config} if config else found)
    length = count_of(record.get("input_length"), "input_length")
    if length is None:
        raise RecordError("input_length is missing")
    return Record(input_tokens=length, blocks=numbers_of(record.get("hash_ids"), "hash_ids"), max_tokens=limit)
