"""Conversations as in ShareGPT: `conversations` of `from` and `value`, or of `role` and `content`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.conversation import SYSTEM, arguments
from bedrock_locust.workload.records import Record, RecordError, list_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "sharegpt"
_ROLES = {
    **dict.fromkeys(("human", "user"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
    **dict.fromkeys(SYSTEM, "system"),
}


def fits(record: Mapping[str, Any]) -> bool:
    """Whether it has conversations."""
    return "conversations" in record


def read(record: Mapping[str, Any]) -> Record:
    """The conversation up to its last question; answers before it are the recorded ones. Raises RecordError."""
    system, messages = list[Any](), list[Any]()
    for number, turn in enumerate(list_of(record.get("conversations"), "conversations")):
        place = f"conversations[{number}]"
        said = object_of(turn, place)
        role = _ROLES.get(str(said.get("from") or said.get("role")).lower())
        if role is None:
            raise RecordError(f"{place}.from must be human, gpt or system")
        block = {"text": text_of(said.get("value") or said.get("content"), f"{place}.value")}
        if role == "system":
            system.append(block)
        else:
            messages.append({"role": role, "content": [block]})
    return Record(arguments=arguments(system, up_to_last_question(messages), {}))


def up_to_last_question(messages: list[Any]) -> list[Any]:
    """The messages without what comes before the first and after the last one of the user. Raises RecordError."""
    places = [place for place, message in enumerate(messages) if message["role"] == "user"]
    if not places:
        raise RecordError("it has no message of a user")
    return messages[places[0] : places[-1] + 1]
