"""In what the answers of families of models differ."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator import families, formats
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.formats.thinking import always, is_hidden

from .calls import PROMPT, converse_stream, invoke
from .lapse import check_text

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from .process import Simulator

MESSAGES: Any = [{"role": "user", "content": [{"text": PROMPT}]}]
SCHEMA = {"type": "object", "properties": {"city": {"const": "Bern"}}, "required": ["city"]}
TOOLS: Any = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}]}
CACHED: Any = [{"text": "x" * 8000}, {"cachePoint": {"type": "default"}}]
THINKING = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}
READ_TWICE = {"cacheReadInputTokens", "cacheReadInputTokenCount", "cacheWriteInputTokens", "cacheWriteInputTokenCount"}


@pytest.mark.parametrize(
    ("model_id", "since_37", "since_40", "since_48"),
    [
        ("anthropic.claude-v2:1", False, False, False),
        ("anthropic.claude-instant-v1", False, False, False),
        ("anthropic.claude-3-haiku-20240307-v1:0", False, False, False),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", False, False, False),
        ("eu.anthropic.claude-3-7-sonnet-20250219-v1:0", True, False, False),
        ("anthropic.claude-opus-4-20250514-v1:0", True, True, False),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", True, True, False),
        ("us.anthropic.claude-opus-4-8", True, True, True),
        ("anthropic.claude-sonnet-5", True, True, True),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-fable-5-1", True, True, True),
        ("anthropic.claude-x", True, True, True),
    ],
)
def test_version_of_claude(model_id: str, since_37: bool, since_40: bool, since_48: bool) -> None:
    """What a model of Claude tells depends on its version, however its id is written."""
    family = families.of(model_id)
    assert (family.counts_cache, family.native_cache, family.native_details) == (since_37, since_40, since_48)
    assert family.signs


@pytest.mark.parametrize("model_id", ["us.amazon.nova-pro-v1:0", "anthropic.claude-sonnet-5", "openai.gpt-oss-120b"])
def test_sizes_vary_around_their_median(model_id: str) -> None:
    """Sizes of events differ within a stream, have the median of their family, and are the same for the same seed."""
    family = families.of(model_id)
    drawn = list(islice(family.sizes("text", 0, Random(1)), 2001))
    assert drawn == list(islice(family.sizes("text", 0, Random(1)), 2001))
    assert min(drawn) >= 1
    assert statistics.median(drawn) == round(family.event_tokens)
    tenth, _, _, _, _, _, _, _, ninetieth = statistics.quantiles(drawn, n=10)
    assert ninetieth / tenth > 2
    assert set(islice(family.sizes("text", 4, Random(1)), 9)) == {4}


@pytest.mark.parametrize(
    "model_id", ["some.model-v1:0", "x", "arn:aws:bedrock:us-east-1:1:application-inference-profile/a"]
)
def test_others_have_one_token_in_an_event(model_id: str) -> None:
    """A family of which nothing is known."""
    assert families.of(model_id) == families.Family()
    assert list(islice(families.of(model_id).sizes("text", 0, Random(1)), 3)) == [1, 1, 1]


def deltas(client: BedrockRuntimeClient, model_id: str, **more: Any) -> list[dict[str, Any]]:
    """The deltas of a stream by Converse."""
    events = converse_stream(client, model_id, **more)
    return [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]


def test_events_of_many_tokens(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """By default a stream of Claude has fewer events than tokens, with sizes that differ."""
    simulator.set(tokens_per_event=0, output_tokens=90)
    sizes = [len(delta["text"]) // 4 for delta in deltas(client, "us.anthropic.claude-sonnet-5")]
    assert sum(sizes) == 90
    assert len(sizes) < 60
    assert len(set(sizes)) > 2


def test_the_whole_answer_at_once(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Titan sends its answer when it is complete; natively in one chunk with the counts, after the latency."""
    simulator.set(tokens_per_event=0, ttft_ms=50, tpot_ms=10)
    assert [len(delta["text"]) for delta in deltas(client, "amazon.titan-text-express-v1")] == [32]
    body = json.dumps({"inputText": PROMPT})
    response = client.invoke_model_with_response_stream(modelId="amazon.titan-text-express-v1", body=body)
    [only] = [json.loads(event["chunk"]["bytes"]) for event in response["body"]]
    assert (len(only["outputText"]), only["totalOutputTextTokenCount"], only["completionReason"]) == (32, 8, "FINISH")
    metrics = only["amazon-bedrock-invocationMetrics"]
    assert metrics["firstByteLatency"] >= 50 + 7 * 10 - 1
    for call in simulator.ended(2):
        assert (call["first_token_at_ns"] - call["arrived_at_ns"]) / 1e6 >= 50 + 7 * 10 - 1
        assert call["output_tokens"] == 8


def test_titan_in_pieces_has_its_counts_in_the_last(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Where the tokens of an event are set, the last text is in the chunk with the counts all the same."""
    simulator.set(tokens_per_event=3)
    body = json.dumps({"inputText": PROMPT})
    response = client.invoke_model_with_response_stream(modelId="amazon.titan-text-express-v1", body=body)
    chunks = [json.loads(event["chunk"]["bytes"]) for event in response["body"]]
    assert [len(chunk["outputText"]) for chunk in chunks] == [12, 12, 8]
    assert [chunk["totalOutputTextTokenCount"] for chunk in chunks] == [None, None, 8]


def test_nova_natively(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Its limit has two names; each piece of text is a block of its own; the usage of a stream has no total."""
    for name in ("maxTokens", "max_new_tokens"):
        request: Any = {"messages": MESSAGES, "inferenceConfig": {name: 5}}
        model_id = "us.amazon.nova-lite-v1:0"
        whole = json.loads(client.invoke_model(modelId=model_id, body=json.dumps(request))["body"].read())
        assert (whole["stopReason"], whole["usage"]["outputTokens"]) == ("max_tokens", 5)
        assert whole["usage"]["totalTokens"] == whole["usage"]["inputTokens"] + 5
        response = client.invoke_model_with_response_stream(modelId=model_id, body=json.dumps(request))
        chunks = [json.loads(event["chunk"]["bytes"]) for event in response["body"]]
        blocks = [(next(iter(c)), next(iter(c.values())).get("contentBlockIndex")) for c in chunks]
        texts = [(kind, i) for i in range(5) for kind in ("contentBlockDelta", "contentBlockStop")]
        assert blocks == [("messageStart", None), *texts, ("messageStop", None), ("metadata", None)]
        assert "totalTokens" not in chunks[-1]["metadata"]["usage"]
        assert chunks[-1]["metadata"]["usage"]["cacheReadInputTokenCount"] == 0
    headers = client.invoke_model(modelId=model_id, body=json.dumps(request))["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-cache-read-input-token-count"] == "0"


def test_empty_pieces(client: BedrockRuntimeClient) -> None:
    """The input of a tool of Claude begins with an empty piece, and Llama's text ends with one."""
    forced = TOOLS | {"toolChoice": {"any": {}}}
    for model_id, pieces in (("anthropic.claude-sonnet-5", [""]), ("us.meta.llama4-scout-17b-instruct-v1:0", [])):
        inputs = [delta["toolUse"]["input"] for delta in deltas(client, model_id, toolConfig=forced)]
        assert inputs[: len(pieces)] == pieces
        assert all(inputs[len(pieces) :])
        assert json.loads("".join(inputs)) == {"city": "Bern"}
    texts = [delta["text"] for delta in deltas(client, "us.meta.llama3-3-70b-instruct-v1:0")]
    assert [bool(text) for text in texts] == [True] * 8 + [False]


def test_input_of_a_tool_at_once(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """Nova sends the whole input of a tool in one piece, when its last token is there."""
    simulator.set(tokens_per_event=0)
    [delta] = deltas(client, "us.amazon.nova-pro-v1:0", toolConfig=TOOLS | {"toolChoice": {"any": {}}})
    assert json.loads(delta["toolUse"]["input"]) == {"city": "Bern"}


def test_gpt_oss_begins_with_an_empty_block(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """By Converse: an empty block of text, then the reasoning in one piece, which is late, then the text."""
    simulator.set(tokens_per_event=0, reasoning_tokens=6, ttft_ms=30, tpot_ms=10)
    events = converse_stream(client, "openai.gpt-oss-120b-1:0")
    found = [event["contentBlockDelta"] for event in events if "contentBlockDelta" in event]
    assert found[0] == {"contentBlockIndex": 0, "delta": {"text": ""}}
    assert [len(d["delta"].get("reasoningContent", {}).get("text", "")) for d in found[:2]] == [0, 24]
    assert {d["contentBlockIndex"] for d in found[2:]} == {2}
    [call] = simulator.ended(1)
    assert (call["first_token_at_ns"] - call["arrived_at_ns"]) / 1e6 >= 30 + 5 * 10 - 1


@pytest.mark.parametrize(
    ("model_id", "signed"), [("us.anthropic.claude-sonnet-4-6", True), ("us.deepseek.r1-v1:0", False), ("x", False)]
)
def test_who_signs(simulator: Simulator, client: BedrockRuntimeClient, model_id: str, *, signed: bool) -> None:
    """Only Claude signs its reasoning, in whole answers and in streams; R1 alone has its text first, in whole ones."""
    simulator.set(reasoning_tokens=3)
    more: Any = THINKING
    whole: Any = client.converse(modelId=model_id, messages=MESSAGES, **more)["output"]["message"]["content"]
    [thought] = [block["reasoningContent"]["reasoningText"] for block in whole if "reasoningContent" in block]
    assert ("signature" in thought) == signed
    assert ("text" in whole[0]) == ("deepseek" in model_id)
    found = deltas(client, model_id, **more)
    assert any("signature" in delta.get("reasoningContent", {}) for delta in found) == signed
    assert "reasoningContent" in found[0]


@pytest.mark.parametrize(
    ("model_id", "unasked", "details"),
    [
        ("anthropic.claude-sonnet-4-6", True, True),
        ("anthropic.claude-3-haiku", False, True),
        ("amazon.nova-pro-v1:0", False, False),
    ],
)
def test_cache_counts(
    simulator: Simulator, client: BedrockRuntimeClient, model_id: str, *, unasked: bool, details: bool
) -> None:
    """Newer Claude has counts of the cache always, but not in streams; others where the cache was used."""
    simulator.set(cache_min_tokens=1024)
    plain: Any = client.converse(modelId=model_id, messages=MESSAGES)["usage"]
    assert ("cacheReadInputTokens" in plain) == unasked
    streamed = converse_stream(client, model_id)[-1]["metadata"]["usage"]
    assert not READ_TWICE & streamed.keys()
    cached: Any = client.converse(modelId=model_id, messages=MESSAGES, system=CACHED)["usage"]
    assert cached["cacheWriteInputTokens"] == 2000
    assert ("cacheDetails" in cached) == details


def test_both_spellings(simulator: Simulator) -> None:
    """On the wire each count of the cache has two names, and the usage says that no server tool was used."""
    body = json.dumps({"messages": MESSAGES}).encode()
    _, _, answer = simulator.request("POST", "/model/anthropic.claude-sonnet-5/converse", body)
    assert json.loads(answer)["usage"].keys() >= READ_TWICE | {"serverToolUsage"}


def test_tools_that_may_be_called(simulator: Simulator, client: BedrockRuntimeClient) -> None:
    """With `auto` a share of the calls calls a tool, some after text; none does after a result; a share of 0 never."""
    turn: Any = [
        *MESSAGES,
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "weather", "input": {}}}]},
    ]
    result: Any = [
        *turn,
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "rain"}]}}]},
    ]
    for share, least, most in ((0.8, 12, 29), (0, 0, 0), (1, 30, 30)):
        simulator.set(tool_share=share, ttft_ms=0, tpot_ms=0)
        answers = [client.converse(modelId="x.y", messages=MESSAGES, toolConfig=TOOLS) for _ in range(30)]
        called = [a["output"]["message"]["content"] for a in answers if a["stopReason"] == "tool_use"]
        assert least <= len(called) <= most
        assert {len(content) for content in called} == ({1, 2} if called else set())
    after = client.converse(modelId="x.y", messages=result, toolConfig=TOOLS)
    assert after["stopReason"] == "end_turn"


def test_tools_cost_more_than_their_text(client: BedrockRuntimeClient) -> None:
    """A prompt with tools has hundreds of tokens more, by family, in CountTokens too."""

    def counted(model_id: str) -> int:
        converse: Any = {"messages": MESSAGES, "toolConfig": TOOLS}
        if "nova" not in model_id:  # the service does not count for it
            count = client.count_tokens(modelId=model_id, input={"converse": converse})["inputTokens"]
            assert client.converse(modelId=model_id, **converse)["usage"]["inputTokens"] == count
        return client.converse(modelId=model_id, **converse)["usage"]["inputTokens"]

    assert counted("us.amazon.nova-2-lite-v1:0") - counted("mistral.pixtral-large-2502-v1:0") == 840
    assert counted("anthropic.claude-sonnet-4-5-20250929-v1:0") - counted("cohere.command-r-v1:0") == 480


@pytest.mark.parametrize("model_id", ["us.does-not-exist-model-v1:0", "us.amazon.nova-micro-v1:O"])
def test_models_that_do_not_exist(simulator: Simulator, client: BedrockRuntimeClient, model_id: str) -> None:
    """An id with `does-not-exist` in it, or with a version that is no number, is refused in the service's words."""
    with pytest.raises(client.exceptions.ValidationException, match=r"The provided model identifier is invalid\."):
        client.converse(modelId=model_id, messages=MESSAGES)
    with pytest.raises(client.exceptions.ValidationException, match="identifier is invalid"):
        invoke(client, model_id)
    assert [call["outcome"] for call in simulator.ended(2)] == ["ValidationException"] * 2


@pytest.mark.parametrize(
    ("model_id", "fields", "reasons"),
    [
        ("minimax.minimax-m2", {}, True),
        ("moonshot.kimi-k2-thinking", {}, True),
        ("qwen.qwen3-32b-v1:0", {}, False),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "high"}, True),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "none"}, False),
    ],
)
def test_who_reasons(
    simulator: Simulator, client: BedrockRuntimeClient, model_id: str, fields: dict[str, Any], *, reasons: bool
) -> None:
    """Some models do unasked; the configuration may be a word."""
    simulator.set(reasoning_tokens=3)
    more: Any = {"additionalModelRequestFields": fields}
    answer = client.converse(modelId=model_id, messages=MESSAGES, **more)
    assert ("reasoningContent" in answer["output"]["message"]["content"][0]) == reasons


@pytest.mark.parametrize(
    ("model_id", "least"),
    [
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 4096),
        ("anthropic.claude-sonnet-4-6", 2048),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", 1024),
        ("us.amazon.nova-lite-v1:0", 1536),
        ("meta.llama4-scout", 1024),
    ],
)
def test_a_prefix_must_be_as_long_as_its_model_wants(model_id: str, least: int) -> None:
    """As AWS states for the model, or the usual length."""
    assert families.cache_min_tokens(model_id) == least


MODELS = (
    *("anthropic.claude-v2:1", "anthropic.claude-instant-v1", "anthropic.claude-3-haiku-20240307-v1:0"),
    *("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic.claude-3-5-haiku-20241022-v1:0"),
    *("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "us.anthropic.claude-opus-4-20250514-v1:0"),
    *("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-opus-4-5", "anthropic.claude-haiku-4-5"),
    *("anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6", "anthropic.claude-opus-4-7"),
    *("anthropic.claude-opus-4-8", "anthropic.claude-opus-5", "anthropic.claude-x"),
    *("amazon.nova-pro-v1:0", "us.amazon.nova-pro-v1:0", "amazon.nova-lite-v1:0", "amazon.nova-micro-v1:0"),
    *("us.amazon.nova-2-lite-v1:0", "amazon.titan-text-express-v1", "amazon.titan-embed-text-v2:0"),
    *("meta.llama3-1-8b-instruct-v1:0", "us.meta.llama4-scout-17b-instruct-v1:0", "us.deepseek.r1-v1:0"),
    *("deepseek.v3.1", "openai.gpt-oss-120b-1:0", "openai.gpt-5.1", "us.openai.gpt-6", "openai.gpt-4.1", "xai.grok-4"),
    *("qwen.qwen3-32b-v1:0", "mistral.mistral-7b-instruct-v0:2", "mistral.magistral-small", "google.gemma-4-31b"),
    *("moonshot.kimi-k2-thinking", "moonshotai.kimi-k2", "minimax.minimax-m2", "zai.glm-4.6", "nvidia.nemotron"),
    *("ai21.jamba-1-5-mini", "ai21.j2-mid", "cohere.command-r-v1:0", "cohere.command-text-v14", "x.y"),
)


def test_families_are_as_they_were_read_and_approved() -> None:
    """What is particular to each model: its events, counts, prefixes, reasoning, and formats on each way."""
    lines = []
    for model in MODELS:
        family, plain = families.of(model), families.Family()
        about = {name: value for name, value in asdict(family).items() if value != getattr(plain, name)}
        about |= {"cached from": families.cache_min_tokens(model), "native": _native(model)}
        reasons = "always" if always(model) else "at will" if is_hidden(model) else ""
        about |= {"reasons": reasons} if reasons else {}
        lines += [model, f"  {', '.join(f'{name} {value}' for name, value in about.items())}"]
    check_text("families.txt", "\n".join(lines) + "\n")


def _native(model: str) -> str:
    """The native format of a model."""
    try:
        return type(formats.native(model, b'{"prompt": "Hi"}')).__name__
    except ServiceError:
        return "none"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"anthropic_version": "x", "messages": [1], "prompt": "p"}, "Claude"),
        ({"inputText": "t", "prompt": "p"}, "Titan"),
        ({"schemaVersion": "messages-v1", "messages": [1]}, "Nova"),
        ({"inferenceConfig": {"a": 1}, "messages": [1]}, "Nova"),
        ({"max_gen_len": 5, "prompt": "p"}, "Llama"),
        ({"messages": [1], "message": "m", "prompt": "p"}, "Chat"),
        ({"message": "m", "prompt": "p"}, "Command"),
        ({"prompt": "p"}, "Completion"),
        ({"max_gen_len": 0, "prompt": "", "messages": []}, ""),
        ({}, ""),
    ],
)
def test_an_arn_has_the_format_of_its_body(body: dict[str, Any], found: str) -> None:
    """What the id of a model does not tell, the members of the body do, the rarest first."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1"
    if not found:
        with pytest.raises(ServiceError, match="does not know the request format"):
            formats.native(arn, json.dumps(body).encode())
        return
    assert type(formats.native(arn, json.dumps(body).encode())).__name__ == found
    with pytest.raises(ServiceError, match="does not know"):
        formats.native("cohere.command-text-v14", json.dumps(body).encode())


@pytest.mark.parametrize(
    ("kind", "fixed", "family", "first"),
    [
        ("text", 0, families.Family(), [1, 1, 1]),
        ("text", 4, families.Family(event_spread=1, event_tokens=9), [4, 4, 4]),
        ("text", 0, families.Family(event_tokens=2.6), [3, 3, 3]),
        ("text", 0, families.Family(event_tokens=0.2), [1, 1, 1]),
        ("reasoning", 0, families.Family(reasoning_at_once=True), [families.ALL] * 3),
        ("tool", 0, families.Family(reasoning_at_once=True), [1, 1, 1]),
        ("tool", 0, families.Family(tool_at_once=True), [families.ALL] * 3),
        ("reasoning", 0, families.Family(tool_at_once=True), [1, 1, 1]),
        ("text", 0, families.Family(tool_at_once=True, reasoning_at_once=True), [1, 1, 1]),
        ("reasoning", 2, families.Family(reasoning_at_once=True), [2, 2, 2]),
        ("text", 0, families.Family(event_tokens=4, event_spread=0.5), [5, 4, 7]),
    ],
)
def test_sizes_of_events(kind: str, fixed: int, family: families.Family, first: list[int]) -> None:
    """Fixed ones, whole blocks, those of the family, and drawn ones, which are 1 at least."""
    assert list(islice(family.sizes(kind, fixed, Random(1)), 3)) == first
