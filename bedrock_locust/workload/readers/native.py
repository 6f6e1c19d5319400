"""Bodies of InvokeModel, Messages, Chat Completions and Responses as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import conversation
from bedrock_locust.workload.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "native"
_INVOKE = frozenset(
    [
        "anthropic_version",
        "inputText",
        "textGenerationConfig",
        "schemaVersion",
        "max_gen_len",
        "max_tokens_to_sample",
        "message",
        "chat_history",
    ]
)
_CHAT = frozenset(
    [
        "model",
        "max_completion_tokens",
        "response_format",
        "tool_choice",
        "reasoning_effort",
        "tools",
        "thinking",
        "stream",
    ]
)
_RESPONSES = frozenset({"input", "instructions", "max_output_tokens"})
_NOT_OURS = frozenset({"model", "stream", "stream_options"})
"""Members that the settings decide."""


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has members that only bodies have."""
    return bool(_INVOKE & record.keys()) or "input" in record or ("messages" in record and bool(_CHAT & record.keys()))


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record; bodies with messages can be sent by Converse, too."""
    body = {name: value for name, value in record.items() if name not in _NOT_OURS}
    if _RESPONSES & body.keys():
        return Record(body=body, api="responses")
    if "anthropic_version" in body or _INVOKE & body.keys():
        return Record(body=body, api="invoke")
    return Record(body=body, api="messages" if "thinking" in body else "chat")


def as_converse(body: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of Converse that a body with messages means. Raises RecordError where it has more than text."""
    return conversation(body, may_have=frozenset({"anthropic_version", "store", "user", "metadata"}))
