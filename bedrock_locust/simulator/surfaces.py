"""The APIs that boto3 does not have: their paths, the operation of a request, and how they say that it failed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from bedrock_locust.simulator import choices
from bedrock_locust.simulator.calls import Operation
from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

Endpoint = Literal["runtime", "mantle"]
Name = Literal["responses", "chat", "messages"]

ENDS: dict[str, Name] = {
    "/v1/responses": "responses",
    "/v1/chat/completions": "chat",
    "/v1/messages": "messages",
}
COUNT_PATH = "/anthropic/v1/messages/count_tokens"
PREFIXES: dict[Name, str] = {"responses": "/openai", "chat": "/openai", "messages": "/anthropic"}
_OPENAI_PREFIX = re.compile(r"(openai\.gpt-[56]|xai\.grok-4|google\.gemma-4)")
"""Models of bedrock-mantle with the prefix `/openai`; all others have none."""
_PROFILE = re.compile(r"^(us|eu|apac|jp|au|ca|global)\.")
_VERSION = re.compile(r"-v\d+(:\d+)?$|-\d+:\d+$")
UNKNOWN = {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"}
"""With status 200: what bedrock-runtime answers below the prefixes of these APIs where it has no operation."""

_OPENAI = {
    400: ("validation_error", "invalid_request_error"),
    401: ("access_denied", "permission_denied_error"),
    403: ("access_denied", "permission_denied_error"),
    404: ("model_not_found", "not_found_error"),
    429: ("rate_limit_exceeded", "rate_limit_error"),
    503: ("service_unavailable", "server_error"),
}
_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_KEYS = frozenset({"UnrecognizedClientException", "InvalidSignatureException", "MissingAuthenticationTokenException"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of one of these APIs, before its content is looked at."""

    operation: Operation
    model_id: str
    values: dict[str, Any]
    """The members of its body."""

    def check(self, path: str, endpoint: Endpoint) -> None:
        """Raise `ServiceError` where the endpoint does not serve such a model there, or not so."""
        _check_model(self.operation.name, path, self.model_id, endpoint)
        choices.check(self.operation.name, self.values, self.model_id, endpoint)


def name_of(method: str, path: str, endpoint: Endpoint) -> Name | None:
    """Which API has this path; None if none has it."""
    for end, name in ENDS.items():
        bare = endpoint == "mantle" and name != "messages"
        if method == "POST" and path in {PREFIXES[name] + end, *([end] if bare else [])}:
            return name
    return None


def is_near(path: str) -> bool:
    """Whether a path lies below the prefixes of these APIs."""
    return path.startswith(("/openai/", "/anthropic/", "/v1/"))


def asked(name: str, body: bytes) -> Asked:
    """Model and kind of a request. Raises `ServiceError` where it has none."""
    try:
        values = json.loads(body)
    except ValueError:
        raise ServiceError("ValidationException", "Invalid JSON in the request body.") from None
    model_id = values.get("model") if isinstance(values, dict) else None
    if not isinstance(model_id, str) or not model_id:
        raise ServiceError("ValidationException", "model: Field required")
    operation = Operation(name, native=False, stream=values.get("stream") is True, surface=name)
    return Asked(operation, model_id, values)


def _check_model(name: str, path: str, model_id: str, endpoint: Endpoint) -> None:
    if "does-not-exist" in model_id:
        raise ServiceError("ResourceNotFoundException", f"The model '{model_id}' does not exist")
    if endpoint == "runtime":
        return
    if _PROFILE.search(model_id) or _VERSION.search(model_id):
        raise ServiceError("ResourceNotFoundException", f"The model '{model_id}' does not exist")
    has_prefix = path.startswith("/openai/")
    if name != "messages" and has_prefix != bool(_OPENAI_PREFIX.match(model_id)):
        raise ServiceError("ValidationException", f"model `{model_id}` isn't supported on this route")


def refusal(name: str, error: ServiceError, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body with which an API says that a call failed."""
    status = _status(name, error)
    headers = {"content-type": "application/json", "x-request-id": request_id, "request-id": request_id}
    return status, headers, json.dumps(_body(name, error, status, request_id)).encode()


def _status(name: str, error: ServiceError) -> int:
    """IAM's refusals are 401 where OpenAI's APIs are spoken, but for the list of models, wrong keys everywhere."""
    if error.code in _KEYS or (name not in ("messages", "models") and error.code == "AccessDeniedException"):
        return 401
    return error.status


def _body(name: str, error: ServiceError, status: int, request_id: str) -> Mapping[str, Any]:
    if name == "messages":
        kind = _ANTHROPIC.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": error.message}, "request_id": f"req_{request_id}"}
    code, kind = _OPENAI.get(status, ("internal_error", "server_error"))
    if error.code in _KEYS:
        code = "invalid_api_key"
    about = {"code": error.detail or code, "message": error.message, "param": error.param or None, "type": kind}
    return {"error": about}


def new_id() -> str:
    """The id of a request that is refused before it is a call."""
    return str(uuid4())
