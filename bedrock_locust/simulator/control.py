"""Control: the simulator's own endpoints, under `/_simulator/`."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.behaviour import BehaviourError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bedrock_locust.simulator.exchange import Exchange
    from bedrock_locust.simulator.service import Service

    Handler = Callable[[Service, Exchange], Awaitable[None]]

PREFIX = "/_simulator/"


async def serve(service: Service, exchange: Exchange) -> None:
    """Serve a request to one of these endpoints."""
    if why := service.access.why_not(exchange.headers):
        await _respond(exchange, {"message": why}, status=403)
        return
    handler = HANDLERS.get((exchange.method, exchange.path.removeprefix(PREFIX)))
    if handler is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in HANDLERS)
        await _respond(exchange, {"message": f"No such endpoint; there are: {known}"}, status=404)
    else:
        await handler(service, exchange)


async def _get_settings(service: Service, exchange: Exchange) -> None:
    await _respond(exchange, service.behaviour.model_dump())


async def _change_settings(service: Service, exchange: Exchange) -> None:
    """Replace the settings in the body. If there is a mistake in it, change nothing."""
    try:
        service.configure(service.behaviour.changed(_object(await exchange.body())))
    except BehaviourError as error:
        await _respond(exchange, {"message": str(error)}, status=400)
    else:
        await _get_settings(service, exchange)


async def _get_calls(service: Service, exchange: Exchange) -> None:
    await exchange.begin(200, {"content-type": "application/x-ndjson"})
    for lines in service.ledger.lines():
        if lines:
            await exchange.chunk(lines)
            await asyncio.sleep(0)
    await exchange.end()


async def _clear_calls(service: Service, exchange: Exchange) -> None:
    service.ledger.clear()
    service.metrics.clear()
    service.kept.clear()  # ids begin anew
    service.actions.clear()
    await _get_stats(service, exchange)


async def _get_stats(service: Service, exchange: Exchange) -> None:
    await _respond(exchange, {**service.ledger.stats(), "actions": dict(sorted(service.actions.items()))})


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "settings"): _get_settings,
    ("POST", "settings"): _change_settings,
    ("GET", "calls"): _get_calls,
    ("DELETE", "calls"): _clear_calls,
    ("GET", "stats"): _get_stats,
}


def _object(body: bytes) -> dict[str, Any]:
    try:
        settings = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BehaviourError(f"the body is not JSON: {error}") from None
    if not isinstance(settings, dict):
        raise BehaviourError('the body must be a JSON object, such as {"ttft_ms": 100}')
    return settings


async def _respond(exchange: Exchange, content: dict[str, Any], status: int = 200) -> None:
    body = json.dumps(content).encode()
    await exchange.respond(status, {"content-type": "application/json"}, body)
