"""What is asked of the simulator in the golden files."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bedrock_locust.simulator.surfaces import Endpoint


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str
    body: Any = None
    """JSON, or the bytes themselves."""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    after_ms: float | None = None
    """When it is sent, after the one before it; once that has been answered if there is no time."""
    leaves_ms: float | None = None
    """When its client goes away, from its beginning on."""
    query: str = ""

    @property
    def raw(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Case:
    """Requests to one simulator, whose answers have three tokens, so that all of a stream can be read."""

    asked: tuple[Asked, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    endpoint: Endpoint = "runtime"


SHORT: Mapping[str, Any] = {
    "ttft_ms": 200,
    "tpot_ms": 20,
    "output_tokens": 3,
    "reasoning_tokens": 2,
    "guardrail_ms": 30,
    "stall_seconds": 60,
    "fault_after_events": 1,
    "seed": 7,
}
"""The settings of each case, but for what it says itself; others are those of all tests."""


def of(*asked: Asked, endpoint: Endpoint = "runtime", **settings: Any) -> Case:
    """A case."""
    return Case(asked, settings, endpoint)


def both(asked: Asked, **settings: Any) -> Case:
    """A case of an operation of boto3, whole and streamed."""
    end = {"invoke": "invoke-with-response-stream", "converse": "converse-stream"}
    place, _, name = asked.path.rpartition("/")
    return of(asked, replace(asked, path=f"{place}/{end[name]}"), **settings)


def streams(asked: Asked, **settings: Any) -> Case:
    """A case of one of the other APIs, whole and streamed."""
    return of(asked, replace(asked, body={**asked.body, "stream": True}), **settings)


def model(name: str, operation: str, body: Any, headers: Mapping[str, str] | None = None) -> Asked:
    """A request for a model."""
    return Asked(f"/model/{quote(name, safe=':')}/{operation}", body, headers=headers or {})


HI: Any = [{"role": "user", "content": [{"text": "Name a colour."}]}]
TOOL: Any = {"name": "rain", "inputSchema": {"json": {"type": "object", "properties": {"city": {"const": "Bern"}}}}}
OTHER: Any = {"name": "wind", "inputSchema": {"json": {"type": "object", "properties": {"knots": {"type": "integer"}}}}}
FORCED = {"tools": [{"toolSpec": TOOL}], "toolChoice": {"any": {}}}
THINK = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 9}}}
DOCUMENT = {"name": "tides", "format": "txt", "source": {"text": "Tides rise."}, "citations": {"enabled": True}}
JSON_SCHEMA = '{"type": "object", "properties": {"a": {"type": "string"}}}'
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
CLAUDE, HAIKU = "anthropic.claude-sonnet-5", "anthropic.claude-3-haiku-20240307-v1:0"


def converse(name: str = "x.y", **more: Any) -> Asked:
    """A request by Converse."""
    return model(name, "converse", {"messages": HI, **more})


CONVERSE: dict[str, Case] = {
    "plain": both(converse()),
    "Claude thinks": both(converse(CLAUDE, **THINK)),
    "DeepSeek thinks": both(converse("us.deepseek.r1-v1:0", **THINK)),
    "gpt-oss thinks": both(converse("openai.gpt-oss-120b-1:0"), tokens_per_event=0),
    "a tool has to be called, by Claude": both(
        converse("anthropic.claude-sonnet-4-5-20250929-v1:0", toolConfig=FORCED)
    ),
    "by Nova": both(converse("amazon.nova-pro-v1:0", toolConfig=FORCED), tokens_per_event=0),
    "two tools, after text": both(
        converse(toolConfig={"tools": [{"toolSpec": TOOL}, {"toolSpec": OTHER}]}),
        tool_share=1,
        second_tool_share=1,
        tokens_per_event=9,
        seed=1,
    ),
    "a schema": both(
        converse(outputConfig={"textFormat": {"structure": {"jsonSchema": {"schema": JSON_SCHEMA}}}}),
        tokens_per_event=6,
    ),
    "a document is cited": both(
        converse(messages=[{"role": "user", "content": [{"text": "Name."}, {"document": DOCUMENT}]}]),
        output_tokens=20,
        tokens_per_event=20,
    ),
    "a stop sequence": both(
        converse(
            inferenceConfig={"maxTokens": 9, "stopSequences": ["~", "e", "zz"]},
            additionalModelResponseFieldPaths=["/stop_sequence"],
        )
    ),
    "none was met": both(
        converse(inferenceConfig={"stopSequences": ["~"]}, additionalModelResponseFieldPaths=["/stop_sequence"]),
        output_tokens=1,
    ),
    "at most two tokens": both(converse(inferenceConfig={"maxTokens": 2})),
    "Llama ends empty": both(converse("us.meta.llama3-3-70b-instruct-v1:0"), output_tokens=1),
    "Titan at once": both(converse("amazon.titan-text-express-v1"), tokens_per_event=0),
    "choices are said": both(converse(performanceConfig={"latency": "optimized"}, serviceTier={"type": "flex"})),
    "a cache is written and read": both(
        converse("anthropic.claude-sonnet-4-6", system=[{"text": "abcdefgh"}, POINT, {"text": "ijkl"}, HOUR]),
        cache_min_tokens=2,
        output_tokens=1,
    ),
    "an older Claude": both(converse(HAIKU, system=[{"text": "abcdefgh"}, POINT]), cache_min_tokens=2, output_tokens=1),
    "a cache that is not used": both(
        converse("anthropic.claude-sonnet-4-6", system=[{"text": "abcdefgh"}, POINT]), output_tokens=1
    ),
    "Nova reads one token": both(
        converse("amazon.nova-pro-v1:0", system=[{"text": "abcd"}, POINT]), cache_min_tokens=1, output_tokens=1
    ),
    "a guardrail masks": both(
        converse(guardrailConfig={"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled"}),
        guardrail_share=1,
    ),
    "a guardrail lets pass": both(
        converse(guardrailConfig={"guardrailIdentifier": "g1", "guardrailVersion": "1", "trace": "enabled_full"}),
        guardrail_share=0,
        output_tokens=1,
    ),
    "a guardrail without a trace": both(
        converse(guardrailConfig={"guardrailIdentifier": "g1", "guardrailVersion": "1"}),
        guardrail_share=1,
        output_tokens=1,
    ),
    "a router": both(converse("arn:aws:bedrock:us-east-1:123456789012:prompt-router/a1"), output_tokens=1),
}


SAID: Any = [{"role": "user", "content": "Name a colour."}]
RAIN = {"name": "rain", "input_schema": TOOL["inputSchema"]["json"]}
RAIN_OF_OPENAI: Any = {"type": "function", "function": {"name": "rain", "parameters": TOOL["inputSchema"]["json"]}}
WIND_OF_OPENAI: Any = {"type": "function", "function": {"name": "wind", "parameters": OTHER["inputSchema"]["json"]}}
GUARDED = {"x-amzn-bedrock-guardrailidentifier": "g1", "x-amzn-bedrock-guardrailversion": "1"}
SCHEMA = {"type": "json_schema", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
OPUS, HAIKU_45 = "global.anthropic.claude-opus-4-8", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
OSS, QWEN, GEMMA, GPT = "openai.gpt-oss-120b-1:0", "qwen.qwen3-32b-v1:0", "google.gemma-4-31b", "us.openai.gpt-5.6-sol"


def claude(name: str = HAIKU_45, headers: Mapping[str, str] | None = None, **more: Any) -> Asked:
    """A request by InvokeModel for Claude."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": SAID, **more}
    return model(name, "invoke", body, headers)


def cites(source: Mapping[str, Any], **more: Any) -> Asked:
    """A request for Claude with a document after another one."""
    asked = {"type": "document", "source": source, "citations": {"enabled": True}, **more}
    other = {"type": "document", "source": {"type": "text", "data": "No."}, "citations": {"enabled": False}}
    return claude(messages=[{"role": "user", "content": [other, asked, {"type": "text", "text": "What is in it?"}]}])


NATIVE: dict[str, Case] = {
    "Claude 4.8 thinks": both(claude(OPUS, thinking={"type": "enabled", "budget_tokens": 1})),
    "thinking is not shown": both(claude(OPUS, thinking={"type": "adaptive", "display": "omitted"})),
    "Claude 4.5 calls a tool, and caches for an hour": both(
        claude(
            tools=[{**RAIN, "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            tool_choice={"type": "tool", "name": "rain"},
        ),
        cache_min_tokens=1,
        tokens_per_event=2,
    ),
    "Claude 3": both(claude(HAIKU), output_tokens=1),
    "Claude 3 caches": both(
        claude(HAIKU, system=[{"type": "text", "text": "abcdefgh", "cache_control": {"type": "ephemeral"}}]),
        cache_min_tokens=2,
        output_tokens=1,
    ),
    "Claude keeps to a schema and stops": both(
        claude(output_config={"format": SCHEMA}, stop_sequences=["yes"]), tokens_per_event=9
    ),
    "Claude cites a text": both(cites({"type": "text", "data": "The tide " * 9}, title="Tides"), output_tokens=1),
    "Claude cites blocks": both(
        cites({"type": "content", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}),
        output_tokens=1,
    ),
    "Claude cites pages": both(cites({"type": "base64"}, title="P"), output_tokens=16, tokens_per_event=16),
    "Llama": both(model("meta.llama3-1-8b-instruct-v1:0", "invoke", {"prompt": "Name a colour.", "max_gen_len": 2})),
    "Llama ends by itself": both(model("meta.llama3-1-8b-instruct-v1:0", "invoke", {"prompt": "Hi"}), output_tokens=1),
    "Nova": both(
        model("us.amazon.nova-pro-v1:0", "invoke", {"messages": HI, "inferenceConfig": {"max_new_tokens": 2}})
    ),
    "Nova thinks and calls a tool": both(
        model(
            "us.amazon.nova-2-lite-v1:0",
            "invoke",
            {"messages": HI, "toolConfig": FORCED, "reasoningConfig": {"type": "enabled"}},
        ),
        tokens_per_event=0,
    ),
    "Titan": both(model("amazon.titan-text-express-v1", "invoke", {"inputText": "Hi"}), tokens_per_event=0),
    "Titan in pieces": both(
        model("amazon.titan-text-lite-v1", "invoke", {"inputText": "Hi", "textGenerationConfig": {"maxTokenCount": 2}})
    ),
    "Mistral": both(model("mistral.mistral-7b-instruct-v0:2", "invoke", {"prompt": "Hi", "max_tokens": 1})),
    "DeepSeek R1": both(model("us.deepseek.r1-v1:0", "invoke", {"prompt": "Hi"}), output_tokens=1),
    "Command R": both(
        model(
            "cohere.command-r-v1:0",
            "invoke",
            {"message": "And?", "chat_history": [{"role": "USER", "message": "Hi."}], "preamble": "Be brief."},
        ),
        output_tokens=1,
    ),
    "Command R stops": both(
        model("cohere.command-r-v1:0", "invoke", {"message": "Hi", "stop_sequences": ["s"]}),
    ),
    "Command R is cut short": both(model("cohere.command-r-v1:0", "invoke", {"message": "Hi", "max_tokens": 1})),
    "Qwen thinks and calls two tools": both(
        model(
            QWEN,
            "invoke",
            {"messages": SAID, "tools": [RAIN_OF_OPENAI, WIND_OF_OPENAI], "enable_thinking": True},
        ),
        tool_share=1,
        second_tool_share=1,
        tokens_per_event=9,
    ),
    "Qwen answers": both(model(QWEN, "invoke", {"messages": SAID, "max_tokens": 1})),
    "gpt-oss tags its reasoning": both(model(OSS, "invoke", {"messages": SAID}), output_tokens=1),
    "a guardrail masks": both(claude(headers={**GUARDED, "x-amzn-bedrock-trace": "ENABLED"}), guardrail_share=1),
    "a guardrail lets pass": both(claude(headers=GUARDED), guardrail_share=0, output_tokens=1),
    "choices in headers": both(
        claude(
            headers={
                "x-amzn-bedrock-performanceconfig-latency": "optimized",
                "x-amzn-bedrock-service-tier": "priority",
            }
        ),
        output_tokens=1,
    ),
    "tokens are counted": of(
        model(HAIKU, "count-tokens", {"input": {"converse": {"messages": HI, "toolConfig": FORCED}}}),
        model(HAIKU, "count-tokens", {"input": {"invokeModel": {"body": base64.b64encode(claude().raw).decode()}}}),
        model(HAIKU, "count-tokens", {"input": {}}),
        model(HAIKU, "count-tokens", {"input": {"invokeModel": {"body": "e30"}}}),
        model(HAIKU_45, "count-tokens", {"input": {"converse": {"messages": HI}}}),
    ),
    "refused": of(
        model("amazon.titan-embed-text-v2:0", "invoke", {"inputText": "Hi"}),
        model("x.y", "converse", {"messages": [{"role": "critic"}], "inferenceConfig": {"maxTokens": 0}}),
        model("does-not-exist", "converse", {"messages": HI}),
        claude(headers={"x-amzn-bedrock-guardrailidentifier": "g1"}),
        converse(outputConfig={"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}),
        converse(system=[POINT] * 5),
        Asked("/model/x.y/invoke", b"["),
        Asked("/model/x.y/nothing", {}),
        Asked("/model/x.y/converse", {"messages": HI}, "GET"),
    ),
}


def chat(name: str = OSS, path: str = "/openai/v1/chat/completions", **more: Any) -> Asked:
    """A request by Chat Completions."""
    return Asked(path, {"model": name, "messages": SAID, **more})


def message(name: str = "us.anthropic.claude-opus-5", headers: Mapping[str, str] | None = None, **more: Any) -> Asked:
    """A request by Messages."""
    return Asked(
        "/anthropic/v1/messages", {"model": name, "max_tokens": 50, "messages": SAID, **more}, headers=headers or {}
    )


def response(name: str = GPT, path: str = "/openai/v1/responses", **more: Any) -> Asked:
    """A request by Responses."""
    return Asked(path, {"model": name, "input": "Name a colour.", **more})


FLAT = [{**RAIN_OF_OPENAI["function"], "type": "function"}, {**WIND_OF_OPENAI["function"], "type": "function"}]
MANTLE: Any = {"endpoint": "mantle"}
OPEN: dict[str, Case] = {
    "gpt-oss by Chat Completions": streams(chat()),
    "Qwen on mantle, without reasoning": streams(
        chat("qwen.qwen3-32b", "/v1/chat/completions", max_tokens=2, service_tier="flex"), **MANTLE
    ),
    "GPT-5.6 reasons unseen": streams(
        chat(GPT, stream_options={"include_usage": True}), reasoning_share=1, output_tokens=1
    ),
    "GPT-5.6 calls two tools": streams(
        chat(GPT, tools=[RAIN_OF_OPENAI, WIND_OF_OPENAI], reasoning_effort="none"),
        tool_share=1,
        second_tool_share=1,
        tokens_per_event=9,
    ),
    "Gemma 4 shows its reasoning": streams(
        chat(GEMMA, "/openai/v1/chat/completions", reasoning_effort="low", stream_options={"include_usage": False}),
        output_tokens=1,
        **MANTLE,
    ),
    "a guardrail by Chat Completions": streams(
        replace(chat(QWEN), headers=GUARDED), guardrail_share=1, output_tokens=1
    ),
    "Claude thinks by Messages": streams(message(thinking={"type": "enabled"}), output_tokens=1),
    "Claude calls a tool by Messages": streams(
        message(tools=[RAIN], tool_choice={"type": "any"}, service_tier="standard_only"), tokens_per_event=9
    ),
    "a guardrail by Messages": streams(message(headers=GUARDED), guardrail_share=1, output_tokens=1),
    "GPT-5.6 by Responses": streams(
        response(reasoning={"effort": "low", "summary": "auto"}, metadata={"a": "b"}, service_tier="flex"),
        output_tokens=2,
    ),
    "GPT-5.6 hides its reasoning, encrypts it, and calls a tool": streams(
        response("openai.gpt-5.6-sol", tools=FLAT, tool_choice="required", include=["reasoning.encrypted_content"]),
        reasoning_share=1,
        tokens_per_event=0,
        **MANTLE,
    ),
    "gpt-oss by Responses is cut short": streams(
        response("openai.gpt-oss-120b", "/v1/responses", max_output_tokens=16, instructions="Be brief.", store=False),
        output_tokens=20,
        tokens_per_event=7,
        **MANTLE,
    ),
    "Gemma 4 by Responses": streams(
        response(GEMMA, reasoning={"effort": "high"}, text={"format": SCHEMA}), tokens_per_event=9, **MANTLE
    ),
    "refused": of(
        Asked("/openai/v1/chat/completions", b"{"),
        Asked("/openai/v1/responses", {"input": "Hi"}),
        message("qwen.qwen3-32b-v1:0"),
        chat(GPT, stream=True, tools=[RAIN_OF_OPENAI]),
    ),
    "tokens of Messages are counted": of(
        Asked("/anthropic/v1/messages/count_tokens", {"model": "anthropic.claude-opus-5", "messages": SAID}),
        Asked("/anthropic/v1/messages/count_tokens", {"model": "anthropic.claude-opus-5"}),
        Asked("/anthropic/v1/messages/count_tokens", {"model": "qwen.qwen3-32b", "messages": SAID}),
        **MANTLE,
    ),
    "paths near by": of(
        Asked("/v1/models", None, "GET"),
        Asked("/openai/v1/models", None, "GET"),
        Asked("/v1/responses/resp_1", None, "GET"),
        Asked("/elsewhere", None, "GET"),
        Asked("/model/x.y/converse", {"messages": HI}),
        **MANTLE,
    ),
    "paths near by, on runtime": of(
        Asked("/v1/models", None, "GET"),
        Asked("/openai/v1/responses/resp_1", None, "GET"),
        Asked("/v1/responses/resp_1", None, "GET"),
        Asked("/anthropic/v1/messages/count_tokens", {}),
        Asked("/elsewhere", None, "GET"),
    ),
}

BEHIND = {"background": True, "stream": True}
SAY: Any = response(GEMMA, reasoning={"effort": "none"})
LATER: Any = replace(SAY, body={**SAY.body, "background": True})
STREAMED: Any = replace(SAY, body={**SAY.body, **BEHIND})


def id_of(index: int, seed: int = 7) -> str:
    """The id of the response to the call of this index."""
    return f"resp_{UUID(int=Random(seed << 64 | index).getrandbits(128), version=4).hex}"


def one(index: int, end: str = "", method: str = "GET", **more: Any) -> Asked:
    """A request for a response that is kept."""
    return Asked(f"/v1/responses/{id_of(index)}{end}", None, method, **more)


KEPT: dict[str, Case] = {
    "asked for, continued, and deleted": of(
        SAY,
        one(0),
        replace(SAY, body={**SAY.body, "input": "And?", "previous_response_id": id_of(0), "instructions": "Be brief."}),
        one(0, method="DELETE"),
        one(0),
        replace(SAY, body={**SAY.body, "previous_response_id": id_of(0)}),
        output_tokens=1,
        **MANTLE,
    ),
    "in the background": of(
        LATER,
        one(0, after_ms=100),
        one(0, after_ms=200),
        one(0, "/cancel", "POST"),
        output_tokens=1,
        **MANTLE,
    ),
    "streamed in the background, and again": of(
        replace(STREAMED, leaves_ms=210),
        one(0, query="stream=true", after_ms=215),
        one(0, query="stream=true&starting_after=10"),
        one(0, query="stream=true&starting_after=-2"),
        one(0, query="stream=false"),
        output_tokens=2,
        **MANTLE,
    ),
    "cancelled": of(
        STREAMED,
        one(0, "/cancel", "POST", after_ms=205),
        one(0, "/cancel", "POST"),
        one(0),
        **MANTLE,
    ),
    "what was waited for": of(SAY, one(0, "/cancel", "POST"), one(0, query="stream=true"), output_tokens=1, **MANTLE),
    "failed": of(STREAMED, LATER, one(1), faults={"throttlingException": 1.0}, **MANTLE),
    "background and not kept": of(replace(LATER, body={**LATER.body, "store": False}), **MANTLE),
}

STREAM = model("x.y", "converse-stream", {"messages": HI})
CHUNKS = model(HAIKU, "invoke-with-response-stream", claude().body)
CHAT = replace(chat(QWEN), body={**chat(QWEN).body, "stream": True})
MESSAGE = replace(message(HAIKU), body={**message(HAIKU).body, "stream": True})


SPOKEN: Any = replace(SAY, body={**SAY.body, "stream": True})


def struck(fault: str, *asked: Asked, **settings: Any) -> Case:
    """A case of a fault that strikes each call."""
    return of(*asked, faults={fault: 1.0}, **settings)


FAULTS: dict[str, Case] = {
    "an exception event": struck("modelStreamErrorException", STREAM, CHUNKS, CHAT, MESSAGE),
    "one that Converse does not have": struck("modelTimeoutException", STREAM, CHUNKS, output_tokens=1),
    "throttled in mid-stream": struck("throttlingException", CHAT, MESSAGE, fault_after_events=0),
    "unavailable in mid-stream": struck("serviceUnavailableException", CHAT, MESSAGE, fault_after_events=2),
    "after the last text": struck("internalServerException", STREAM, CHAT, fault_after_events=2, output_tokens=2),
    "later than the last text": struck("early-end", STREAM, fault_after_events=4, output_tokens=1),
    "cut": struck("cut", STREAM, CHAT, converse()),
    "early end": struck("early-end", STREAM, CHUNKS, MESSAGE),
    "truncated": struck("truncated-frame", STREAM, CHUNKS, CHAT, MESSAGE),
    "a response is truncated": struck("truncated-frame", SPOKEN, fault_after_events=0, **MANTLE),
    "a wrong checksum": struck("bad-crc", STREAM, CHUNKS, CHAT, output_tokens=1),
    "the last event twice": struck("duplicate-metadata", STREAM, CHUNKS, CHAT, output_tokens=1),
    "silence in mid-stream": struck("stall", STREAM, CHAT, converse(), output_tokens=2),
    "silence before the headers": struck("slow-headers", STREAM, converse(), CHAT, output_tokens=1),
    "nonsense": struck("nonsense", STREAM, converse(), CHAT),
    "a model error": struck("ModelErrorException", STREAM, claude(), CHAT, MESSAGE),
    "in the time between two": of(
        converse(),
        converse(),
        fault_schedule=[{"fault": "ThrottlingException", "from_seconds": 0.2, "to_seconds": 0.3}],
    ),
    "the client leaves": of(
        replace(STREAM, leaves_ms=210), replace(converse(), leaves_ms=100), replace(CHAT, leaves_ms=1), converse()
    ),
}

SHORT_OF_OUTPUT: Any = {"output_tokens_per_minute": 3, "output_tokens": 5, "tokens_per_event": 2}
PACE: dict[str, Case] = {
    "the quota of output ends answers": of(STREAM, STREAM, **SHORT_OF_OUTPUT),
    "of output, whole": of(converse(), converse(), **SHORT_OF_OUTPUT),
    "of output, natively": of(CHUNKS, **SHORT_OF_OUTPUT),
    "of output, by Chat Completions": of(CHAT, CHAT, **SHORT_OF_OUTPUT),
    "of output, by Messages": of(MESSAGE, MESSAGE, **SHORT_OF_OUTPUT),
    "of output, by Responses": of(SPOKEN, **SHORT_OF_OUTPUT, **MANTLE),
    "of output, of Titan": of(
        model("amazon.titan-text-express-v1", "invoke-with-response-stream", {"inputText": "Hi"}),
        output_tokens_per_minute=2,
        tokens_per_event=0,
    ),
    "of output, in the first block": of(
        model(CLAUDE, "converse-stream", {"messages": HI, **THINK}), output_tokens_per_minute=1
    ),
    "sizes and times differ": of(
        model(CLAUDE, "converse-stream", {"messages": HI}),
        model(CLAUDE, "converse", {"messages": HI}),
        spread=0.5,
        jitter=0.5,
        tokens_per_event=0,
        output_tokens=12,
        event_times=True,
    ),
    "measured times": of(
        STREAM,
        converse(),
        STREAM,
        ttft_values_ms=[100, 300],
        gap_values_ms=[1, 10, 100],
        output_tokens=4,
        event_times=True,
    ),
    "calls slow each other down": of(
        STREAM, replace(STREAM, after_ms=50), replace(converse(), after_ms=50), half_speed_at=2
    ),
    "calls wait for a place": of(STREAM, replace(STREAM, after_ms=50), replace(converse(), after_ms=50), max_batch=1),
    "a model is loaded": of(
        STREAM, replace(STREAM, after_ms=100), converse(), cold_start_ms=1000, cold_after_seconds=30
    ),
    "a burst": of(
        STREAM,
        replace(STREAM, after_ms=1.5),
        replace(STREAM, after_ms=1.5),
        ttft_ms=8,
        tpot_ms=1,
        output_tokens=1,
    ),
    "a burst that has time": of(
        STREAM, replace(STREAM, after_ms=1.5), replace(converse(), after_ms=1.5), output_tokens=1
    ),
    "a long answer beside a short one": of(
        converse(),
        replace(converse(inferenceConfig={"maxTokens": 2}), after_ms=1000),
        half_speed_at=1,
        output_tokens=151,
    ),
    "text comes first": both(
        converse(
            messages=[{"role": "user", "content": [{"text": "Rain?"}]}],
            inferenceConfig={"temperature": 0},
            toolConfig={"tools": [{"toolSpec": TOOL}]},
        ),
        tool_share=1,
        output_tokens=1,
        tokens_per_event=9,
    ),
    "the same words at a temperature of 0": of(
        converse(inferenceConfig={"temperature": 0}), converse(inferenceConfig={"temperature": 0}), output_tokens=9
    ),
    "blocks are cached unasked": of(
        converse(system=[{"text": "word " * 300}]),
        converse(system=[{"text": "word " * 300}]),
        chat(QWEN, messages=[{"role": "user", "content": "word " * 300}]),
        chat(QWEN, messages=[{"role": "user", "content": "word " * 300}]),
        model(QWEN, "invoke", {"messages": [{"role": "user", "content": "word " * 300}]}),
        implicit_cache=True,
        cache_min_tokens=5,
        output_tokens=1,
    ),
}

GROUPS: dict[str, dict[str, Case]] = {
    "converse": CONVERSE,
    "native": NATIVE,
    "open": OPEN,
    "kept": KEPT,
    "faults": FAULTS,
    "pace": PACE,
}
