"""Arguments of Converse as the bodies of the other APIs."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from bedrock_locust import formats
from bedrock_locust.formats.apis import CHAT
from bedrock_locust.workload.records import RecordError
from bedrock_locust.workload.request import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.settings.schema import Settings

_CHAT_LIKE = frozenset({"gpt_oss", "jamba", "mistral_chat", "open_weight", "palmyra"})
_CARRIED = frozenset({"messages", "system", "inferenceConfig"})


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
    native = model.api == "invoke" and formats.native_name(model.id, model.format)
    if native == "nova":
        return {"schemaVersion": "messages-v1", **arguments, "inferenceConfig": {**config, "maxTokens": limit}}
    if native and native != "claude" and native not in _CHAT_LIKE:
        return formats.native(model.id, model.format).body(_only_text(arguments), limit, warmth, model.id)
    build = _BUILDERS["messages" if native == "claude" else "chat" if native else model.api]
    more = {"temperature": warmth, "top_p": config.get("topP")}
    body = {**build(arguments, limit, settings), **{name: value for name, value in more.items() if value is not None}}
    if stop := config.get("stopSequences"):
        body["stop_sequences" if build is _messages else "stop"] = stop
    if native == "claude":
        body["anthropic_version"] = "bedrock-2023-05-31"
    return body


def _only_text(arguments: Mapping[str, Any]) -> str:
    """The text of a conversation of one message."""
    messages = arguments["messages"]
    blocks = [*(arguments.get("system") or []), *messages[0]["content"]]
    if len(messages) != 1 or not all(set(block) == {"text"} for block in blocks):
        raise RecordError("the native format of this model takes one text: set model.api to converse")
    return "\n\n".join(block["text"] for block in blocks)


def _messages(arguments: Mapping[str, Any], limit: int, _: Settings) -> dict[str, Any]:
    """The body of Messages, and of Claude in InvokeModel."""
    body: dict[str, Any] = {
        "max_tokens": limit,
        "messages": [
            {**one, "content": [_anthropic(block) for block in one["content"]]} for one in arguments["messages"]
        ],
    }
    if arguments.get("system"):
        body["system"] = [_anthropic(block) for block in arguments["system"]]
    return body


def _anthropic(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    kind, data = _image(block)
    return {"type": "image", "source": {"type": "base64", "media_type": f"image/{kind}", "data": data}}


def _chat(arguments: Mapping[str, Any], limit: int, settings: Settings) -> dict[str, Any]:
    """The body of Chat Completions; which member limits the answer is for its format to say."""
    usual = CHAT.format.request("", limit, None, settings.model.id)
    limits = {name: value for name, value in usual.items() if value == limit and name != "messages"}
    return {
        **limits,
        "messages": _openai(arguments, "text", "text", lambda url: {"type": "image_url", "image_url": url}),
    }


def _responses(arguments: Mapping[str, Any], limit: int, _: Settings) -> dict[str, Any]:
    """The body of Responses."""
    items = _openai(
        arguments, "input_text", "output_text", lambda url: {"type": "input_image", "image_url": url["url"]}
    )
    return {"input": items, "max_output_tokens": limit, "store": False}


def _openai(
    arguments: Mapping[str, Any], text: str, answer: str, image: Callable[[dict[str, str]], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Messages with the types of OpenAI."""
    system = arguments.get("system")
    messages = [*([{"role": "system", "content": system}] if system else []), *arguments["messages"]]
    return [
        {
            "role": one["role"],
            "content": [
                _openai_block(block, answer if one["role"] == "assistant" else text, image) for block in one["content"]
            ],
        }
        for one in messages
    ]


def _openai_block(
    block: Mapping[str, Any], text: str, image: Callable[[dict[str, str]], dict[str, Any]]
) -> dict[str, Any]:
    if "text" in block:
        return {"type": text, "text": block["text"]}
    kind, data = _image(block)
    return image({"url": f"data:image/{kind};base64,{data}"})


def _image(block: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and base64 of an image. Raises RecordError for a block of another kind."""
    if "image" not in block:
        raise RecordError(
            f"a block with {', '.join(block)[:80]} can be sent by Converse only: set model.api to converse"
        )
    image = block["image"]
    return str(image["format"]), base64.b64encode(image["source"]["bytes"]).decode()


_BUILDERS = {"messages": _messages, "chat": _chat, "responses": _responses}
