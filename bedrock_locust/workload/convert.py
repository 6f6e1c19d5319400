"""Arguments of Converse as the bodies of the other APIs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from bedrock_locust import formats
from bedrock_locust.formats.apis import CHAT
from bedrock_locust.workload.blocks import document_of_messages, file_of_openai, text_of_result, tools_of
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.request import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bedrock_locust.settings.schema import Settings

_CHAT_LIKE = frozenset({"gpt_oss", "jamba", "mistral_chat", "open_weight", "palmyra"})
_CARRIED = frozenset({"messages", "system", "inferenceConfig", "toolConfig"})


def body_of_messages(arguments: dict[str, Any], settings: Settings, max_tokens: int) -> dict[str, Any]:
    """What is sent for arguments of Converse, in the API of the settings: over `test.request`. Raises RecordError."""
    api, test = settings.model.api, settings.test
    template = test.request or {}
    if api == "converse":
        config: dict[str, Any] = {"maxTokens": max_tokens}
        if test.temperature is not None:
            config["temperature"] = test.temperature
        return joined(joined(template, {"inferenceConfig": config}), arguments)
    return with_model(joined(template, body_from(arguments, settings, max_tokens)), settings)


def with_model(body: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The body with the model of the settings, where it has one: that of InvokeModel stands in its path."""
    return body if settings.model.api == "invoke" else {"model": settings.model.id, **body}


def body_from(arguments: Mapping[str, Any], settings: Settings, max_tokens: int) -> dict[str, Any]:
    """The body that `model.api` takes, which is not Converse. Raises RecordError for what it cannot carry over."""
    if other := [name for name in arguments if name not in _CARRIED]:
        raise RecordError(f"{other[0][:80]} can be sent by Converse only: set model.api to converse")
    model, config = settings.model, arguments.get("inferenceConfig") or {}
    limit, warmth = config.get("maxTokens", max_tokens), config.get("temperature", settings.test.temperature)
    native = model.api == "invoke" and formats.native_name(model.known_id, model.format)
    if native == "nova":
        config = {**({} if warmth is None else {"temperature": warmth}), **config, "maxTokens": limit}
        body = {"schemaVersion": "messages-v1", **arguments, "inferenceConfig": config}
        return {name: _in_base64(part) for name, part in body.items()}
    if native and native != "claude" and native not in _CHAT_LIKE:
        native_body = formats.native(model.known_id, model.format).body
        return native_body(_only_text(arguments), limit, warmth, model.known_id)
    kind = "messages" if native == "claude" else "chat" if native else model.api
    build = _BUILDERS[kind]
    more = {"temperature": warmth, "top_p": config.get("topP")}
    body = {**build(arguments, limit, settings), **{name: value for name, value in more.items() if value is not None}}
    if tools := arguments.get("toolConfig"):
        body |= tools_of(tools, kind)
    if stop := config.get("stopSequences"):
        body["stop_sequences" if build is _messages else "stop"] = stop
    if native == "claude":
        body["anthropic_version"] = "bedrock-2023-05-31"
    return body


def _in_base64(value: Any) -> Any:
    """The value with base64 in place of bytes, as JSON has them."""
    if isinstance(value, dict):
        return {name: _in_base64(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_in_base64(part) for part in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _only_text(arguments: Mapping[str, Any]) -> str:
    """The text of a conversation of one message."""
    messages = arguments["messages"]
    blocks = [*(arguments.get("system") or []), *messages[0]["content"]]
    if "toolConfig" in arguments or len(messages) != 1 or not all(set(block) == {"text"} for block in blocks):
        raise RecordError("the native format of this model takes one text: set model.api to converse")
    return "\n\n".join(block["text"] for block in blocks)


def _messages(arguments: Mapping[str, Any], limit: int, _: Settings) -> dict[str, Any]:
    """The body of Messages, and of Claude in InvokeModel."""
    body: dict[str, Any] = {
        "max_tokens": limit,
        "messages": [{**one, "content": _anthropic_blocks(one["content"])} for one in arguments["messages"]],
    }
    if arguments.get("system"):
        body["system"] = _anthropic_blocks(arguments["system"])
    return body


def _anthropic_blocks(blocks: list[Any]) -> list[dict[str, Any]]:
    """Blocks for Messages; a cache point is a member of the block before it."""
    found = list[dict[str, Any]]()
    for block in blocks:
        if "cachePoint" not in block:
            found.append(_anthropic(block))
        elif found:
            ttl = {"ttl": ttl} if (ttl := block["cachePoint"].get("ttl")) else {}
            found[-1]["cache_control"] = {"type": "ephemeral", **ttl}
    return found


def _anthropic(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "document" in block:
        return document_of_messages(block["document"])
    if use := block.get("toolUse"):
        return {"type": "tool_use", "id": use["toolUseId"], "name": use["name"], "input": use["input"]}
    if result := block.get("toolResult"):
        said = {"type": "tool_result", "tool_use_id": result["toolUseId"], "content": text_of_result(result)}
        return {**said, "is_error": True} if result.get("status") == "error" else said
    kind, data = _image(block)
    return {"type": "image", "source": {"type": "base64", "media_type": f"image/{kind}", "data": data}}


def _chat(arguments: Mapping[str, Any], limit: int, settings: Settings) -> dict[str, Any]:
    """The body of Chat Completions; which member limits the answer is for its format to say."""
    usual = CHAT.format.request("", limit, None, settings.model.id)
    limits = {name: value for name, value in usual.items() if value == limit and name != "messages"}
    return {
        **limits,
        "messages": [
            message for one in _with_system(arguments) for message in _chat_messages(one["role"], one["content"])
        ],
    }


def _chat_messages(role: str, content: list[Any]) -> Iterator[dict[str, Any]]:
    """A message for Chat Completions: each result of a tool is one of its own, calls of tools are a member."""
    for result in [block["toolResult"] for block in content if "toolResult" in block]:
        yield {"role": "tool", "tool_call_id": result["toolUseId"], "content": text_of_result(result)}
    parts = [_chat_part(block) for block in content if not {"toolResult", "toolUse"} & block.keys()]
    uses = [block["toolUse"] for block in content if "toolUse" in block]
    calls = [
        {
            "id": use["toolUseId"],
            "type": "function",
            "function": {"name": use["name"], "arguments": json.dumps(use["input"])},
        }
        for use in uses
    ]
    if parts or calls:
        yield {"role": role, "content": parts or None, **({"tool_calls": calls} if calls else {})}


def _chat_part(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "document" in block:
        return file_of_openai(block["document"], responses=False)
    return {"type": "image_url", "image_url": {"url": _url(block)}}


def _responses(arguments: Mapping[str, Any], limit: int, _: Settings) -> dict[str, Any]:
    """The body of Responses."""
    items = [item for one in _with_system(arguments) for item in _response_items(one["role"], one["content"])]
    return {"input": items, "max_output_tokens": limit, "store": False}


def _response_items(role: str, content: list[Any]) -> Iterator[dict[str, Any]]:
    """A message for Responses: calls of tools and their results are items of their own."""
    for result in [block["toolResult"] for block in content if "toolResult" in block]:
        yield {"type": "function_call_output", "call_id": result["toolUseId"], "output": text_of_result(result)}
    if parts := [_response_part(block, role) for block in content if not {"toolResult", "toolUse"} & block.keys()]:
        yield {"role": role, "content": parts}
    for use in [block["toolUse"] for block in content if "toolUse" in block]:
        called = {"name": use["name"], "arguments": json.dumps(use["input"])}
        yield {"type": "function_call", "call_id": use["toolUseId"], **called}


def _response_part(block: Mapping[str, Any], role: str) -> dict[str, Any]:
    if "text" in block:
        return {"type": "output_text" if role == "assistant" else "input_text", "text": block["text"]}
    if "document" in block:
        return file_of_openai(block["document"], responses=True)
    return {"type": "input_image", "image_url": _url(block)}


def _with_system(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages, after the system prompt as one."""
    system = arguments.get("system")
    return [*([{"role": "system", "content": system}] if system else []), *arguments["messages"]]


def _url(block: Mapping[str, Any]) -> str:
    """An image as a URL of data. Raises RecordError for a block of another kind."""
    kind, data = _image(block)
    return f"data:image/{kind};base64,{data}"


def _image(block: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and base64 of an image. Raises RecordError for a block of another kind."""
    if "image" not in block:
        raise RecordError(
            f"a block with {', '.join(block)[:80]} can be sent by Converse only: set model.api to converse"
        )
    image = block["image"]
    return str(image["format"]), base64.b64encode(image["source"]["bytes"]).decode()


_BUILDERS = {"messages": _messages, "chat": _chat, "responses": _responses}
