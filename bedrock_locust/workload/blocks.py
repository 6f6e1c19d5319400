"""Documents and tools of Converse, as Messages, Chat Completions and Responses have them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from bedrock_locust.workload.records import RecordError

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAIN = frozenset({"txt", "md", "csv", "html"})
"""Kinds of documents that are text."""


def _content(document: Mapping[str, Any], api: str) -> bytes:
    """The bytes of a document. Raises RecordError for one that stands elsewhere."""
    content = (document.get("source") or {}).get("bytes")
    if not isinstance(content, bytes):
        raise RecordError(f"a document without its bytes cannot be sent by {api}: set model.api to converse")
    return content


def _refuse(document: Mapping[str, Any], api: str) -> RecordError:
    kind = str(document.get("format"))[:20]
    return RecordError(f"a document of the kind {kind} cannot be sent by {api}: set model.api to converse")


def document_of_messages(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document for Messages, and for Claude in InvokeModel: PDF or text. Raises RecordError."""
    kind, content = document.get("format"), _content(document, "Messages")
    if kind == "pdf":
        data = {"type": "base64", "media_type": "application/pdf", "data": base64.b64encode(content).decode()}
    elif kind in PLAIN:
        data = {"type": "text", "media_type": "text/plain", "data": content.decode("utf-8", errors="replace")}
    else:
        raise _refuse(document, "Messages")
    return {"type": "document", "source": data, "title": str(document.get("name", ""))}


def file_of_openai(document: Mapping[str, Any], *, responses: bool) -> dict[str, Any]:
    """A document for Chat Completions or Responses: PDF. Raises RecordError."""
    api = "Responses" if responses else "Chat Completions"
    content = _content(document, api)
    if document.get("format") != "pdf":
        raise _refuse(document, api)
    data = f"data:application/pdf;base64,{base64.b64encode(content).decode()}"
    file = {"filename": f"{document.get('name', 'document')}.pdf", "file_data": data}
    return {"type": "input_file", **file} if responses else {"type": "file", "file": file}


def text_of_result(result: Mapping[str, Any]) -> str:
    """What a tool gave back, as text. Raises RecordError for media."""
    texts = []
    for block in result.get("content") or []:
        if "text" in block:
            texts.append(str(block["text"]))
        elif "json" in block:
            texts.append(json.dumps(block["json"], ensure_ascii=False))
        else:
            raise RecordError("a toolResult with media can be sent by Converse only: set model.api to converse")
    return "\n".join(texts)


def tools_of(config: Mapping[str, Any], api: str) -> dict[str, Any]:
    """The members of a body that a toolConfig means, for `messages`, `chat` or `responses`. Raises RecordError."""
    specs = [tool["toolSpec"] for tool in config.get("tools") or [] if "toolSpec" in tool]
    tools = [_tool(spec, api) for spec in specs]
    choice = config.get("toolChoice") or {}
    return {"tools": tools, **({"tool_choice": _choice(choice, api)} if choice else {})}


def _tool(spec: Mapping[str, Any], api: str) -> dict[str, Any]:
    name = {key: spec[key] for key in ("name", "description") if key in spec}
    schema = (spec.get("inputSchema") or {}).get("json") or {"type": "object"}
    if api == "messages":
        return {**name, "input_schema": schema}
    function = {**name, "parameters": schema}
    return {"type": "function", **function} if api == "responses" else {"type": "function", "function": function}


def _choice(choice: Mapping[str, Any], api: str) -> Any:
    [(kind, value)] = choice.items()
    if api == "messages":
        return {"type": kind, **({"name": value["name"]} if kind == "tool" else {})}
    if kind != "tool":
        return "required" if kind == "any" else "auto"
    name = {"name": value["name"]}
    return {"type": "function", **name} if api == "responses" else {"type": "function", "function": name}
