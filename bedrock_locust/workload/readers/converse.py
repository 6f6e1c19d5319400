"""Arguments of Converse as they are; also payloads of LLMeter, whose bytes are base64 in markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "converse"
MARKER = "__llmeter_bytes__"
"""LLMeter 0.2 writes bytes as `{"__llmeter_bytes__": "<base64>"}`."""
_NOT_OURS = frozenset({"modelId"})
_VERSIONS = frozenset({"anthropic_version", "schemaVersion"})
_ONLY_HERE = frozenset({"inferenceConfig", "toolConfig", "additionalModelRequestFields", "guardrailConfig", "modelId"})


def fits(record: Mapping[str, Any]) -> bool:
    """Whether its messages have blocks without a type, or it has members that no other API has.

    Bodies of Claude and Nova look much the same, and tell their version.
    """
    messages = record.get("messages")
    if not isinstance(messages, list) or _VERSIONS & record.keys():
        return False
    contents = [message.get("content") for message in messages if isinstance(message, dict)]
    blocks = [block for content in contents if isinstance(content, list) for block in content]
    return bool(_ONLY_HERE & record.keys()) or any(isinstance(one, dict) and "type" not in one for one in blocks)


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record: its model is that of the settings."""
    return Record(arguments={name: _unmarked(value) for name, value in record.items() if name not in _NOT_OURS})


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return value[MARKER] if value.keys() == {MARKER} else {name: _unmarked(part) for name, part in value.items()}
    return [_unmarked(part) for part in value] if isinstance(value, list) else value
