"""Recorded answers of the real service through our client: the figures and failures that botocore's own decoder gives.

And their requests, with tools, images, documents and caches: they go through our client unchanged.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from locust.event import EventHook

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bedrock_locust import formats
from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.client import BedrockClient
from bedrock_locust.formats.reading import TEXT_LIMIT
from bedrock_locust.settings.schema import Settings

from .raw_server import RawServer, response, serving
from .recordings import each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.model import ServiceModel, Shape

    from bedrock_locust.call import Call

    from .recordings import Recording

    Figures = dict[str, Any]
    Ask = Callable[[str, Recording], Call]

NAMES = {
    "input_tokens": (
        *("inputTokens", "input_tokens", "prompt_token_count", "inputTokenCount", "inputTextTokenCount"),
        "prompt_tokens",
    ),
    "output_tokens": (
        *("outputTokens", "output_tokens", "generation_token_count", "outputTokenCount", "tokenCount"),
        *("totalOutputTextTokenCount", "completion_tokens"),
    ),
    "cache_read_tokens": ("cacheReadInputTokens", "cache_read_input_tokens", "cacheReadInputTokenCount"),
    "cache_write_tokens": ("cacheWriteInputTokens", "cache_creation_input_tokens", "cacheWriteInputTokenCount"),
}
"""Figure of a Call -> its names in the formats; the first that is there counts."""


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """A server that gives the answer of a recording."""
    with serving(lambda _, __: None) as server:
        yield server


@pytest.fixture(scope="module")
def plain(server: RawServer) -> Any:
    """boto3 alone, without anything of ours."""
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}, signature_version="v4"),
    )


@pytest.fixture(scope="module")
def clients(server: RawServer) -> dict[str, BedrockClient]:
    """Our client with both transports."""

    def client(transport: str) -> BedrockClient:
        about = {"model": {"id": "any"}, "aws": {"endpoint_url": server.url}, "test": {"transport": transport}}
        return BedrockClient(connect(Settings.model_validate(about), simulator=True, version="test"), EventHook())

    return {transport: client(transport) for transport in ("measured", "botocore")}


def has_format(recording: Recording) -> bool:
    """Whether there is a format for the model."""
    try:
        return recording.operation.startswith("converse") or bool(formats.native(recording.model_id))
    except formats.UnknownFormatError:
        return False


def figures(objects: list[dict[str, Any]]) -> Figures:
    """The counts in some objects, each by what the last of them says."""
    found: Figures = dict.fromkeys(NAMES)
    for said in objects:
        for figure, names in NAMES.items():
            value = next((said[name] for name in names if said.get(name) is not None), None)
            found[figure] = value if value is not None else found[figure]
    return found


def by_botocore(plain: Any, recording: Recording) -> Figures:
    """What boto3 alone makes of an answer: counts, stop reason and text, or code and message of a refusal."""
    try:
        answer = getattr(plain, recording.method)(**recording.arguments())
        if recording.operation == "converse":
            message = answer["output"]["message"]["content"]
            text = "".join(block.get("text", "") for block in message)
            return {**figures([answer["usage"]]), "stop_reason": answer["stopReason"], "text": text}
        if recording.operation == "converse-stream":
            return of_converse_stream(list(answer["stream"]))
        if recording.operation == "invoke":
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            return of_native([json.loads(answer["body"].read())], headers)
        return of_native([json.loads(event["chunk"]["bytes"]) for event in answer["body"]], {})
    except ClientError as error:
        said = error.response["Error"]
        return {"error_code": said["Code"], "error_message": " ".join(said["Message"].split())[:500]}


def of_converse_stream(events: list[dict[str, Any]]) -> Figures:
    """What the events of a ConverseStream say."""
    merged = {kind: event for said in events for kind, event in said.items()}
    deltas = [said["contentBlockDelta"]["delta"] for said in events if "contentBlockDelta" in said]
    text = "".join(delta.get("text", "") for delta in deltas)
    return {**figures([merged["metadata"]["usage"]]), "stop_reason": merged["messageStop"]["stopReason"], "text": text}


def of_native(bodies: list[dict[str, Any]], headers: dict[str, str]) -> Figures:
    """What a native body, or the chunks of a stream, say."""
    counts = list[dict[str, Any]]()
    reason, text = "", ""
    for body in bodies:
        counts += counts_in(body)
        for part in parts_of(body):
            reason = next((str(part[name]) for name in REASONS if part.get(name)), reason)
            text += next((part[name] for name in TEXTS if isinstance(part.get(name), str)), "")
    if any(body.get("amazon-bedrock-guardrailAction") == "INTERVENED" for body in bodies):
        reason = "guardrail_intervened"
    rest = figures([bodies[-1].get("amazon-bedrock-invocationMetrics") or {}])
    rest |= {figure: int(headers[header]) for figure, header in HEADERS.items() if header in headers}
    found = {figure: rest[figure] if value is None else value for figure, value in figures(counts).items()}
    return {**found, "stop_reason": reason, "text": text}


REASONS = ("stop_reason", "stopReason", "completionReason", "finish_reason")
TEXTS = ("text", "generation", "outputText", "completion")


def counts_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """All objects of a body or a chunk that may have counts."""
    message = body.get("message")
    inner = [message.get("usage")] if isinstance(message, dict) else []
    metadata = [body["metadata"]["usage"]] if "metadata" in body else []
    return [found for found in (body, *body.get("results", []), body.get("usage"), *inner, *metadata) if found]


def parts_of(body: dict[str, Any]) -> list[dict[str, Any]]:
    """All objects of a body or a chunk that may have text or a stop reason, in order."""
    delta = body.get("contentBlockDelta", body).get("delta") or {}
    message = body.get("output", {}).get("message", {})
    lists = [body.get(name) or [] for name in ("content", "results", "outputs", "generations")]
    inner = [part for parts in (*lists, message.get("content", [])) for part in parts]
    return [*inner, delta, body.get("messageStop", {}), body]


HEADERS = {
    "input_tokens": "x-amzn-bedrock-input-token-count",
    "output_tokens": "x-amzn-bedrock-output-token-count",
    "cache_read_tokens": "x-amzn-bedrock-cache-read-input-token-count",
    "cache_write_tokens": "x-amzn-bedrock-cache-write-input-token-count",
}


@each()
def test_figures_and_failures(
    server: RawServer, plain: Any, clients: dict[str, BedrockClient], recording: Recording
) -> None:
    """Counts, stop reason, text, failure and category, with both transports."""
    if not has_format(recording):
        pytest.skip(f"no native format for {recording.model_id} yet")
    server.answer = recording.replayed()
    theirs = by_botocore(plain, recording)
    for transport, client in clients.items():
        call: Call = getattr(client, recording.method)(**recording.arguments())
        ours = {name: getattr(call, name) for name in theirs}
        theirs["text"] = theirs["text"][:TEXT_LIMIT] if "text" in theirs else ""
        assert {**ours, "text": call.text} == theirs, transport
        assert call.error == ("" if recording.status == 200 else "ValidationError")
        if call.ok and call.mode == "streaming":
            assert (call.first_text_ms is not None) == bool(call.text)
            assert call.chunks


def by_json(recording: Recording) -> Figures:
    """What the bodies of Responses and Chat Completions say: that of a stream has its whole response at its end."""
    content = recording.body
    if recording.streams:
        [content] = [line[6:] for line in content.split(b"\n") if b'"type":"response.completed"' in line]
    said = json.loads(content)
    said = said.get("response", said)
    usage = said["usage"]
    inside = usage.get("input_tokens_details") or {}
    cached, written = inside.get("cached_tokens"), inside.get("cache_write_tokens")
    blocks = [block for item in said.get("output", []) for block in item.get("content") or [] if "text" in block]
    messages = [choice["message"]["content"] for choice in said.get("choices", [])]
    told = [block["text"] for block in blocks if block["type"] == "output_text"]
    asked = usage.get("input_tokens", usage.get("prompt_tokens"))
    return {
        "input_tokens": asked - (cached or 0) - (written or 0),
        "output_tokens": usage.get("output_tokens", usage.get("completion_tokens")),
        "cache_read_tokens": cached,
        "cache_write_tokens": written,
        "reasoning_tokens": (usage.get("output_tokens_details") or {}).get("reasoning_tokens"),
        "stop_reason": said.get("status") or said["choices"][0]["finish_reason"],
        "service_tier": said["service_tier"],
        "text": "".join([*told, *messages]),
    }


@each(api="mantle")
def test_answers_of_mantle(server: RawServer, clients: dict[str, BedrockClient], recording: Recording) -> None:
    """Counts, stop reason, tier and text of Responses and Chat Completions, whole and streamed, cut at any byte."""
    theirs = by_json(recording)
    size = len(recording.sent())
    for transport, client in clients.items():
        for cuts in ((), range(0, size, 7), range(0, size, 1000)):
            server.answer = recording.replayed(*cuts)
            call: Call = getattr(client, recording.method)(**recording.arguments())
            assert call.ok, call
            assert {name: getattr(call, name) for name in theirs} == theirs, transport
            assert (call.mode == "streaming") == recording.streams
            if recording.streams:
                assert (call.first_text_ms is not None) == bool(call.text)
                assert call.chunks


def as_arguments(value: Any, shape: Shape) -> Any:
    """The JSON of a request as boto3's arguments: what is base64 there is bytes here."""
    about: Any = shape
    if shape.type_name == "blob":
        return base64.b64decode(value)
    if shape.type_name == "structure" and not about.is_document_type:
        return {name: as_arguments(member, about.members[name]) for name, member in value.items()}
    if shape.type_name == "list":
        return [as_arguments(item, about.member) for item in value]
    return value


@each("converse", "converse-stream")
def test_requests_go_through_unchanged(
    server: RawServer, clients: dict[str, BedrockClient], service_model: ServiceModel, recording: Recording
) -> None:
    """Tools, images, documents, caches, guardrails: what a caller asks is what is sent."""
    try:
        asked = json.loads(recording.request)
    except ValueError:
        pytest.skip("the request is too long to be in the recording, or is cut")
    name = "".join(part.capitalize() for part in recording.method.split("_"))
    shape = service_model.operation_model(name).input_shape
    assert shape is not None
    server.answer = recording.replayed()
    for client in clients.values():
        server.requests.clear()
        call: Call = getattr(client, recording.method)(modelId=recording.model_id, **as_arguments(asked, shape))
        [sent] = server.requests
        assert json.loads(sent.partition(b"\r\n\r\n")[2]) == asked
        assert call.max_tokens == asked.get("inferenceConfig", {}).get("maxTokens")


@each("invoke", "invoke-with-response-stream")
def test_bodies_go_through_unchanged(
    server: RawServer, clients: dict[str, BedrockClient], recording: Recording
) -> None:
    """A native body is sent byte by byte as the caller wrote it."""
    if not has_format(recording) or not recording.request.startswith("{"):
        pytest.skip("no native format for this model yet, or no request in the recording")
    server.answer = lambda peer, _: peer.sendall(response(b"{}"))
    for client in clients.values():
        server.requests.clear()
        getattr(client, recording.method)(modelId=recording.model_id, body=recording.request)
        [sent] = server.requests
        assert sent.partition(b"\r\n\r\n")[2] == recording.request.encode()
