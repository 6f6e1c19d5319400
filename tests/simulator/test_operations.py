"""The operations as boto3 sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from .calls import (
    CLAUDE,
    LLAMA,
    NOVA_PROFILE,
    OPERATIONS,
    PROMPT,
    body,
    converse,
    converse_stream,
    invoke,
    invoke_stream,
)
from .process import error_of

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator

INPUT_TOKENS = -(-len(PROMPT) // 4)


def test_converse(client: BedrockRuntimeClient) -> None:
    """Converse answers for any model, with usage and latency."""
    response = converse(client)
    [block] = response["output"]["message"]["content"]
    assert len(block["text"]) == 8 * 4
    assert response["stopReason"] == "end_turn"
    assert response["usage"] == {
        "inputTokens": INPUT_TOKENS,
        "outputTokens": 8,
        "totalTokens": INPUT_TOKENS + 8,
    }
    assert response["metrics"]["latencyMs"] >= 20 + 7 * 2 - 1


def test_converse_stream(client: BedrockRuntimeClient) -> None:
    """ConverseStream sends its events in the order of the service, without a start of the text block."""
    events = converse_stream(client)
    assert [next(iter(event)) for event in events] == [
        "messageStart",
        *["contentBlockDelta"] * 8,
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert events[-2]["messageStop"]["stopReason"] == "end_turn"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 8


def test_claude(client: BedrockRuntimeClient) -> None:
    """InvokeModel answers for Claude with a message, and with counts in its headers."""
    message, headers = invoke(client, CLAUDE)
    assert message["model"] == "claude-sonnet-4-5-20250929"
    assert message["usage"] == {
        "input_tokens": INPUT_TOKENS,
        "output_tokens": 8,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    }
    assert headers["x-amzn-bedrock-input-token-count"] == str(INPUT_TOKENS)
    assert headers["x-amzn-bedrock-output-token-count"] == "8"
    assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 33


def test_claude_stream(client: BedrockRuntimeClient) -> None:
    """A stream of Claude has the events of the Messages API, and the metrics in the last one."""
    chunks = invoke_stream(client, CLAUDE)
    assert [chunk["type"] for chunk in chunks] == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * 8,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert chunks[0]["message"]["usage"]["input_tokens"] == INPUT_TOKENS
    assert chunks[-2]["usage"]["output_tokens"] == 8
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (INPUT_TOKENS, 8)
    assert 19 <= metrics["firstByteLatency"] < metrics["invocationLatency"]


def test_llama(client: BedrockRuntimeClient) -> None:
    """InvokeModel answers for Llama with a generation and its counts."""
    answer, _ = invoke(client, LLAMA)
    assert (answer["prompt_token_count"], answer["generation_token_count"]) == (INPUT_TOKENS, 8)
    assert answer["stop_reason"] == "stop"


def test_llama_stream(client: BedrockRuntimeClient) -> None:
    """A stream of Llama counts up, with the prompt's tokens first and the metrics last."""
    chunks = invoke_stream(client, LLAMA)
    assert [chunk["generation_token_count"] for chunk in chunks] == [1, 2, 3, 4, 5, 6, 7, 8, 8]
    assert [chunk["prompt_token_count"] for chunk in chunks] == [INPUT_TOKENS, *[None] * 8]
    assert [chunk["stop_reason"] for chunk in chunks] == [*[None] * 8, "stop"]
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == 8


def test_max_tokens(client: BedrockRuntimeClient) -> None:
    """No answer is longer than `max_tokens`, and one that would be says so."""
    response = converse(client, inferenceConfig={"maxTokens": 5})
    assert response["usage"]["outputTokens"] == 5
    assert response["stopReason"] == "max_tokens"
    events = converse_stream(client, inferenceConfig={"maxTokens": 1})
    assert events[-2]["messageStop"]["stopReason"] == "max_tokens"
    assert sum("contentBlockDelta" in event for event in events) == 1


@pytest.mark.parametrize("model_id", [CLAUDE, NOVA_PROFILE, "us.meta.llama3-3-70b-instruct-v1:0", "a b/ü%2F"])
def test_model_id_arrives_as_it_was_given(simulator: Simulator, client: BedrockRuntimeClient, model_id: str) -> None:
    """Colons, slashes and percent signs in a model id survive the URL."""
    converse(client, model_id)
    assert simulator.ended(1)[0]["model_id"] == model_id


def test_bare_colon_in_the_path(simulator: Simulator) -> None:
    """A client that does not escape the colon of a model id is understood too."""
    status, headers, answer = simulator.request("POST", f"/model/{CLAUDE}/invoke", body(CLAUDE))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(answer)["type"] == "message"


@pytest.mark.parametrize(
    ("model_id", "request_body", "word"),
    [
        pytest.param(CLAUDE, b"no JSON", "JSON", id="no-json"),
        pytest.param(CLAUDE, b"[]", "body", id="no-object"),
        pytest.param(CLAUDE, b'{"anthropic_version": "x", "max_tokens": 9}', "messages", id="no-messages"),
        pytest.param(
            CLAUDE,
            b'{"anthropic_version": "x", "messages": [{"role": "user", "content": "Hi"}]}',
            "max_tokens",
            id="no-max-tokens",
        ),
        pytest.param(LLAMA, b"{}", "prompt", id="no-prompt"),
        pytest.param(LLAMA, b'{"prompt": "Hi", "temperature": 2}', "temperature", id="too-hot"),
        pytest.param("amazon.titan-embed-text-v2:0", b"{}", "amazon.titan-embed-text-v2:0", id="unknown"),
        pytest.param("cohere.command-text-v14", b'{"prompt": "Hi"}', "Command R", id="too-old"),
    ],
)
def test_mistakes_in_a_body(
    simulator: Simulator, client: BedrockRuntimeClient, model_id: str, request_body: bytes, word: str
) -> None:
    """A mistake in a request is a ValidationException that names it."""
    with pytest.raises(client.exceptions.ValidationException, match=word) as caught:
        client.invoke_model(modelId=model_id, body=request_body)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert simulator.ended(1)[0]["outcome"] == "ValidationException"


HI = {"messages": [{"role": "user", "content": "Hi"}]}
HI_CLAUDE = {"anthropic_version": "x", "max_tokens": 9, **HI}
HI_TITAN = {"inputText": "Hi", "textGenerationConfig": {}}


@pytest.mark.parametrize(
    ("model_id", "request_", "names", "most"),
    [
        (CLAUDE, HI_CLAUDE, ("temperature", "top_p"), 1),
        (LLAMA, {"prompt": "Hi"}, ("temperature", "top_p"), 1),
        ("openai.gpt-oss-20b-1:0", HI, ("temperature",), 2),
        ("openai.gpt-oss-20b-1:0", HI, ("top_p",), 1),
        ("amazon.titan-text-express-v1", HI_TITAN, ("temperature", "topP"), 1),
        ("mistral.mistral-7b-instruct-v0:2", {"prompt": "Hi"}, ("temperature", "top_p"), 1),
        ("cohere.command-r-v1:0", {"message": "Hi"}, ("temperature",), 1),
    ],
)
def test_bounds_of_sampling(
    simulator: Simulator, model_id: str, request_: dict[str, Any], names: tuple[str, ...], most: int
) -> None:
    """The ends are accepted; what is beyond them is refused, with its name."""
    for name, value in ((name, value) for name in names for value in (0, most, -0.01, most + 0.01)):
        inside = "textGenerationConfig" in request_
        changed = {**request_, **({"textGenerationConfig": {name: value}} if inside else {name: value})}
        path = f"/model/{quote(model_id, safe='')}/invoke"
        status, _, answer = simulator.request("POST", path, json.dumps(changed).encode())
        assert status == (200 if 0 <= value <= most else 400), (name, value, answer[:200])
        assert status == 200 or name in json.loads(answer)["message"]


def test_converse_without_messages(client: BedrockRuntimeClient) -> None:
    """Converse needs a message."""
    with pytest.raises(client.exceptions.ValidationException, match="messages"):
        client.converse(modelId=CLAUDE, messages=[])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/model/{CLAUDE}/invoke-with-bidirectional-stream"),
        ("GET", f"/model/{CLAUDE}/converse"),
        ("POST", "/model//converse"),
        ("POST", "/model/a/b/converse"),
        ("GET", "/"),
    ],
)
def test_unknown_operations(simulator: Simulator, method: str, path: str) -> None:
    """What is none of the operations is a 404 in the service's form."""
    status, headers, answer = simulator.request(method, path)
    assert (status, error_of(headers)) == (404, "UnknownOperationException")
    assert path in json.loads(answer)["message"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_calls_without_content_type(simulator: Simulator, client: BedrockRuntimeClient, name: str) -> None:
    """Each operation works with no more headers than boto3 sends by itself, and is entered as what it is."""
    OPERATIONS[name](client)
    [call] = simulator.ended(1)
    assert (call["operation"], call["outcome"], call["stream"]) == (name, "ok", name.endswith("stream"))
