"""Messages with text and media, as OpenAI, Anthropic and plain files write them, in the form of Converse."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.records import RecordError, count_of, list_of, object_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM = frozenset({"system", "developer"})
ROLES = frozenset({"user", "assistant"})
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
EMPTY = "(nothing)"
"""Stands for the result of a tool that is empty: Converse takes no empty text."""
_DATA = re.compile(r"data:[a-z]+/([a-z0-9.+-]+);base64,(.*)", re.IGNORECASE | re.DOTALL)
_SUFFIX = re.compile(r"\.(\w+)$")
IMAGES = frozenset({"png", "jpeg", "gif", "webp"})


def conversation(record: Mapping[str, Any], *, may_have: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The arguments of Converse for `messages`, `system` and a limit. Raises RecordError.

    Members other than these and `may_have` cannot be carried over.
    """
    known = {"messages", "system", "temperature", "top_p", *LIMITS, "stop", "stop_sequences", *may_have}
    if unknown := [name for name in record if name not in known]:
        raise RecordError(f"{unknown[0][:80]} is a member that Converse does not take from such a record")
    system, messages = _split(list_of(record.get("messages"), "messages"))
    if record.get("system") is not None:
        system = [*_blocks(record["system"], "system"), *system]
    return arguments(system, messages, config_of(record))


def arguments(system: list[Any], messages: list[Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of Converse with what there is; messages of one role in a row become one. Raises RecordError."""
    joined: list[dict[str, Any]] = []
    for message in messages:
        if joined and joined[-1]["role"] == message["role"]:
            joined[-1]["content"] += message["content"]
        else:
            joined.append({"role": message["role"], "content": list(message["content"])})
    if not joined or joined[0]["role"] != "user":
        raise RecordError("the first message must be of the user")
    found: dict[str, Any] = {"messages": joined}
    if system:
        found["system"] = system
    if config:
        found["inferenceConfig"] = dict(config)
    return found


def config_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The inferenceConfig that the members of a record mean."""
    limit = next((count_of(record[name], name) for name in LIMITS if record.get(name) is not None), None)
    stop = record.get("stop") if record.get("stop") is not None else record.get("stop_sequences")
    values = {
        "maxTokens": limit,
        "temperature": record.get("temperature"),
        "topP": record.get("top_p"),
        "stopSequences": [stop] if isinstance(stop, str) else stop,
    }
    return {name: value for name, value in values.items() if value is not None}


def _split(messages: list[Any]) -> tuple[list[Any], list[Any]]:
    """System blocks, and messages of user and assistant."""
    system, rest = list[Any](), list[Any]()
    for number, message in enumerate(messages):
        place = f"messages[{number}]"
        role = object_of(message, place).get("role")
        if role == "tool":
            rest.append({"role": "user", "content": [_result(message, "tool_call_id", place)]})
            continue
        uses = [_use_of_openai(call, f"{place}.tool_calls") for call in message.get("tool_calls") or []]
        content = _blocks(message.get("content"), f"{place}.content") if message.get("content") or not uses else []
        content += uses
        if role in SYSTEM:
            system += content
        elif role in ROLES:
            rest.append({"role": role, "content": content})
        else:
            raise RecordError(f"{place}.role must be system, user or assistant")
    return system, rest


def _blocks(content: object, place: str) -> list[dict[str, Any]]:
    """The content of a message as blocks of Converse."""
    if isinstance(content, str):
        return [{"text": text_of(content, place)}]
    return [_block(object_of(part, f"{place}[{n}]"), f"{place}[{n}]") for n, part in enumerate(list_of(content, place))]


def _block(part: dict[str, Any], place: str) -> dict[str, Any]:
    kind = part.get("type")
    if kind is None:
        return part  # a block of Converse, which its shape checks
    if kind in {"text", "input_text", "output_text"}:
        return {"text": text_of(part.get("text"), f"{place}.text")}
    if kind in {"image_url", "input_image"}:
        url = part.get("image_url")
        return image_of(url.get("url") if isinstance(url, dict) else url, f"{place}.image_url")
    if kind == "image" and isinstance(source := part.get("source"), dict) and source.get("type") == "base64":
        kind = str(source.get("media_type", "")).rpartition("/")[2]
        return _image(kind, {"bytes": text_of(source.get("data"), f"{place}.source.data")}, place)
    return _tool_or_document(part, place)


def _tool_or_document(part: dict[str, Any], place: str) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "tool_use":
        names = {"toolUseId": "id", "name": "name"}
        use = {ours: text_of(part.get(theirs), f"{place}.{theirs}") for ours, theirs in names.items()}
        return {"toolUse": {**use, "input": object_of(part.get("input"), f"{place}.input")}}
    if kind == "tool_result":
        return _result(part, "tool_use_id", place)
    if kind == "document" and isinstance(source := part.get("source"), dict):
        return _document(source, str(part.get("title") or "document"), place)
    raise RecordError(f"{place}.type is none of text, image, image_url, document, tool_use and tool_result")


def _result(part: Mapping[str, Any], id_name: str, place: str) -> dict[str, Any]:
    """What a tool gave back. Raises RecordError."""
    content = part.get("content")
    blocks = _blocks(content, f"{place}.content") if content else [{"text": EMPTY}]
    status = {"status": "error"} if part.get("is_error") is True else {}
    return {"toolResult": {"toolUseId": text_of(part.get(id_name), f"{place}.{id_name}"), "content": blocks, **status}}


def _use_of_openai(call: object, place: str) -> dict[str, Any]:
    """A call of a tool, whose arguments are JSON in a text. Raises RecordError."""
    one = object_of(call, place)
    function = object_of(one.get("function"), f"{place}.function")
    try:
        found = json.loads(function.get("arguments") or "{}")
    except (TypeError, ValueError, RecursionError):
        raise RecordError(f"{place}.function.arguments must be JSON") from None
    names = text_of(one.get("id"), f"{place}.id"), text_of(function.get("name"), f"{place}.function.name")
    return {"toolUse": {"toolUseId": names[0], "name": names[1], "input": object_of(found, f"{place}.arguments")}}


def _document(source: Mapping[str, Any], name: str, place: str) -> dict[str, Any]:
    """A document of Messages: PDF in base64, or a text. Raises RecordError."""
    data, kind = text_of(source.get("data"), f"{place}.source.data"), source.get("type")
    if kind == "text":
        encoded = base64.b64encode(data.encode()).decode()
    elif kind == "base64" and source.get("media_type") == "application/pdf":
        encoded = data
    else:
        raise RecordError(f"{place}.source must be a text, or a PDF in base64")
    plain = " ".join(re.sub(r"[^A-Za-z0-9()\[\]-]+", " ", name).split()) or "document"
    form = "txt" if kind == "text" else "pdf"
    return {"document": {"format": form, "name": plain[:200], "source": {"bytes": encoded}}}


def image_of(value: object, place: str) -> dict[str, Any]:
    """The block of an image that is a `data:` URL or the path of a file. Raises RecordError."""
    url = text_of(value, place)
    if found := _DATA.fullmatch(url):
        return _image(found[1], {"bytes": found[2]}, place)
    if "://" in url or url.startswith("data:"):
        raise RecordError(f"{place} must be data:image/...;base64 or the path of a file, no other URL")
    suffix = _SUFFIX.search(url)
    return _image(suffix[1] if suffix else "", {"path": url}, place)


def _image(kind: str, source: dict[str, Any], place: str) -> dict[str, Any]:
    form = {"jpg": "jpeg"}.get(kind.lower(), kind.lower())
    if form not in IMAGES:
        raise RecordError(f"{place} must be an image of one of these kinds: {', '.join(sorted(IMAGES))}")
    return {"image": {"format": form, "source": source}}
