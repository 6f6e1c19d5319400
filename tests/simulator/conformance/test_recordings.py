"""The answers of the simulator against recorded answers of the service, operation by operation and model by model.

Each recorded request is sent to the simulator. What an answer says differs; compared are the members that a model's
answers have, the names of the events of its streams, and which of them follow one another.
"""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer

from tests.core.recordings import EVENT_STREAM, SSE, Recording, recordings

from ..process import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OPAQUE = {"input", "trace", "amazon-bedrock-trace", "tools", "format", "tool_choice", "json"}
"""Members whose inside comes from the request, or from parts that the simulator lacks."""

LACKING = {
    "amazon-bedrock-guardrailAction": "guardrails: natively each piece of text has it, here the last chunk of a stream",
    "redactedContent": "redacted reasoning",
    "toolResult": "server tools",
    "type": "server tools: beside them Nova 2 names the type of every tool",
}
"""Members that the simulator lacks on purpose (docs/simulator.md) -> what they belong to."""

BEYOND = {
    "serverToolUsage": "in recent answers of every model; these recordings are older",
    "cacheDetails": "this cache was warm where ours was cold",
    "text": "where the recorded reasoning is redacted",
    "signature": "where the recorded reasoning is redacted",
    "cacheReadInputTokenCount": "left out by a guardrail",
    "cacheWriteInputTokenCount": "left out by a guardrail",
    "outputTokens": "left out by a guardrail",
    "totalTokens": "left out by a guardrail",
    "context": "in answers since GPT-5.6",
}
"""Members that answers of the simulator have and these recordings do not -> why."""

OTHER_ORDER = {
    ("outputText", "outputText"): "Titan under a guardrail cuts its answer",
    ("messageStart", "contentBlockStart"): "Nova natively: each recorded call of a tool comes after text",
}
"""Names of events that follow one another only in recordings, or only in the simulator -> why."""

NOT_COMPARED = re.compile(r"cohere\.command-(text|light)|anthropic\.claude-v2:1/invoke|inference-profile/otnfa2ysixqd")
"""Requests in native formats that the simulator refuses: old Command, Claude's completions, embeddings."""

GUARDRAIL = {
    "x-amzn-bedrock-guardrailidentifier": "g",
    "x-amzn-bedrock-guardrailversion": "1",
    "x-amzn-bedrock-trace": "ENABLED",
}

TURNS = 8
"""How often a request with a tool is sent: the simulator draws whether text comes first."""


@dataclass
class Shape:
    """What was seen in the answers of one model to one operation."""

    members: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    """Names of events that follow one another, with the begin and the end of a stream."""
    statuses: set[int] = field(default_factory=set)

    def add(self, status: int, content_type: str, body: bytes) -> None:
        """Add an answer. Raises ChecksumMismatch where a recorded stream is damaged."""
        self.statuses.add(status)
        if content_type in (EVENT_STREAM, SSE):
            events = [*(_event_stream(body) if content_type == EVENT_STREAM else _server_sent(body))]
            self.members |= {f"{name}{path}" for name, payload in events for path in _members(payload)}
            self.pairs |= set(pairwise(["begin", *(name for name, _ in events), "end"]))
        else:
            self.members |= set(_members(json.loads(body)))

    def merge(self, other: Shape) -> None:
        """Add what another shape has."""
        self.members |= other.members
        self.pairs |= other.pairs
        self.statuses |= other.statuses

    @property
    def reasons(self) -> bool:
        """Whether there was an item of reasoning."""
        return any(re.search(r"(output|item)\.summary$", path) for path in self.members)

    @property
    def calls_tool(self) -> bool:
        """Whether a tool was called."""
        return any(re.search(r"toolUse|arguments|partial_json|content\.input", path) for path in self.members)


def _members(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all members within a value."""
    if isinstance(value, list):
        for inner in value:
            yield from _members(inner, path)
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            if name not in OPAQUE:
                yield from _members(inner, f"{path}.{name}")


def _event_stream(body: bytes) -> Iterator[tuple[str, Any]]:
    buffer: Any = EventStreamBuffer()
    buffer.add_data(body)
    for message in buffer:
        payload, name = json.loads(message.payload), message.headers[":event-type"]
        payload.pop("p", None)
        if name == "chunk":
            payload = json.loads(base64.b64decode(payload["bytes"]))
            name = payload.get("type") or next(iter(payload))
        yield name, payload


def _server_sent(body: bytes) -> Iterator[tuple[str, Any]]:
    for line in body.splitlines():
        if line.startswith(b"data: {"):
            payload = json.loads(line[6:])
            yield payload.get("type", "chunk"), payload


class Comparison:
    """The recorded shapes and the simulator's, by operation and model."""

    def __init__(self) -> None:
        self.real: dict[str, Shape] = defaultdict(Shape)
        self.ours: dict[str, Shape] = defaultdict(Shape)

    def add(self, endpoint: str) -> None:
        """Send what was asked of an endpoint to a simulator of it."""
        simulator = Simulator("--endpoint", endpoint)
        try:
            for recording in filter(_is_comparable, recordings(endpoint)):
                self._compare(simulator, recording)
        finally:
            simulator.stop()

    def _compare(self, simulator: Simulator, recording: Recording) -> None:
        shape = Shape()
        try:
            shape.add(recording.status, recording.headers["content-type"], recording.body)
        except ChecksumMismatch:
            return
        if shape.calls_tool and _has_result(recording.request):
            return  # the simulator calls no tool after the result of one
        key = _key(recording)
        self.real[key].merge(shape)
        shares = {"tool_share": int(shape.calls_tool), "reasoning_share": int(shape.reasons), "guardrail_share": 1}
        simulator.set(ttft_ms=0, tpot_ms=0, spread=0, output_tokens=30, **shares)
        # Headers of requests are not in the recordings.
        guarded = GUARDRAIL if any("amazon-bedrock-trace" in path for path in shape.members) else {}
        for _ in range(TURNS if shape.calls_tool else 1):
            status, headers, body = simulator.request("POST", recording.path, recording.request.encode(), guarded)
            self.ours[key].add(status, headers["content-type"], body)

    def pairs(self, operation: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
        """Which events follow one another in the streams of all models: recorded, and the simulator's."""
        return _all_pairs(self.real, operation), _all_pairs(self.ours, operation)


def _all_pairs(shapes: dict[str, Shape], operation: str) -> set[tuple[str, str]]:
    return {pair for key, shape in shapes.items() if key.split()[0] == operation for pair in shape.pairs}


def _is_comparable(recording: Recording) -> bool:
    """Whether its request is there, in a format that the simulator has, and not refused by a provider's own checks."""
    refused = recording.status != 200 and b"identifier is invalid" not in recording.body
    try:
        asked = json.loads(recording.request)
    except ValueError:
        return False
    return isinstance(asked, dict) and not refused and not NOT_COMPARED.search(unquote(recording.path))


def _has_result(request: str) -> bool:
    last = json.loads(request).get("messages", [{}])[-1]
    return "toolResult" in json.dumps(last)


def _key(recording: Recording) -> str:
    asked = recording.model_id if recording.path.startswith("/model/") else json.loads(recording.request)["model"]
    return f"{recording.operation} {asked}"


def _unexplained(paths: Iterable[str], known: dict[str, str]) -> list[str]:
    return sorted(path for path in paths if not known.keys() & set(path.split(".")))


@pytest.fixture(scope="module")
def compared() -> Comparison:
    """All recorded requests, sent once."""
    if not recordings():
        pytest.skip("BEDROCK_RECORDINGS does not name the folder with the recorded answers")
    made = Comparison()
    for endpoint in ("runtime", "mantle"):
        made.add(endpoint)
    return made


def test_same_statuses(compared: Comparison) -> None:
    """What the service answers, the simulator answers; a model that does not exist is refused."""
    assert {key: shape.statuses for key, shape in compared.ours.items()} == {
        key: shape.statuses for key, shape in compared.real.items()
    }


def test_same_members(compared: Comparison) -> None:
    """The answers of each model have the same members, but for those that are listed."""
    lacking = {k: _unexplained(real.members - compared.ours[k].members, LACKING) for k, real in compared.real.items()}
    beyond = {k: _unexplained(compared.ours[k].members - real.members, BEYOND) for k, real in compared.real.items()}
    assert {key: paths for key, paths in lacking.items() if paths} == {}
    assert {key: paths for key, paths in beyond.items() if paths} == {}


@pytest.mark.parametrize("operation", ["converse-stream", "invoke-with-response-stream", "responses"])
def test_same_order_of_events(compared: Comparison, operation: str) -> None:
    """In streams the same events follow one another."""
    real, ours = compared.pairs(operation)
    assert real - OTHER_ORDER.keys() == ours - OTHER_ORDER.keys()


def test_every_listed_difference_is_seen(compared: Comparison) -> None:
    """No list has what is no difference any more."""
    seen = [(real.members, compared.ours[key].members) for key, real in compared.real.items()]
    lacking = {name for real, ours in seen for path in real - ours for name in path.split(".")}
    beyond = {name for real, ours in seen for path in ours - real for name in path.split(".")}
    assert (LACKING.keys() - lacking, BEYOND.keys() - beyond) == (set(), set())
