"""Every body that is sent, against the shapes of botocore's own model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.validate import ParamValidator

from ..process import error_of
from .families import FAMILIES, PROMPT
from .test_boto3 import EVERY, MESSAGES, THINKING, TOOLS

if TYPE_CHECKING:
    from ..process import Simulator

SERVICE: Any = botocore.session.Session().get_service_model("bedrock-runtime")
CACHED = [{"text": "x" * 8000}, {"cachePoint": {"type": "default"}}]
PICTURE = {"image": {"format": "png", "source": {"bytes": "aGk="}}}
IMAGE = [{"role": "user", "content": [{"text": PROMPT}, PICTURE]}]
DOCUMENT = {
    "document": {
        "format": "txt",
        "name": "tides",
        "source": {"text": "Tides rise and fall."},
        "citations": {"enabled": True},
    }
}

REQUESTS: dict[str, dict[str, Any]] = {
    "text": {},
    "reasoning": {"additionalModelRequestFields": THINKING},
    "tool": {"toolConfig": TOOLS},
    "tool-cut-short": {"toolConfig": TOOLS, "inferenceConfig": {"maxTokens": 1}},
    "cache": {"system": CACHED},
    "tier": {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}},
    "citation": {"messages": [{"role": "user", "content": [{"text": PROMPT}, DOCUMENT]}]},
    "guardrail": {"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"}},
    "stop": {
        "inferenceConfig": {"stopSequences": [" "]},
        "additionalModelResponseFieldPaths": ["/stop_sequence"],
    },
    "image": {"messages": IMAGE},
    "default": {"system": [{"text": "Be brief."}], "inferenceConfig": {"maxTokens": 5, "temperature": 0.5}},
}


UNMODELLED = {"cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"}
"""Members of a usage that the service sends and botocore's model lacks."""


def modelled(value: Any) -> Any:
    """The value without the members that botocore's model lacks though the service sends them."""
    if isinstance(value, list):
        return [modelled(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: modelled(inner) for name, inner in value.items() if name not in UNMODELLED}


def check(value: Any, shape: Any) -> None:
    """Fail unless the value is of this shape, with no member beyond those that are known to be in no shape."""
    value = modelled(value)
    report = ParamValidator().validate(value, shape)
    assert not report.has_errors(), report.generate_report()


@pytest.fixture
def open_to_all(simulator: Simulator) -> Simulator:
    """A simulator that verifies nothing."""
    return simulator


@pytest.mark.parametrize("name", REQUESTS)
def test_converse(open_to_all: Simulator, name: str) -> None:
    """An answer of Converse has the members of its shape and no other."""
    body = json.dumps({"messages": MESSAGES} | REQUESTS[name]).encode()
    status, _, answer = open_to_all.request("POST", "/model/anthropic.claude-x/converse", body)
    assert status == 200
    check(json.loads(answer), SERVICE.operation_model("Converse").output_shape)


@pytest.mark.parametrize("name", REQUESTS)
def test_converse_stream(open_to_all: Simulator, name: str) -> None:
    """Each event of ConverseStream is one of the stream's members, of its shape, and padded."""
    body = json.dumps({"messages": MESSAGES} | REQUESTS[name]).encode()
    _, _, answer = open_to_all.request("POST", "/model/anthropic.claude-x/converse-stream", body)
    events = _events(answer)
    union = SERVICE.operation_model("ConverseStream").output_shape.members["stream"]
    for event_type, payload in events:
        assert payload.pop("p")
        check(payload, union.members[event_type])
    kinds = [event_type for event_type, _ in events]
    assert (kinds[0], kinds[-2:]) == ("messageStart", ["messageStop", "metadata"])


@pytest.mark.parametrize("name", EVERY)
def test_invoke_stream(open_to_all: Simulator, name: str) -> None:
    """Each event of InvokeModelWithResponseStream is a chunk of base64, and padded."""
    family = EVERY[name]
    path = f"/model/{family.model_id.replace('/', '%2F')}/invoke-with-response-stream"
    _, headers, answer = open_to_all.request("POST", path, family.body)
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-bedrock-content-type"] == "application/json"
    for event_type, payload in _events(answer):
        assert event_type == "chunk"
        assert set(payload) == {"bytes", "p"}


def test_count_tokens(open_to_all: Simulator) -> None:
    """An answer of CountTokens has the members of its shape."""
    body = json.dumps({"input": {"converse": {"messages": MESSAGES}}}).encode()
    _, _, answer = open_to_all.request("POST", "/model/anthropic.claude-x/count-tokens", body)
    check(json.loads(answer), SERVICE.operation_model("CountTokens").output_shape)


@pytest.mark.parametrize("operation", ["InvokeModel", "InvokeModelWithResponseStream", "Converse", "CountTokens"])
def test_errors(open_to_all: Simulator, operation: str) -> None:
    """The body of each error has the members of its shape."""
    model = SERVICE.operation_model(operation)
    path = model.http["requestUri"].replace("{modelId}", "anthropic.claude-x")
    for shape in model.error_shapes:
        open_to_all.set(faults={shape.name: 1})
        conversation = {"messages": MESSAGES}
        requests = {"Converse": conversation, "CountTokens": {"input": {"converse": conversation}}}
        body = json.dumps(requests[operation]).encode() if operation in requests else FAMILIES["claude"].body
        status, headers, answer = open_to_all.request("POST", path, body)
        assert status == shape.metadata["error"]["httpStatusCode"]
        assert error_of(headers) == shape.name
        assert headers["x-amzn-requestid"]
        check(json.loads(answer), shape)


def _events(answer: bytes) -> list[tuple[str, dict[str, Any]]]:
    buffer: Any = EventStreamBuffer()
    buffer.add_data(answer)
    return [(message.headers[":event-type"], json.loads(message.payload)) for message in buffer]
