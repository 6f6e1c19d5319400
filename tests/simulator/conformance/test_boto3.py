"""boto3: all operations, in all formats, signed, in cleartext and in TLS."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .conftest import KEY_ID
from .families import FAMILIES, INPUT_TOKENS, PROMPT, REASONING, Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from ..process import Simulator

MESSAGES: Any = [{"role": "user", "content": [{"text": PROMPT}]}]
TOOLS: Any = {
    "tools": [
        {
            "toolSpec": {
                "name": "weather",
                "inputSchema": {
                    "json": {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
                },
            }
        }
    ],
    "toolChoice": {"any": {}},
}
THINKING: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
EVERY: dict[str, Family] = {**FAMILIES, **REASONING}


def client_of(simulator: Simulator, **more: Any) -> BedrockRuntimeClient:
    """A client that does not try again."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=20)
    return boto3.client("bedrock-runtime", endpoint_url=simulator.url, config=config, **more)


@pytest.fixture
def client(plain: Simulator) -> Iterator[BedrockRuntimeClient]:
    """A client of the simulator in cleartext."""
    client = client_of(plain)
    yield client
    client.close()


def stream(client: BedrockRuntimeClient, family: Family, body: bytes) -> list[Any]:
    """The chunks of InvokeModelWithResponseStream."""
    response = client.invoke_model_with_response_stream(modelId=family.model_id, body=body)
    with closing(response["body"]) as events:
        return [json.loads(event["chunk"]["bytes"]) for event in events]


def converse_stream(client: BedrockRuntimeClient, model_id: str, **more: Any) -> list[Any]:
    """The events of ConverseStream."""
    with closing(client.converse_stream(modelId=model_id, messages=MESSAGES, **more)["stream"]) as events:
        return list(events)


@pytest.mark.parametrize("name", FAMILIES)
def test_invoke(plain: Simulator, client: BedrockRuntimeClient, name: str) -> None:
    """InvokeModel answers in the format of each family, with counts in its headers."""
    family = FAMILIES[name]
    response = client.invoke_model(modelId=family.model_id, body=family.body)
    assert len(family.text(json.loads(response["body"].read()))) == 8 * 4
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(INPUT_TOKENS)
    assert headers["x-amzn-bedrock-output-token-count"] == "8"
    [call] = plain.ended(1)
    assert (call["model_id"], call["outcome"], call["prompt_head"]) == (family.model_id, "ok", PROMPT)


@pytest.mark.parametrize("name", FAMILIES)
def test_invoke_stream(plain: Simulator, client: BedrockRuntimeClient, name: str) -> None:
    """A stream of each family has 8 pieces of text, the counts in its last chunk, and the same counts in the ledger."""
    family = FAMILIES[name]
    chunks = stream(client, family, family.body)
    assert len([text for chunk in chunks if (text := family.piece(chunk))]) == 8
    assert ["amazon-bedrock-invocationMetrics" in chunk for chunk in chunks].index(True) == len(chunks) - 1
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (INPUT_TOKENS, 8)
    [call] = plain.ended(1)
    assert (call["output_tokens"], call["outcome"]) == (8, "ok")


@pytest.mark.parametrize("name", FAMILIES)
def test_native_limits(client: BedrockRuntimeClient, name: str) -> None:
    """Each family's own limit is kept, streamed or not."""
    family = FAMILIES[name]
    response = client.invoke_model(modelId=family.model_id, body=family.limited(3))
    assert len(family.text(json.loads(response["body"].read()))) == 3 * 4
    assert "".join(map(family.piece, stream(client, family, family.limited(3)))).count(" ") == 3


@pytest.mark.parametrize("name", EVERY)
def test_counts_agree(plain: Simulator, client: BedrockRuntimeClient, name: str) -> None:
    """CountTokens, and each operation streamed or not, count the same."""
    family = EVERY[name]
    plain.set(reasoning_tokens=4)
    bare = family.model_id.removeprefix("us.")
    if name != "nova":  # the service does not count for it
        body = client.count_tokens(modelId=bare, input={"invokeModel": {"body": family.body}})
        conversation = client.count_tokens(modelId=bare, input={"converse": {"messages": MESSAGES}})
        assert body["inputTokens"] == conversation["inputTokens"] == INPUT_TOKENS
    whole: Any = client.converse(modelId=family.model_id, messages=MESSAGES)["usage"]
    streamed = converse_stream(client, family.model_id)[-1]["metadata"]["usage"]
    assert {key: whole[key] for key in streamed} == streamed  # whole answers of Claude have the cache's counts too
    assert whole["inputTokens"] == INPUT_TOKENS
    assert whole["outputTokens"] == 8 + (4 if name in REASONING else 0)
    metrics = stream(client, family, family.body)[-1]["amazon-bedrock-invocationMetrics"]
    assert (metrics["inputTokenCount"], metrics["outputTokenCount"]) == (INPUT_TOKENS, whole["outputTokens"])


def test_reasoning_in_converse(plain: Simulator, client: BedrockRuntimeClient) -> None:
    """Reasoning that was asked for is a block of its own before the text, with a signature."""
    plain.set(reasoning_tokens=4)
    response = client.converse(modelId="anthropic.claude-x", messages=MESSAGES, additionalModelRequestFields=THINKING)
    thought, text = response["output"]["message"]["content"]
    assert len(thought["reasoningContent"]["reasoningText"]["text"]) == 16
    assert len(text["text"]) == 32
    events = converse_stream(client, "anthropic.claude-x", additionalModelRequestFields=THINKING)
    deltas = [e["contentBlockDelta"] for e in events if "contentBlockDelta" in e]
    assert ["text" in d["delta"].get("reasoningContent", {}) for d in deltas] == [True] * 4 + [False] * 9
    assert "signature" in deltas[4]["delta"]["reasoningContent"]
    assert [d["contentBlockIndex"] for d in deltas] == [0] * 5 + [1] * 8


def test_reasoning_of_claude(plain: Simulator, client: BedrockRuntimeClient) -> None:
    """Claude thinks before it speaks, in its own events."""
    plain.set(reasoning_tokens=4)
    claude = FAMILIES["claude"]
    body = json.dumps({**claude.request, **THINKING}).encode()
    types = [chunk.get("delta", {}).get("type") for chunk in stream(client, claude, body)]
    assert [kind for kind in types if kind] == [
        *["thinking_delta"] * 4,
        "signature_delta",
        *["text_delta"] * 8,
    ]
    answer = json.loads(client.invoke_model(modelId=claude.model_id, body=body)["body"].read())
    assert [block["type"] for block in answer["content"]] == ["thinking", "text"]


@pytest.mark.parametrize("name", REASONING)
def test_models_that_always_reason(plain: Simulator, client: BedrockRuntimeClient, name: str) -> None:
    """A reasoning model says its reasoning first, in the text of its own format."""
    plain.set(reasoning_tokens=4)
    family, end = REASONING[name], "</think>" if name == "deepseek-r1" else "</reasoning>"
    whole = family.text(json.loads(client.invoke_model(modelId=family.model_id, body=family.body)["body"].read()))
    pieces = "".join(map(family.piece, stream(client, family, family.body)))
    assert len(whole.split(end)[1]) == len(pieces.split(end)[1]) == 32
    response = client.converse(modelId=family.model_id, messages=MESSAGES)
    kinds = [next(iter(block)) for block in response["output"]["message"]["content"]]
    assert kinds == (["text", "reasoningContent"] if name == "deepseek-r1" else ["reasoningContent", "text"])


def test_tools_in_converse(client: BedrockRuntimeClient) -> None:
    """A forced tool is called, with an input that fits its schema."""
    response = client.converse(modelId="anthropic.claude-x", messages=MESSAGES, toolConfig=TOOLS)
    [block] = response["output"]["message"]["content"]
    assert (response["stopReason"], block["toolUse"]["name"]) == ("tool_use", "weather")
    assert block["toolUse"]["input"] == {"city": "example"}
    events = converse_stream(client, "anthropic.claude-x", toolConfig=TOOLS)
    assert events[1]["contentBlockStart"]["start"]["toolUse"]["name"] == "weather"
    pieces = [e["contentBlockDelta"]["delta"]["toolUse"]["input"] for e in events if "contentBlockDelta" in e]
    assert json.loads("".join(pieces)) == {"city": "example"}
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


@pytest.mark.parametrize("model_id", ["qwen.qwen3-32b-v1:0", "openai.gpt-oss-20b-1:0"])
def test_tools_in_chat(client: BedrockRuntimeClient, model_id: str) -> None:
    """Chat completions call a forced tool in their own way, streamed or not."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]
    body = json.dumps({"messages": [{"role": "user", "content": PROMPT}], "tools": tools, "tool_choice": "required"})
    choice = json.loads(client.invoke_model(modelId=model_id, body=body)["body"].read())["choices"][0]
    [call] = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], call["function"]["name"]) == ("tool_calls", "weather")
    family = Family(model_id, {}, str, str)
    deltas = [chunk["choices"][0]["delta"] for chunk in stream(client, family, body.encode())]
    calls = [d["tool_calls"][0]["function"]["arguments"] for d in deltas if "tool_calls" in d]
    assert json.loads("".join(calls)) == json.loads(call["function"]["arguments"]) == {"city": "example"}


def test_stop_sequences(client: BedrockRuntimeClient) -> None:
    """An answer ends before a stop sequence, and says so, in Converse and in Claude's format."""
    text = client.converse(modelId="x", messages=MESSAGES, inferenceConfig={"temperature": 0})
    words = text["output"]["message"]["content"][0]["text"]
    config: Any = {"temperature": 0, "stopSequences": [words[12:15]]}
    fields: Any = {"additionalModelResponseFieldPaths": ["/stop_sequence"]}
    response = client.converse(modelId="x", messages=MESSAGES, inferenceConfig=config, **fields)
    assert response["stopReason"] == "stop_sequence"
    assert response["additionalModelResponseFields"] == {"stop_sequence": words[12:15]}
    assert words.startswith(response["output"]["message"]["content"][0]["text"])
    claude = FAMILIES["claude"]
    body = json.dumps(claude.request | {"temperature": 0, "stop_sequences": [words[12:15]]})
    answer = json.loads(client.invoke_model(modelId=claude.model_id, body=body)["body"].read())
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", words[12:15])


def test_temperature_zero(client: BedrockRuntimeClient) -> None:
    """At a temperature of 0 an answer is the same each time; else it is not."""

    def answers(temperature: float) -> int:
        config: Any = {"temperature": temperature}
        responses = [client.converse(modelId="x", messages=MESSAGES, inferenceConfig=config) for _ in range(3)]
        return len({response["output"]["message"]["content"][0]["text"] for response in responses})

    assert (answers(0), answers(1)) == (1, 3)


def test_prompt_cache_in_converse(plain: Simulator, client: BedrockRuntimeClient) -> None:
    """A cache point makes a call write and the next one read; inputTokens has neither."""
    plain.set(cache_min_tokens=100)
    system: Any = [{"text": "x" * 800}, {"cachePoint": {"type": "default"}}]
    more: Any = {"modelId": "anthropic.claude-x", "messages": MESSAGES, "system": system}
    usages = [client.converse(**more)["usage"] for _ in range(2)]
    usages.append(converse_stream(client, "anthropic.claude-x", system=system)[-1]["metadata"]["usage"])
    assert [usage["cacheWriteInputTokens"] for usage in usages] == [200, 0, 0]
    assert [usage["cacheReadInputTokens"] for usage in usages] == [0, 200, 200]
    assert [usage["inputTokens"] for usage in usages] == [INPUT_TOKENS] * 3
    assert [usage["totalTokens"] for usage in usages] == [200 + INPUT_TOKENS + 8] * 3
    assert usages[0]["cacheDetails"] == [{"ttl": "5m", "inputTokens": 200}]


def test_prompt_cache_of_claude(plain: Simulator, client: BedrockRuntimeClient) -> None:
    """`cache_control` does the same in Claude's format, with the counts in the headers too."""
    plain.set(cache_min_tokens=100)
    claude = FAMILIES["claude"]
    system = [{"type": "text", "text": "x" * 800, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    body = json.dumps(claude.request | {"system": system}).encode()
    first, second = (client.invoke_model(modelId=claude.model_id, body=body) for _ in range(2))
    usage = json.loads(first["body"].read())["usage"]
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 200}
    assert json.loads(second["body"].read())["usage"]["cache_read_input_tokens"] == 200
    headers = second["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-cache-read-input-token-count"] == "200"
    metrics = stream(client, claude, body)[-1]["amazon-bedrock-invocationMetrics"]
    assert metrics["cacheReadInputTokenCount"] == 200


def test_tier_and_latency(client: BedrockRuntimeClient) -> None:
    """The service tier and the performance configuration of a request come back, in headers or in the body."""
    claude = FAMILIES["claude"]
    options: Any = {"modelId": claude.model_id, "body": claude.body}
    options |= {"serviceTier": "priority", "performanceConfigLatency": "optimized"}
    native = client.invoke_model(**options)
    assert (native["serviceTier"], native["performanceConfigLatency"]) == ("priority", "optimized")
    streamed = client.invoke_model_with_response_stream(**options)
    with closing(streamed["body"]) as events:
        list(events)
    assert (streamed["serviceTier"], streamed["contentType"]) == ("priority", "application/json")
    more: Any = {"serviceTier": {"type": "flex"}, "performanceConfig": {"latency": "optimized"}}
    response = client.converse(modelId="x", messages=MESSAGES, **more)
    metadata = converse_stream(client, "x", **more)[-1]["metadata"]
    for answer in (response, metadata):
        assert answer["serviceTier"] == {"type": "flex"}
        assert answer["performanceConfig"] == {"latency": "optimized"}


@pytest.mark.parametrize(
    "operation", ["InvokeModel", "InvokeModelWithResponseStream", "Converse", "ConverseStream", "CountTokens"]
)
def test_errors_have_their_class(plain: Simulator, client: BedrockRuntimeClient, operation: str) -> None:
    """Each error of an operation's model is raised as its class, with the status of the model."""
    method = client.meta.method_to_api_mapping
    [name] = [python for python, api in method.items() if api == operation]
    claude = FAMILIES["claude"]
    arguments: Any = {"body": claude.body} if operation.startswith("Invoke") else {"messages": MESSAGES}
    if operation == "CountTokens":
        arguments = {"input": {"converse": arguments}}
    for shape in client.meta.service_model.operation_model(operation).error_shapes:
        plain.set(faults={shape.name: 1})
        with pytest.raises(getattr(client.exceptions, shape.name)) as caught:
            getattr(client, name)(modelId=claude.model_id.removeprefix("us."), **arguments)
        response: Any = caught.value.response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata["error"]["httpStatusCode"]


def test_quota_of_tokens(plain: Simulator, client: BedrockRuntimeClient) -> None:
    """A call that reserves more tokens than are left is throttled in the service's words."""
    plain.set(tokens_per_minute=1000)
    client.converse(modelId="x", messages=MESSAGES, inferenceConfig={"maxTokens": 900})
    with pytest.raises(client.exceptions.ThrottlingException, match="Too many tokens, please wait"):
        client.converse(modelId="x", messages=MESSAGES, inferenceConfig={"maxTokens": 995})
    client.converse(modelId="x", messages=MESSAGES, inferenceConfig={"maxTokens": 900})


@pytest.mark.parametrize("wrong", ["key", "secret", "service", "date"])
def test_wrong_signatures(plain: Simulator, wrong: str) -> None:
    """An unknown key, a wrong secret, another service and an old date are the right 403s."""
    given = {"key": {"aws_access_key_id": "AKIDOTHER", "aws_secret_access_key": "x"}}.get(wrong, {})
    if wrong == "secret":
        given = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": "wrong"}
    client = client_of(plain, **given)
    if wrong == "service":
        client.meta.events.register("before-sign.bedrock-runtime", _for_another_service)
    if wrong == "date":
        client.meta.events.register("before-send.bedrock-runtime", _age)
    with pytest.raises(ClientError) as caught:
        client.converse(modelId="x", messages=MESSAGES)
    client.close()
    error: Any = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    expected = "UnrecognizedClientException" if wrong == "key" else "InvalidSignatureException"
    assert error["Error"]["Code"] == expected
    words = {"key": "security token", "secret": "does not match", "service": "correct service", "date": "expired"}
    assert words[wrong] in error["Error"]["Message"]


def _for_another_service(request: Any, **_: Any) -> None:
    request.context["signing"] = {"signing_name": "s3"}


def _age(request: Any, **_: Any) -> None:
    day = request.headers["X-Amz-Date"].decode()[:8]
    old = str(int(day) - 10000)
    request.headers["X-Amz-Date"] = f"{old}T000000Z"
    request.headers["Authorization"] = request.headers["Authorization"].decode().replace(f"/{day}/", f"/{old}/")


def test_tls(secure: Simulator, trusted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In TLS, with the self-made certificate as trusted, a call works with a signature and with a token."""
    monkeypatch.setenv("AWS_CA_BUNDLE", trusted)
    signed = client_of(secure)
    assert signed.converse(modelId="x", messages=MESSAGES)["usage"]["outputTokens"] == 8
    signed.close()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-token")
    bearer = client_of(secure)
    assert len(converse_stream(bearer, "x")) == 12
    bearer.close()
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "another")
    stranger = client_of(secure)
    with pytest.raises(stranger.exceptions.AccessDeniedException, match="API Key"):
        stranger.converse(modelId="x", messages=MESSAGES)
    stranger.close()
    assert [call["outcome"] for call in secure.ended(3)] == ["ok", "ok", "AccessDeniedException"]
