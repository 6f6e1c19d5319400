"""FilterLogEvents: the model invocation logs of the calls that were served, as CloudWatch Logs has them.

A record is that of the guide, without bodies, as where the delivery of text is off. The ledger has what is in it.
Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
"""

from __future__ import annotations

import json
import sys
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bedrock_locust.simulator.account import catalog
from bedrock_locust.simulator.errors import STATUSES, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.service import Service

OPERATIONS = {
    "converse": "Converse",
    "converse-stream": "ConverseStream",
    "invoke": "InvokeModel",
    "invoke-with-response-stream": "InvokeModelWithResponseStream",
}
"""Operation of the ledger -> what logs call it. Other APIs, and bedrock-mantle, are not logged."""
MOST_SEARCHED = 5_000
"""Calls that are looked at for a page: as at the service, one may have few events or none, and more pages follow."""
NO_GROUP = "The specified log group does not exist."


def filter_log_events(service: Service, values: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request. Raises `ServiceError`."""
    name = values.get("logGroupName") or values.get("logGroupIdentifier")
    if name != service.behaviour.log_group or service.endpoint != "runtime":
        raise ServiceError("ResourceNotFoundException", NO_GROUP)
    if values.get("filterPattern"):
        raise ServiceError("InvalidParameterException", "Filter patterns are not simulated.")
    begin_ms, end_ms = _number(values, "startTime", 0), _number(values, "endTime", sys.maxsize)
    limit, first = _number(values, "limit", MOST_SEARCHED), _number(values, "nextToken", 0)
    dropped, found = service.ledger.stats()["dropped"], list[dict[str, Any]]()
    first = max(first, dropped)  # calls that were dropped since the last page are gone
    for number, line in enumerate(service.ledger.lines_from(first - dropped)):
        if number == MOST_SEARCHED or len(found) == limit:
            return {"events": found, "searchedLogStreams": [], "nextToken": str(first + number)}
        event = _event(json.loads(line))
        found += [event] if event and begin_ms <= event["timestamp"] <= end_ms else []
    return {"events": found, "searchedLogStreams": []}


def _number(values: Mapping[str, Any], name: str, default: int) -> int:
    text = str(values.get(name, default))
    if not text.isdecimal():
        raise ServiceError("InvalidParameterException", f"{name} is invalid.")
    return int(text)


def _event(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """The event of a call; None where it has none. Whether throttled calls are logged was not found."""
    if call["operation"] not in OPERATIONS or call["outcome"] == "ThrottlingException":
        return None
    at_ms = (call["ended_at_ns"] or call["arrived_at_ns"]) // 1_000_000
    return {
        "logStreamName": "aws/bedrock/modelinvocations",
        "timestamp": at_ms,
        "message": json.dumps(_record(call)),
        "ingestionTime": at_ms,
        "eventId": f"{at_ms}{call['index']:020}",
    }


def _record(call: Mapping[str, Any]) -> dict[str, Any]:
    failed = STATUSES.get(call["outcome"], 200) >= 400
    cached = {f"cache{kind.capitalize()}InputTokenCount": call[f"cache_{kind}_tokens"] for kind in ("read", "write")}
    fresh = (call["input_tokens"] or 0) - sum(cached.values())
    region = _served_in(call)
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": datetime.fromtimestamp(call["arrived_at_ns"] // 1_000_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accountId": catalog.ACCOUNT,
        "identity": {"arn": f"arn:aws:iam::{catalog.ACCOUNT}:user/simulator"},
        "region": catalog.REGION,
        "requestId": call["request_id"],
        "operation": OPERATIONS[call["operation"]],
        "modelId": call["model_id"],
        **({} if region == catalog.REGION else {"inferenceRegion": region}),
        "input": {"inputContentType": "application/json", "inputTokenCount": fresh, **cached},
        "output": {"outputContentType": "application/json", "outputTokenCount": call["output_tokens"]},
        **({"errorCode": call["outcome"]} if failed else {}),
    }


def _served_in(call: Mapping[str, Any]) -> str:
    """The Region that served a call: of an inference profile any of its own, each as often."""
    if not catalog.PREFIX.match(call["model_id"].rsplit("/", 1)[-1]):
        return catalog.REGION
    return catalog.REGIONS[zlib.crc32(call["request_id"].encode()) % len(catalog.REGIONS)]
