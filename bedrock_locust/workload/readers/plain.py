"""Plain records: `{"prompt"}`, or `{"messages", "system"?, "max_tokens"?}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import arguments, config_of, conversation
from bedrock_locust.workload.records import Record, RecordError, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "plain"
_OF_A_PROMPT = frozenset({"prompt", "system", "max_tokens", "temperature", "top_p", "stop", "id"})


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has a prompt or messages."""
    return "prompt" in record or "messages" in record


def read(record: Mapping[str, Any]) -> Record:
    """The request in a record. Raises RecordError."""
    if "prompt" not in record:
        return Record(arguments=conversation(record, may_have=frozenset({"id"})))
    if unknown := [name for name in record if name not in _OF_A_PROMPT]:
        raise RecordError(f"{unknown[0][:80]} is no member beside prompt: {', '.join(sorted(_OF_A_PROMPT))} are")
    system = record.get("system")
    blocks = [{"text": text_of(system, "system")}] if system else []
    message = {"role": "user", "content": [{"text": text_of(record["prompt"], "prompt")}]}
    return Record(arguments=arguments(blocks, [message], config_of(record)))
