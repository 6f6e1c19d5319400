"""Routes: finds the operation of a request, of the service or of the simulator itself."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

from bedrock_locust.simulator import admission, control, kept, listing, surfaces
from bedrock_locust.simulator.account import routes as account
from bedrock_locust.simulator.account import wire
from bedrock_locust.simulator.calls import Operation
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.exchange import ClientGoneError, Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.exchange import Receive, Send
    from bedrock_locust.simulator.service import Service

logger = logging.getLogger(__name__)

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("invoke", native=True, stream=False),
        Operation("invoke-with-response-stream", native=True, stream=True),
        Operation("converse", native=False, stream=False),
        Operation("converse-stream", native=False, stream=True),
        Operation("count-tokens", native=False, stream=False, counts=True),
    )
}

COUNT_MESSAGES = Operation("messages-count-tokens", native=False, stream=False, counts=True, surface="messages")
"""Counting for Messages, which only bedrock-mantle has."""


class Simulator:
    """The ASGI application."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        exchange = Exchange(scope, receive, send)
        try:
            await self._serve(exchange)
        except ServiceError as error:
            await exchange.respond(error.status, error.headers, error.body)
        except ClientGoneError:
            await exchange.respond(400, {}, b"")
        except Exception:
            logger.exception("The simulator failed at %s %s", exchange.method, exchange.path)
            raise

    async def _serve(self, exchange: Exchange) -> None:
        if exchange.path.startswith(control.PREFIX):
            await control.serve(self._service, exchange)
        elif asked := wire.find(exchange.method, exchange.path, dict(exchange.headers)):
            await account.serve(self._service, exchange, asked)
        elif name := surfaces.name_of(exchange.method, exchange.path, self._service.endpoint):
            await admission.serve(
                self._service, exchange, Operation(name, native=False, stream=False, surface=name), ""
            )
        elif self._service.endpoint == "mantle" and (exchange.method, exchange.path) == ("POST", surfaces.COUNT_PATH):
            await admission.serve(self._service, exchange, COUNT_MESSAGES, "")
        elif surfaces.is_near(exchange.path):
            await self._answer_near(exchange)
        elif (route := find(exchange.method, exchange.path)) and self._service.endpoint == "runtime":
            operation, model_id = route
            await admission.serve(self._service, exchange, operation, model_id)
        else:
            error = ServiceError("UnknownOperationException", f"No operation is {exchange.method} {exchange.path}.")
            await exchange.respond(error.status, error.headers | {"x-amzn-requestid": str(uuid4())}, error.body)

    async def _answer_near(self, exchange: Exchange) -> None:
        """A path near those of the APIs that boto3 does not have: bedrock-runtime answers with status 200."""
        is_mantle = self._service.endpoint == "mantle"
        if is_mantle and (exchange.method, exchange.path) == ("GET", listing.MODELS_PATH):
            await self._answer_models(exchange)
            return
        if wanted := kept.asked(exchange.method, exchange.path, bare=is_mantle):
            await self._answer_kept(exchange, wanted)
            return
        if self._service.endpoint == "runtime":
            body = json.dumps(surfaces.UNKNOWN).encode()
            await exchange.respond(200, {"content-type": "application/json"}, body)
            return
        error = ServiceError("ResourceNotFoundException", f"No operation is {exchange.method} {exchange.path}.")
        await exchange.respond(*surfaces.refusal("chat", error, surfaces.new_id()))

    async def _answer_models(self, exchange: Exchange) -> None:
        """The list of models."""
        try:
            admission.authenticate(self._service, exchange, await exchange.body())
            self._service.check_allowed("bedrock-mantle:ListModels")
            await exchange.respond(200, {"content-type": "application/json"}, listing.models())
        except ServiceError as error:
            await exchange.respond(*surfaces.refusal("models", error, surfaces.new_id()))

    async def _answer_kept(self, exchange: Exchange, wanted: kept.Asked) -> None:
        """A response that is asked for, deleted or cancelled by its id."""
        try:
            admission.authenticate(self._service, exchange, await exchange.body())
            if self._service.endpoint == "runtime":
                self._service.check_allowed(f"bedrock:{wanted.operation}Invoke")
            await kept.serve(self._service.kept, exchange, wanted)
        except ServiceError as error:
            await exchange.respond(*surfaces.refusal("responses", error, surfaces.new_id()))


def find(method: str, path: str) -> tuple[Operation, str] | None:
    """The operation and the model id of a request.

    `path` is still percent-encoded: a model id is one segment of it, also when it is an ARN, whose
    slashes a client sends as %2F.
    """
    match path.split("/"):
        case ["", "model", model_id, name] if method == "POST" and model_id and name in OPERATIONS:
            return OPERATIONS[name], unquote(model_id)
    return None
