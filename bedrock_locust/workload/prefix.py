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
    name = formats.native_name(model.id, model.format) if model.api == "invoke" else model.api
    return {"converse": "converse", "nova": "converse", "claude": "claude", "messages": "claude"}.get(name, "")


def check(settings: Settings) -> None:
    """Raise SettingsError where the API has no cache points, and the settings want them."""
    workload = settings.workload
    if workload and workload.cache in {"5m", "1h"} and not form_of(settings):
        raise SettingsError(
            f"workload.cache is {workload.cache}, but requests of the API {settings.model.api} have no cache points for"
            " this model: set it to implicit, for a service that caches by itself, or model.api to converse"
        )


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
