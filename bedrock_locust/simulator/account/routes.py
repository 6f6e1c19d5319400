"""The operations of the control plane: who may call them, and what answers them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bedrock_locust.simulator import auth
from bedrock_locust.simulator.account import catalog, logs, monitoring, quotas, wire
from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bedrock_locust.simulator.account.wire import Asked
    from bedrock_locust.simulator.exchange import Exchange
    from bedrock_locust.simulator.service import Service

    Answer = Callable[[Service, Mapping[str, Any]], dict[str, Any]]

MOST_KNOWN = 1_000
"""Models that are remembered because somebody asked for them."""


async def serve(service: Service, exchange: Exchange, asked: Asked) -> None:
    """Answer a request to the control plane."""
    request_id = str(uuid4())
    try:
        body = await exchange.body()
        asked = wire.read(asked, body)
        _admit(service, exchange, asked, body)
        await asyncio.sleep(service.behaviour.control_delay_seconds)
        content = _answer(asked)(service, asked.values)
    except ServiceError as error:
        headers, body = wire.refusal(asked, error, request_id)
        await exchange.respond(error.status, headers, body)
    else:
        headers, body = wire.answer(asked, content, request_id)
        await exchange.respond(200, headers, body)


def _admit(service: Service, exchange: Exchange, asked: Asked, body: bytes) -> None:
    """Raise `ServiceError` for a caller who is not known, and for an action that is none or was denied."""
    if service.guard:
        request = auth.Request(exchange.method, exchange.path, exchange.query, exchange.headers, body)
        service.guard.check(request, services={wire.SIGNED_AS.get(asked.service, asked.service)})
    _answer(asked)
    service.check_allowed(asked.action)


def _answer(asked: Asked) -> Answer:
    try:
        return OPERATIONS[asked.action]
    except KeyError:
        raise ServiceError("UnknownOperationException", f"No operation is {asked.action.removeprefix(':')}.") from None


def _model(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    found = catalog.model(values["id"], service.behaviour)
    _remember(service, found["modelDetails"]["modelId"])
    return found


def _profile(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    found = catalog.profile(values["id"], service.behaviour)
    _remember(service, catalog.bare(found["models"][0]["modelArn"]))
    return found


def _provisioned(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    return catalog.provisioned(values["id"], service.behaviour)


def _router(_service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    return catalog.router(values["id"])


def _remember(service: Service, model_id: str) -> None:
    if len(service.known) < MOST_KNOWN:
        service.known.add(model_id)


def _caller(_service: Service, _values: Mapping[str, Any]) -> dict[str, Any]:
    arn = f"arn:aws:iam::{catalog.ACCOUNT}:user/simulator"
    return {"Arn": arn, "UserId": "AIDASIMULATOR", "Account": catalog.ACCOUNT}


OPERATIONS: dict[str, Answer] = {
    "bedrock:GetFoundationModel": _model,
    "bedrock:GetInferenceProfile": _profile,
    "bedrock:GetProvisionedModelThroughput": _provisioned,
    "bedrock:GetPromptRouter": _router,
    "servicequotas:ListServiceQuotas": quotas.page,
    "servicequotas:GetServiceQuota": quotas.one,
    "cloudwatch:GetMetricData": monitoring.get_metric_data,
    "logs:FilterLogEvents": logs.filter_log_events,
    "sts:GetCallerIdentity": _caller,
}
