"""The prefix that calls share: where it stands in a request, and where its cache point is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_locust import formats
from bedrock_locust.settings.mistakes import SettingsError

if TYPE_CHECKING:
    from bedrock_locust.settings.schema import Settings


def form_of(settings: Settings) -> str:
    """Whose form the cache points of a request have: `converse`, `claude`, or empty where it can have none."""
    model = settings.model
    name = formats.native_name(model.known_id, model.format) if model.api == "invoke" else model.api
    return {"converse": "converse", "nova": "converse", "claude": "claude", "messages": "claude"}.get(name, "")


def check(settings: Settings) -> None:
    """Raise SettingsError where the API has no cache points, and the settings want them."""
    workload = settings.workload
    if workload and workload.cache in {"5m", "1h"} and not form_of(settings):
        raise SettingsError(
            f"workload.cache is {workload.cache}, but requests of the API {settings.model.api} have no cache points for"
            " this model: set it to implicit, for a service that caches by itself, or model.api to converse"
        )


def with_history_point(body: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The body with cache points where this turn and the one before it end, where the settings want them.

    The next turn reads what this one writes, as it has the point at the same place.
    """
    form, cache = form_of(settings), settings.workload.cache if settings.workload else "off"
    if cache not in {"5m", "1h"} or not form:
        return body
    messages = list(body["messages"])
    for place in [number for number, message in enumerate(messages) if message["role"] == "user"][-2:]:
        messages[place] = {**messages[place], "content": with_point(messages[place]["content"], form, cache)}
    return {**body, "messages": messages}


def with_point(content: list[dict[str, Any]], form: str, cache: str) -> list[dict[str, Any]]:
    """The blocks of a message with a cache point after them."""
    ttl = {"ttl": "1h"} if cache == "1h" else {}
    if form == "claude":
        return [*content[:-1], {**content[-1], "cache_control": {"type": "ephemeral", **ttl}}]
    return [*content, {"cachePoint": {"type": "default", **ttl}}]


def with_prefix(body: dict[str, Any], prefix: str, settings: Settings) -> dict[str, Any]:
    """The body with a prefix after its own system prompt, and a cache point after it, where the settings want one."""
    form, cache = form_of(settings), settings.workload.cache if settings.workload else "off"
    system = body.get("system") or []
    if form == "claude":
        own = [{"type": "text", "text": system}] if isinstance(system, str) else system
        block: dict[str, Any] = {"type": "text", "text": prefix}
        if cache in {"5m", "1h"}:
            block["cache_control"] = {"type": "ephemeral", **({"ttl": "1h"} if cache == "1h" else {})}
        return {**body, "system": [*own, block]}
    point = {"type": "default", **({"ttl": "1h"} if cache == "1h" else {})}
    points = [{"cachePoint": point}] if cache in {"5m", "1h"} else []
    return {**body, "system": [*system, {"text": prefix}, *points]}
