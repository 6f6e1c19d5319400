"""Request formats: bodies that are sent, answers that are read."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust import formats
from bedrock_locust.formats import (
    Reading,
    UnknownFormatError,
    chat,
    claude,
    cohere,
    cohere_text,
    converse,
    deepseek,
    gpt_oss,
    jamba,
    llama,
    mistral,
    mistral_chat,
    nova,
    open_weight,
    palmyra,
    titan,
)
from bedrock_locust.formats.required import MissingPartError
from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.request import request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.model import ServiceModel

    from bedrock_locust.formats import Content, NativeFormat

CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012"
METRICS = "amazon-bedrock-invocationMetrics"
TEXT = "Grüße 世界 🙂"
TEXT_BYTES = len(TEXT.encode())


@pytest.mark.parametrize(
    ("model_id", "module"),
    [
        (CLAUDE, claude),
        ("anthropic.claude-3-haiku-20240307-v1:0", claude),
        ("anthropic.claude-opus-5", claude),
        (f"us.{CLAUDE}", claude),
        (f"eu.{CLAUDE}", claude),
        (f"apac.{CLAUDE}", claude),
        (f"global.{CLAUDE}", claude),
        (f"us-gov.{CLAUDE}", claude),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{CLAUDE}", claude),
        (f"{ARN}:inference-profile/us.{CLAUDE}", claude),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.{CLAUDE}", claude),
        ("meta.llama3-70b-instruct-v1:0", llama),
        ("meta.llama3-1-8b-instruct-v1:0", llama),
        ("us.meta.llama3-3-70b-instruct-v1:0", llama),
        ("us.meta.llama4-scout-17b-instruct-v1:0", llama),
        ("arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-8b-instruct-v1:0", llama),
        ("meta.llama2-13b-chat-v1", llama),
        ("anthropic.claude-v2:1", claude),
        ("amazon.nova-lite-v1:0", nova),
        ("us.amazon.nova-2-lite-v1:0", nova),
        ("amazon.titan-text-express-v1", titan),
        ("amazon.titan-tg1-large", titan),
        ("mistral.mistral-7b-instruct-v0:2", mistral),
        ("mistral.mixtral-8x7b-instruct-v0:1", mistral),
        ("mistral.mistral-large-2402-v1:0", mistral),
        ("mistral.mistral-large-2407-v1:0", mistral_chat),
        ("us.mistral.pixtral-large-2502-v1:0", mistral_chat),
        ("mistral.ministral-3-8b-instruct", mistral_chat),
        ("cohere.command-r-plus-v1:0", cohere),
        ("cohere.command-text-v14", cohere_text),
        ("ai21.jamba-1-5-large-v1:0", jamba),
        ("us.deepseek.r1-v1:0", deepseek),
        ("deepseek.v3-v1:0", open_weight),
        ("openai.gpt-oss-120b-1:0", gpt_oss),
        ("openai.gpt-oss-safeguard-20b", gpt_oss),
        ("us.writer.palmyra-x5-v1:0", palmyra),
        ("qwen.qwen3-235b-a22b-2507-v1:0", open_weight),
        ("moonshot.kimi-k2-thinking", open_weight),
        ("global.moonshotai.kimi-k3", open_weight),
        ("minimax.minimax-m2", open_weight),
        ("zai.glm-4.7", open_weight),
        ("google.gemma-3-27b-it", open_weight),
        ("nvidia.nemotron-nano-9b-v2", open_weight),
    ],
)
def test_a_model_has_its_native_format(model_id: str, module: NativeFormat) -> None:
    """The id of a model, its inference profile and its ARNs all lead to the format of its family."""
    assert formats.native(model_id) is module


@pytest.mark.parametrize(
    "model_id",
    [
        "amazon.nova-canvas-v1:0",
        "amazon.nova-sonic-v1:0",
        "amazon.titan-embed-text-v2:0",
        "amazon.titan-image-generator-v2:0",
        "cohere.embed-english-v3",
        "openai.gpt-5.6-sol",
        f"{ARN}:application-inference-profile/a1b2c3d4e5f6",
        f"{ARN}:provisioned-model/a1b2c3d4e5f6",
        "not-anthropic.claude",
        "",
    ],
)
def test_a_model_without_a_native_format_is_refused(model_id: str) -> None:
    """Where there is no format, or no telling which, the message names the model and the way out."""
    with pytest.raises(UnknownFormatError) as refused:
        formats.native(model_id)
    assert repr(model_id) in str(refused.value)
    assert "api: converse" in str(refused.value)


CLAUDE_USAGE = {
    "input_tokens": 20,
    "output_tokens": 300,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 8,
}
CONVERSE_USAGE = {
    "inputTokens": 20,
    "outputTokens": 300,
    "totalTokens": 335,
    "cacheReadInputTokens": 7,
    "cacheWriteInputTokens": 8,
}
WHOLE = Reading(
    input_tokens=20,
    output_tokens=300,
    cache_read_tokens=7,
    cache_write_tokens=8,
    stop_reason="end_turn",
    stopped=True,
    text_bytes=TEXT_BYTES,
)


def test_a_whole_converse_response() -> None:
    """A Converse response gives its counts, its time and the bytes of its text, not of its reasoning."""
    reading = Reading()
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"text": TEXT},
        {"toolUse": {"toolUseId": "t", "name": "n", "input": {"a": 1}}},
    ]
    message = {"role": "assistant", "content": content}
    response = {
        "output": {"message": message},
        "stopReason": "end_turn",
        "usage": CONVERSE_USAGE,
        "metrics": {"latencyMs": 900},
        "serviceTier": {"type": "flex"},
    }
    converse.read(response, reading)
    assert reading == Reading(
        service_tier="flex",
        input_tokens=20,
        output_tokens=300,
        cache_read_tokens=7,
        cache_write_tokens=8,
        server_latency_ms=900,
        stop_reason="end_turn",
        stopped=True,
        text_bytes=TEXT_BYTES,
    )


@pytest.mark.parametrize(
    "wrong", [{}, {"citationsContent": None}, {"citationsContent": {"content": [None, {"text": 5}]}}]
)
def test_text_with_citations_is_text(wrong: dict[str, Any]) -> None:
    """Its parts follow one another, and what is no text brings none."""
    reading = Reading()
    parts = [{"citationsContent": {"content": [{"text": "a "}, {"text": "b"}], "citations": [{"title": "t"}]}}]
    response = {"output": {"message": {"content": [*parts, wrong, {"text": " c"}]}}, "usage": CONVERSE_USAGE}
    converse.read(response, reading)
    assert (reading.text, reading.text_bytes) == ("a b c", 5)


def test_a_whole_claude_response() -> None:
    """A Claude response gives its counts and the bytes of its text, not of its thinking."""
    reading = Reading()
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": TEXT},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
    ]
    claude.read({"content": content, "stop_reason": "end_turn", "usage": CLAUDE_USAGE}, reading)
    assert reading == WHOLE


def test_a_whole_llama_response() -> None:
    """A Llama response gives its counts and the bytes of its text."""
    reading = Reading()
    response = {"generation": TEXT, "prompt_token_count": 20, "generation_token_count": 300, "stop_reason": "length"}
    llama.read(response, reading)
    assert reading == Reading(
        input_tokens=20, output_tokens=300, stop_reason="length", stopped=True, text_bytes=TEXT_BYTES
    )


def events(
    read_event: Callable[[Mapping[str, Any], Reading], Content], chunks: Iterable[Mapping[str, Any]]
) -> tuple[list[Content], Reading]:
    """What each event of a stream brought, and what all of them said."""
    reading = Reading()
    return [read_event(chunk, reading) for chunk in chunks], reading


def block_delta(delta: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """A Converse event with a piece of content."""
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}


def test_a_converse_stream_that_reasons_first() -> None:
    """Reasoning and a tool call are content but not text; roles, signatures and empty texts are none."""
    brought, reading = events(
        converse.read_event,
        [
            {"messageStart": {"role": "assistant"}},
            block_delta({"reasoningContent": {"text": ""}}),
            block_delta({"reasoningContent": {"text": "hm"}}),
            block_delta({"reasoningContent": {"redactedContent": b"x"}}),
            block_delta({"reasoningContent": {"signature": "s"}}),
            {"contentBlockStop": {"contentBlockIndex": 0}},
            block_delta({"text": ""}, 1),
            block_delta({"text": TEXT}, 1),
            {"contentBlockStop": {"contentBlockIndex": 1}},
            {"contentBlockStart": {"contentBlockIndex": 2, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}},
            block_delta({"toolUse": {"input": ""}}, 2),
            block_delta({"toolUse": {"input": '{"a"'}}, 2),
            {"contentBlockStop": {"contentBlockIndex": 2}},
            {"messageStop": {"stopReason": "tool_use"}},
            {
                "metadata": {
                    "usage": CONVERSE_USAGE,
                    "metrics": {"latencyMs": 900},
                    "serviceTier": {"type": "flex"},
                }
            },
        ],
    )
    assert brought == ["", "", "other", "other", "", "", "", "text", "", "other", "", "other", "", "", ""]
    assert reading == Reading(
        other_bytes=38,
        reasoning_bytes=2,
        service_tier="flex",
        input_tokens=20,
        output_tokens=300,
        cache_read_tokens=7,
        cache_write_tokens=8,
        server_latency_ms=900,
        stop_reason="tool_use",
        stopped=True,
        text_bytes=TEXT_BYTES,
    )


def test_a_converse_stream_without_its_end() -> None:
    """A stream that lacks messageStop has not stopped, and counts that did not come are not known."""
    _, reading = events(converse.read_event, [{"messageStart": {"role": "assistant"}}, block_delta({"text": "a"})])
    assert reading == Reading(text_bytes=1)


def claude_delta(kind: str, **member: str) -> dict[str, Any]:
    """A Claude event with a piece of content."""
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **member}}


CLAUDE_STREAM: list[tuple[dict[str, Any], Content]] = [
    (
        {
            "type": "message_start",
            "message": {
                "usage": {
                    "input_tokens": 20,
                    "output_tokens": 1,
                    "cache_read_input_tokens": 7,
                    "cache_creation_input_tokens": 8,
                }
            },
        },
        "",
    ),
    ({"type": "ping"}, ""),
    ({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}, ""),
    (claude_delta("thinking_delta", thinking=""), ""),
    (claude_delta("thinking_delta", thinking="hm"), "other"),
    ({"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "x"}}, "other"),
    ({"type": "content_block_start", "content_block": {"type": "text", "text": ""}}, ""),
    (claude_delta("signature_delta", signature="s"), ""),
    ({"type": "content_block_stop", "index": 0}, ""),
    ({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}, ""),
    (claude_delta("text_delta", text=""), ""),
    (claude_delta("text_delta", text=TEXT), "text"),
    ({"type": "content_block_stop", "index": 1}, ""),
    (claude_delta("input_json_delta", partial_json=""), ""),
    (claude_delta("input_json_delta", partial_json='{"a"'), "other"),
    (claude_delta("a_new_delta", new="x"), ""),
    ({"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": 100}}, ""),
    ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 300}}, ""),
    ({"type": "message_stop"}, ""),
    ({"type": "a_new_event"}, ""),
    ({}, ""),
]


def test_a_claude_stream_that_thinks_first() -> None:
    """Thinking and tool input are content but not text; pings and signatures are none; counts are running totals."""
    chunks, expected = zip(*CLAUDE_STREAM, strict=True)
    brought, reading = events(claude.read_event, chunks)
    assert brought == list(expected)
    assert reading == replace(WHOLE, other_bytes=48, reasoning_bytes=2)


def test_a_signature_is_the_first_sign_of_thinking_that_is_not_shown() -> None:
    """It brings no bytes, and an empty one is no sign; nor is one after reasoning that was shown (above)."""
    signature, text = claude_delta("signature_delta", signature="s"), claude_delta("text_delta", text="a")
    assert events(claude.read_event, [signature, text])[0] == ["other", "text"]
    assert events(claude.read_event, [claude_delta("signature_delta", signature=""), text])[0] == ["", "text"]
    by_converse = block_delta({"reasoningContent": {"signature": "s"}})
    brought, reading = events(converse.read_event, [by_converse, block_delta({"text": "a"})])
    assert (brought, reading.other_bytes) == (["other", "text"], 0)


def test_a_null_in_a_usage_of_claude_erases_nothing() -> None:
    """A figure that message_delta gives as null stays what message_start said."""
    usage = {"input_tokens": None, "output_tokens": 300, "cache_read_input_tokens": None}
    delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    _, reading = events(claude.read_event, [CLAUDE_STREAM[0][0], delta])
    assert (reading.input_tokens, reading.output_tokens, reading.cache_read_tokens) == (20, 300, 7)


def test_what_a_claude_stream_has_generated_is_not_known_from_its_begin() -> None:
    """The one token of message_start is a placeholder: a stream that breaks off has the prompt's counts only."""
    _, reading = events(claude.read_event, [CLAUDE_STREAM[0][0], CLAUDE_STREAM[11][0]])
    assert (reading.input_tokens, reading.output_tokens, reading.cache_read_tokens) == (20, None, 7)


def test_a_claude_stream_without_its_end() -> None:
    """A stream that lacks message_stop has not stopped."""
    _, reading = events(claude.read_event, [chunk for chunk, _ in CLAUDE_STREAM if chunk.get("type") != "message_stop"])
    assert not reading.stopped


def test_a_llama_stream() -> None:
    """Counts are null or running totals, and an empty generation is no content."""
    brought, reading = events(
        llama.read_event,
        [
            {"generation": "", "prompt_token_count": 20, "generation_token_count": None, "stop_reason": None},
            {"generation": TEXT, "prompt_token_count": None, "generation_token_count": 1, "stop_reason": None},
            {"generation": None, "prompt_token_count": None, "generation_token_count": 2, "stop_reason": None},
            {"generation": "a", "prompt_token_count": None, "generation_token_count": 300, "stop_reason": "stop"},
        ],
    )
    assert brought == ["", "text", "", "text"]
    assert reading == Reading(
        input_tokens=20, output_tokens=300, stop_reason="stop", stopped=True, text_bytes=TEXT_BYTES + 1
    )


def test_a_cohere_stream() -> None:
    """Citations are content that is not answer text; what only tells the place is none."""
    brought, reading = events(
        cohere.read_event,
        [
            {"event_type": "stream-start", "generation_id": "x"},
            {"event_type": "text-generation", "text": TEXT},
            {"event_type": "citation-generation", "citations": [{"start": 0, "end": 1, "text": "G"}]},
            {"event_type": "citation-generation", "citations": []},
            {"event_type": "stream-end", "finish_reason": "COMPLETE"},
        ],
    )
    assert brought == ["", "text", "other", "", ""]
    assert reading.text_bytes == TEXT_BYTES
    assert reading.other_bytes > 0
    assert (reading.stopped, reading.stop_reason) == (True, "COMPLETE")


INVOCATION = {
    "inputTokenCount": 1,
    "outputTokenCount": 2,
    "cacheReadInputTokenCount": 3,
    "cacheWriteInputTokenCount": 4,
    "invocationLatency": 5,
    "firstByteLatency": 6,
}


def test_metrics_of_the_service_fill_gaps_only() -> None:
    """The metrics give the times, and those counts that the format has not given."""
    reading = Reading(output_tokens=300, cache_read_tokens=0)
    reading.add_figures({"type": "message_stop", METRICS: INVOCATION})
    assert reading == Reading(
        input_tokens=1,
        output_tokens=300,
        cache_read_tokens=0,
        cache_write_tokens=4,
        server_ttft_ms=6,
        server_latency_ms=5,
    )


def test_a_chunk_without_metrics_changes_nothing() -> None:
    """Only the last chunk of a stream has the metrics."""
    reading = Reading(server_ttft_ms=6, server_latency_ms=5)
    reading.add_figures({"generation": "a"})
    assert reading == Reading(server_ttft_ms=6, server_latency_ms=5)


def test_headers_fill_gaps_only() -> None:
    """The counts in the headers stand in for those that the body has not given."""
    headers = {
        "x-amzn-bedrock-input-token-count": "1",
        "x-amzn-bedrock-output-token-count": "2",
        "x-amzn-bedrock-cache-read-input-token-count": "3",
        "x-amzn-bedrock-cache-write-input-token-count": "4",
        "x-amzn-bedrock-invocation-latency": "5",
    }
    reading = Reading(output_tokens=300, cache_read_tokens=0)
    reading.add_headers(headers)
    assert reading == Reading(
        input_tokens=1, output_tokens=300, cache_read_tokens=0, cache_write_tokens=4, server_latency_ms=5
    )


@given(st.text(st.characters(max_codepoint=255)))
@example("²")
def test_a_header_that_is_no_number_says_nothing(value: str) -> None:
    """Whatever a gateway puts into a header, it is a count or not known."""
    reading = Reading()
    reading.add_headers({"x-amzn-bedrock-input-token-count": value})
    expected = int(value) if value and set(value) <= set("0123456789") and int(value) < 10**12 else None
    assert reading.input_tokens == expected


@given(st.text())
def test_text_is_counted_in_bytes(text: str) -> None:
    """The size of an answer is that of its text in UTF-8, however it is cut into events."""
    whole, pieces = Reading(), Reading()
    assert whole.add_text(text) == ("text" if text else "")
    for character in text:
        pieces.add_text(character)
    assert whole.text_bytes == pieces.text_bytes == len(text.encode())


def test_half_a_surrogate_pair_is_text() -> None:
    """A model may cut a character in two: its halves, as JSON has them, are no failure of the call."""
    reading = Reading()
    assert [reading.add_text("\ud83d"), reading.add_text("\ude42")] == ["text", "text"]
    assert reading.text_bytes > 0


PROMPT = "Say {prompt} and {size}: <|eot_id|> 🙂"


@given(st.text(), st.integers(1, 10**6), st.none() | st.floats(0, 2))
def test_the_prompt_is_in_the_body(prompt: str, max_tokens: int, temperature: float | None) -> None:
    """Each format sends the whole prompt, and counts its characters."""
    arguments = converse.request(prompt, max_tokens, temperature)
    assert arguments["messages"][0]["content"] == [{"text": prompt}]
    assert converse.prompt_chars(arguments) == len(prompt)
    body = claude.body(prompt, max_tokens, temperature, CLAUDE)
    assert body["messages"][0]["content"] == [{"type": "text", "text": prompt}]
    assert claude.prompt_chars(body) == len(prompt)
    for model_id in ("meta.llama3-8b-instruct-v1:0", "meta.llama4-scout-17b-instruct-v1:0"):
        body = llama.body(prompt, max_tokens, temperature, model_id)
        assert prompt in body["prompt"]
        assert llama.prompt_chars(body) == len(body["prompt"])
    for name in formats.native_names():
        native = formats.native("any", name)
        body = native.body(prompt, max_tokens, temperature, "meta.llama2-13b-chat-v1")
        assert json.dumps(prompt)[1:-1] in json.dumps(body)
        assert len(prompt) <= native.prompt_chars(body) <= len(prompt) + 200, "its template may count, too"
        assert native.max_tokens(body) == max_tokens
        assert ("temperature" in json.dumps(body)) >= (temperature is not None)
        assert native.max_tokens({}) is None


def test_the_template_of_llama_depends_on_its_generation() -> None:
    """Llama 3 and Llama 4 mark turns differently, and a prompt with braces is left alone."""
    three = llama.body(PROMPT, 10, None, "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-1-8b-instruct-v1:0")
    four = llama.body(PROMPT, 10, None, "us.meta.llama4-scout-17b-instruct-v1:0")
    assert f"<|start_header_id|>user<|end_header_id|>\n\n{PROMPT}<|eot_id|>" in three["prompt"]
    assert f"<|header_start|>user<|header_end|>\n\n{PROMPT}<|eot|>" in four["prompt"]


def test_system_prompts_count_as_prompt() -> None:
    """Characters of the system prompt and of all messages count; other blocks have none."""
    messages = [{"role": "user", "content": [{"text": "abc"}, {"image": {}}]}]
    assert converse.prompt_chars({"system": [{"text": "de"}, {"cachePoint": {}}], "messages": messages}) == 5
    assert claude.prompt_chars({"system": "de", "messages": [{"role": "user", "content": "abc"}]}) == 5
    blocks = [{"role": "user", "content": [{"type": "text", "text": "abc"}, {"type": "image"}]}]
    assert claude.prompt_chars({"system": [{"type": "text", "text": "de"}], "messages": blocks}) == 5


COMBINATIONS = list(
    product(
        ["converse", "invoke"],
        [None, 0, 0.7],
        [None, "default", "priority", "flex", "reserved"],
        [None, "standard", "optimized"],
    )
)


@pytest.mark.parametrize("model_id", [CLAUDE, "meta.llama3-8b-instruct-v1:0"])
@pytest.mark.parametrize(("api", "temperature", "tier", "latency"), COMBINATIONS)
def test_boto3_accepts_every_request(
    service_model: ServiceModel,
    model_id: str,
    *,
    api: str,
    temperature: float | None,
    tier: str | None,
    latency: str | None,
) -> None:
    """The arguments of a call are those that botocore's model of the operation has, for all settings."""
    model = {"id": model_id, "api": api, "service_tier": tier, "latency": latency}
    settings = Settings.model_validate({"model": model, "test": {"temperature": temperature}})
    operations = {
        "converse": ("Converse", "ConverseStream"),
        "invoke": ("InvokeModel", "InvokeModelWithResponseStream"),
    }
    arguments = request(settings, "a prompt")
    for name in operations[api]:
        shape = service_model.operation_model(name).input_shape
        assert shape
        report = ParamValidator().validate(arguments, shape)
        assert not report.has_errors(), f"{name}: {report.generate_report()}"
    assert arguments["modelId"] == model_id
    said = repr(arguments)
    for value in (tier, latency):
        assert value is None or repr(value) in said, f"{value} is not in the request"
    assert ("temperature" in said) == (temperature is not None)
    assert "None" not in said, f"a value that was not asked for is sent: {said}"


@pytest.mark.parametrize(
    ("model_id", "limit"),
    [
        ("us.openai.gpt-5.6-sol", "max_completion_tokens"),
        ("openai.gpt-6.1", "max_completion_tokens"),
        ("xai.grok-4.3", "max_completion_tokens"),
        ("openai.gpt-oss-120b-1:0", "max_tokens"),
        ("qwen.qwen3-32b", "max_tokens"),
    ],
)
def test_chat_completions_name_the_limit_as_the_model_takes_it(model_id: str, limit: str) -> None:
    """By one name: newer models refuse a request that has the other, also beside the right one."""
    asked = chat.request("Name a colour.", 9, None, model_id)
    assert {key: asked[key] for key in chat.MOST if key in asked} == {limit: 9}
    assert asked["model"] == model_id


def test_tokens_that_are_written_for_an_hour_are_told_apart() -> None:
    """Converse has them in `cacheDetails`, Claude in `cache_creation`; other times to live are not counted there."""
    details = [{"ttl": "5m", "inputTokens": 3}, {"ttl": "1h", "inputTokens": 5}, {"ttl": "1h"}, 7]
    one, other = Reading(), Reading()
    converse.read({"output": None, "usage": {**CONVERSE_USAGE, "cacheDetails": details}}, one)
    creation = {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 5}
    claude.read({"content": [], "usage": {**CLAUDE_USAGE, "cache_creation": creation}}, other)
    assert one.cache_write_1h_tokens == other.cache_write_1h_tokens == 5
    assert one.cache_write_tokens == 8


def test_a_prompt_to_a_newer_model_of_mistral() -> None:
    """Whether it is answered in the form of the older models or of the newer, text and stop reason are read."""
    asked = {"prompt": "<s>[INST] Hi [/INST]", "max_tokens": 9}
    assert mistral_chat.prompt_chars(asked) == len(asked["prompt"])  # type: ignore[arg-type]
    assert mistral_chat.max_tokens(asked) == 9
    for answer in (
        {"outputs": [{"text": "Hello", "stop_reason": "length"}]},
        {"choices": [{"index": 0, "message": {"content": "Hello"}, "finish_reason": "length"}]},
    ):
        whole, streamed = Reading(), Reading()
        mistral_chat.read(answer, whole)
        assert mistral_chat.read_event(answer, streamed) == "text"
        for reading in (whole, streamed):
            assert (reading.text, reading.stop_reason, reading.stopped) == ("Hello", "length", True)


@pytest.mark.parametrize("chunk", [{"usage": {"prompt_tokens": 3}}, {"usage": {}, "choices": []}])
def test_a_chunk_of_figures_needs_no_choices(chunk: dict[str, Any]) -> None:
    """Any other chunk of a chat does."""
    assert chat.read_event(chunk, Reading()) == ""
    with pytest.raises(MissingPartError, match="choices"):
        chat.read_event({"id": "chatcmpl-1"}, Reading())


@pytest.mark.parametrize(("text", "brought"), [("", ""), ("Hello", "text")])
def test_a_whole_answer_in_one_chunk_brings_its_text(text: str, brought: str) -> None:
    """An empty one brings nothing, so that no first token is seen in it."""
    chunk = {"generations": [{"text": text, "finish_reason": "COMPLETE"}]}
    reading = Reading()
    assert cohere_text.read_event(chunk, reading) == brought
    assert reading.text_bytes == len(text)
