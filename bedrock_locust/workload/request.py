"""The arguments of a call: prompt, settings and `test.request`, in the API of the settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bedrock_locust import formats
from bedrock_locust.formats import converse
from bedrock_locust.formats.apis import CHAT, MESSAGES, RESPONSES
from bedrock_locust.workload import guardrail
from bedrock_locust.workload.shapes import input_shape, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.formats.apis import Api
    from bedrock_locust.settings.schema import Settings

APIS = {"responses": RESPONSES, "chat": CHAT, "messages": MESSAGES}
"""`model.api` -> one of the APIs that boto3 does not have."""


def request(settings: Settings, prompt: str, max_tokens: int | None = None) -> dict[str, Any]:
    """The arguments of a call for a prompt; without `max_tokens` with those of the settings."""
    return arguments_of(settings, body_of(settings, prompt, max_tokens or settings.test.max_tokens))


def body_of(
    settings: Settings, prompt: str, max_tokens: int, temperature: float | None = None, *, plain: bool = False
) -> dict[str, Any]:
    """What is sent for a prompt: arguments of Converse, or the body of the other APIs, joined with `test.request`.

    `plain` leaves `test.request` out.
    """
    model, test = settings.model, settings.test
    warmth = test.temperature if temperature is None else temperature
    if model.api == "converse":
        body = converse.request(prompt, max_tokens, warmth)
    elif model.api == "invoke":
        body = formats.native(model.known_id, model.format).body(prompt, max_tokens, warmth, model.known_id)
    else:
        body = APIS[model.api].format.request(prompt, max_tokens, warmth, model.id)
    return body if plain else joined(body, test.request or {})


def joined(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both together: objects are joined, member by member; of anything else that of `more` counts."""
    result = dict(body)
    for name, value in more.items():
        there = result.get(name)
        result[name] = joined(there, value) if isinstance(there, dict) and isinstance(value, dict) else value
    return result


def arguments_of(settings: Settings, body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call that sends this: the model, its tier and what else the settings say are added."""
    model = settings.model
    if model.api in APIS:
        return _of_api(APIS[model.api], settings, body)
    if model.api == "converse":
        arguments = body
        options: dict[str, Any] = {
            "serviceTier": model.service_tier and {"type": model.service_tier},
            "performanceConfig": model.latency and {"latency": model.latency},
        }
    else:
        native = {name: value for name, value in body.items() if name != guardrail.MEMBER}
        arguments = {"body": json.dumps(native), "contentType": "application/json", **guardrail.arguments_of(body)}
        options = {"serviceTier": model.service_tier, "performanceConfigLatency": model.latency}
    options["projectIdentifier"] = model.project
    return {"modelId": model.id, **arguments, **{key: value for key, value in options.items() if value}}


def _of_api(api: Api, settings: Settings, body: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call of an API that boto3 does not have."""
    model, arguments = settings.model, {name: value for name, value in body.items() if name != guardrail.MEMBER}
    if model.service_tier:
        arguments["service_tier"] = model.service_tier
    headers = guardrail.headers_of(body) | ({api.project: model.project} if model.project else {})
    if headers:
        arguments["extra_headers"] = headers
    return arguments


def with_bytes(settings: Settings) -> Settings:
    """The settings with bytes in place of base64 in `test.request`, as boto3 takes them in Converse."""
    template = settings.test.request
    if settings.model.api != "converse" or not template:
        return settings
    operation: Any = "ConverseStream" if settings.test.streaming else "Converse"
    decoded = shaped(template, input_shape(operation), "", whole=False)
    return settings.model_copy(update={"test": settings.test.model_copy(update={"request": decoded})})
