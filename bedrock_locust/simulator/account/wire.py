"""The protocols of the control plane: requests to an operation and back.

Clients choose among those that botocore's models name: REST with JSON for Bedrock, JSON for Service Quotas, JSON or the
older query protocol (answers in XML) for CloudWatch and STS.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from bedrock_locust.simulator.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

TARGETS = {
    "ServiceQuotasV20190624": "servicequotas",
    "GraniteServiceVersion20100801": "cloudwatch",
    "Logs_20140328": "logs",
}
"""What the JSON protocol calls a service -> what permissions call it."""
QUERIES = {"GetCallerIdentity": "sts", "GetMetricData": "cloudwatch"}
"""Operation of the query protocol -> its service."""
RESOURCES = {
    "foundation-models": "GetFoundationModel",
    "inference-profiles": "GetInferenceProfile",
    "provisioned-model-throughput": "GetProvisionedModelThroughput",
    "prompt-routers": "GetPromptRouter",
}
"""First segment of a path -> the operation that gets one resource below it."""
SIGNED_AS = {
    "bedrock": "bedrock",
    "servicequotas": "servicequotas",
    "cloudwatch": "monitoring",
    "sts": "sts",
    "logs": "logs",
}
"""Service -> its name in signatures."""
NAMESPACES = {
    "sts": "https://sts.amazonaws.com/doc/2011-06-15/",
    "cloudwatch": "http://monitoring.amazonaws.com/doc/2010-08-01/",
}
_INDEX = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the control plane."""

    protocol: str
    """`rest`, `json` or `query`."""
    service: str
    operation: str
    version: str = "1.1"
    """Of the JSON protocol."""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> str:
        """What a policy calls it."""
        return f"{self.service}:{self.operation}"


def find(method: str, path: str, headers: Mapping[str, str]) -> Asked | None:
    """The operation of a request; None of what is none of the control plane. The query protocol has it in the body."""
    kind = headers.get("content-type", "")
    match path.split("/"):
        case ["", first, name] if method == "GET" and first in RESOURCES and name:
            return Asked("rest", "bedrock", RESOURCES[first], values={"id": unquote(name)})
        case ["", ""] if method == "POST" and "x-amz-target" in headers:
            target, _, operation = headers["x-amz-target"].partition(".")
            version = "1.0" if kind.endswith("1.0") else "1.1"
            return Asked("json", TARGETS.get(target, target[:80]), operation[:80], version)
        case ["", ""] if method == "POST" and kind.startswith("application/x-www-form-urlencoded"):
            return Asked("query", "", "")
    return None


def read(asked: Asked, body: bytes) -> Asked:
    """The request with what its body says. Raises `ServiceError`."""
    if asked.protocol == "rest":
        return asked
    if asked.protocol == "query":
        values = _nested(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        operation = str(values.pop("Action", ""))[:80]
        return Asked("query", QUERIES.get(operation, ""), operation, values=values)
    try:
        found = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ServiceError("ValidationException", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise ServiceError("ValidationException", "The body is not a JSON object.")
    return Asked("json", asked.service, asked.operation, asked.version, found)


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Members by name, of which `A.member.1.B` is one: lists come out as such."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        place, *rest = name.split(".")
        node = tree
        for inner in rest:
            child = node.setdefault(place, {})
            if not isinstance(child, dict):
                raise ServiceError("ValidationException", f"{name[:80]} is given twice.")
            node, place = child, inner
        node[place] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = value.get("member")
    if isinstance(members, dict) and all(map(_INDEX.fullmatch, members)):
        return [_listed(members[number]) for number in sorted(members, key=int)]
    return {name: _listed(member) for name, member in value.items()}


def moment(value: object, name: str) -> float:
    """A moment of a request as Unix time in seconds: a number, or ISO 8601. Raises `ServiceError`."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        found = datetime.fromisoformat(str(value))
        return found.replace(tzinfo=found.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        raise ServiceError("ValidationException", f"{name} is not a moment.") from None


def answer(asked: Asked, content: Mapping[str, Any], request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an answer."""
    headers = {"x-amzn-requestid": request_id}
    if asked.protocol == "query":
        inner = _xml(f"{asked.operation}Result", content) + _xml("ResponseMetadata", {"RequestId": request_id})
        space = NAMESPACES.get(asked.service, "")
        body = f'<{asked.operation}Response xmlns="{space}">{inner}</{asked.operation}Response>'
        return headers | {"content-type": "text/xml"}, body.encode()
    return headers | {"content-type": _json_type(asked)}, json.dumps(content, default=_moment_of(asked)).encode()


def refusal(asked: Asked, error: ServiceError, request_id: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an error."""
    headers = {"x-amzn-requestid": request_id}
    if asked.protocol == "rest":
        return headers | error.headers, error.body
    if asked.protocol == "json":
        body = {"__type": error.code, "message": error.message}
        return headers | {"content-type": _json_type(asked)}, json.dumps(body).encode()
    # The query protocol has no `Exception` at the end of a name.
    said = {"Type": "Sender", "Code": error.code.removesuffix("Exception"), "Message": error.message}
    text = f"<ErrorResponse>{_xml('Error', said)}{_xml('RequestId', request_id)}</ErrorResponse>"
    return headers | {"content-type": "text/xml"}, text.encode()


def _json_type(asked: Asked) -> str:
    return "application/json" if asked.protocol == "rest" else f"application/x-amz-json-{asked.version}"


def _moment_of(asked: Asked) -> Any:
    """How a moment is written: REST as text, JSON as Unix time."""

    def write(value: Any) -> Any:
        return _iso(value) if asked.protocol == "rest" else value.timestamp()

    return write


def _iso(moment_: datetime) -> str:
    return moment_.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_xml(key, member) for key, member in value.items())
    elif isinstance(value, list):
        inner = "".join(_xml("member", member) for member in value)
    else:
        inner = escape(_iso(value) if isinstance(value, datetime) else str(value))
    return f"<{name}>{inner}</{name}>"
