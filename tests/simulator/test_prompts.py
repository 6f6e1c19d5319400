"""What each format takes from a request, member by member, as it was read and approved; and what it refuses."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator import formats
from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.prompts import Part, Prompt, size

from .lapse import check_text

if TYPE_CHECKING:
    from bedrock_locust.simulator.formats.base import Format

FORMATS: dict[str, Format] = {
    "Converse": formats.CONVERSE,
    "Messages": formats.MESSAGES,
    "Chat": formats.open_api("chat", "runtime", "qwen.qwen3-32b-v1:0"),
    "Responses": formats.open_api("responses", "mantle", "openai.gpt-5.6-sol"),
    "Claude": formats.native("anthropic.claude-sonnet-5", b""),
    "Nova": formats.native("amazon.nova-pro-v1:0", b""),
    "Llama": formats.native("meta.llama3-1-8b-instruct-v1:0", b""),
    "Titan": formats.native("amazon.titan-text-express-v1", b""),
    "Mistral": formats.native("mistral.mistral-7b-instruct-v0:2", b'{"prompt": "Hi"}'),
    "Command": formats.native("cohere.command-r-v1:0", b""),
    "Qwen": formats.native("qwen.qwen3-32b-v1:0", b""),
}

USER: Any = {"role": "user", "content": [{"text": "Hi."}]}
SAID: Any = {"role": "user", "content": "Hi."}
SPEC: Any = {"name": "rain", "inputSchema": {"json": {"type": "object"}}}
OTHER: Any = {"name": "wind"}
TOOLS: Any = [{"toolSpec": SPEC}, {"toolSpec": OTHER}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
RAIN: Any = {"name": "rain", "input_schema": {"type": "object"}}
OPENAI: Any = [{"type": "function", "function": {"name": "rain", "parameters": {}}}, {"function": {"name": "wind"}}]
FLAT: Any = [{"type": "function", "name": "rain", "parameters": {}}, {"type": "web_search"}]
DOCUMENT: Any = {"citations": {"enabled": True}, "name": "tides"}
SCHEMA: Any = {"type": "object", "properties": {"a": {"type": "string"}}}


def converse(*content: Any, **more: Any) -> dict[str, Any]:
    """A request of Converse with these blocks in its one message."""
    return {"messages": [{"role": "user", "content": list(content) or [{"text": "Hi."}]}], **more}


def claude(*content: Any, **more: Any) -> dict[str, Any]:
    """A request of Claude with these blocks in its one message."""
    message = {"role": "user", "content": list(content) or "Hi."}
    return {"anthropic_version": "x", "max_tokens": 9, "messages": [message], **more}


def chat(*messages: Any, **more: Any) -> dict[str, Any]:
    """A request of chat completions with these messages."""
    return {"messages": list(messages) or [SAID], **more}


def fields_of_model(**more: Any) -> dict[str, Any]:
    """A request of Converse with fields of the model's own."""
    return converse(additionalModelRequestFields=more)


def thinking(**config: Any) -> dict[str, Any]:
    """One that asks for thinking."""
    return fields_of_model(thinking=config)


def guarded(config: Any) -> dict[str, Any]:
    """One with a guardrail."""
    return converse(guardrailConfig=config)


def structured(schema: Any) -> dict[str, Any]:
    """One with a schema."""
    return converse(outputConfig={"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}})


CONVERSE: list[dict[str, Any]] = [
    converse(),
    converse({"text": "a"}, {"image": {}}, {"document": {}}, {"video": {}, "audio": {}}, {"other": 1}),
    converse({"text": "abcd", "cachePoint": {"type": "default"}}, {"cachePoint": {"ttl": "1h"}}, {"cachePoint": 5}),
    converse({"toolUse": {"name": "rain", "input": {"a": 1}}}, {"toolUse": {"input": "b"}}, {"toolUse": 5}),
    converse({"toolResult": {"content": [{"text": "a"}, {"json": {"b": 1}}, {"image": {}}, {"toolResult": {}}, 5]}}),
    converse({"toolResult": {"content": "a"}}, {"text": 5}),
    converse({"guardContent": {"text": {"text": "a"}}}, {"reasoningContent": {"reasoningText": {"text": "b"}}}),
    converse({"reasoningContent": {"redactedContent": "b"}}, {"guardContent": {"text": "a"}}),
    converse({"document": DOCUMENT}, {"document": {**DOCUMENT, "name": "no"}}, {"document": 5}),
    converse({"document": {"citations": {"enabled": True}}}),
    converse({"document": {"citations": {"enabled": "yes"}, "name": "tides"}}, {"document": {"citations": 1}}),
    {"messages": [{"role": "user", "content": [{"toolResult": {"content": [{"text": "a"}]}}]}, USER]},
    {
        "messages": [{"role": "system", "content": [{"text": "a"}]}, {"role": "assistant", "content": []}, USER],
        "system": [{"text": "b"}, {"cachePoint": {"type": "default"}}, {"guardContent": {"text": {"text": "c"}}}],
    },
    converse(inferenceConfig={"maxTokens": 1, "temperature": 0.0, "topP": 0, "stopSequences": ["a", "b"]}),
    converse(inferenceConfig={"temperature": 1, "topP": 1}),
    *(
        converse(inferenceConfig={name: value})
        for name, value in (
            *(("maxTokens", 0), ("temperature", -0.01), ("temperature", 1.01), ("topP", -0.01), ("topP", 1.01)),
            ("stopSequences", "a"),
        )
    ),
    converse(toolConfig={"tools": TOOLS}),
    converse(toolConfig={"tools": TOOLS, "toolChoice": {"auto": {}}}),
    converse(toolConfig={"tools": TOOLS, "toolChoice": {"any": {}}}),
    converse(toolConfig={"tools": TOOLS, "toolChoice": {"tool": {"name": "wind"}}}),
    converse(toolConfig={"tools": TOOLS, "toolChoice": {"tool": {"name": "snow"}}}),
    converse(toolConfig={"tools": [{"toolSpec": {"name": 5, "inputSchema": 5}}, {"toolSpec": 5}, {"systemTool": {}}]}),
    converse(performanceConfig={"latency": "optimized"}, serviceTier={"type": "flex"}),
    thinking(type="enabled", budget_tokens=1024),
    thinking(type="adaptive"),
    thinking(type="disabled", budget_tokens=1024),
    *(thinking(type="enabled", budget_tokens=budget) for budget in (1, 0, -1, "x", None, 1.5)),
    fields_of_model(reasoning_config={"type": "enabled", "budget_tokens": 5}),
    fields_of_model(reasoningConfig={"type": "enabled"}),
    fields_of_model(reasoning_config="high"),
    fields_of_model(reasoning_config="none"),
    fields_of_model(reasoning_effort="low"),
    fields_of_model(reasoning_effort="none"),
    fields_of_model(enable_thinking=True),
    fields_of_model(enable_thinking="yes"),
    converse(additionalModelRequestFields=["thinking"]),
    converse(additionalModelResponseFieldPaths=["/stop_sequence", "/other"]),
    guarded({"guardrailIdentifier": "g", "guardrailVersion": "1"}),
    *(guarded({"guardrailIdentifier": "g", "trace": trace}) for trace in ("enabled", "ENABLED_FULL", "disabled", 5)),
    guarded({"guardrailIdentifier": 5, "trace": "enabled"}),
    guarded("g"),
    structured({"schema": json.dumps(SCHEMA)}),
    structured({"schema": "{"}),
    structured("x"),
    converse(outputConfig={"textFormat": {"structure": 5}}),
    converse(outputConfig={"textFormat": 5}),
    converse(outputConfig=5),
    {"messages": []},
    {"messages": [{"role": "tool", "content": [5]}]},
]
CLAUDE: list[dict[str, Any]] = [
    claude(),
    claude({"type": "text", "text": "a"}, {"type": "image"}, {"type": "document", "source": {}}, {"type": "video"}),
    claude(
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "c", "cache_control": None},
    ),
    claude({"type": "tool_use", "name": "rain", "input": {"a": 1}}, {"type": "tool_use"}),
    claude({"type": "tool_result", "content": "a"}),
    claude({"type": "tool_result", "content": [{"type": "text", "text": "a"}, {"type": "image"}, {"text": 5}, 5]}),
    claude({"type": "tool_result"}, {"type": "tool_result", "content": 5}),
    claude({"type": "thinking", "thinking": "a", "text": "b"}, {"type": "redacted_thinking", "data": "c"}),
    claude(system="Be brief."),
    claude(system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]),
    claude(stop_sequences=["a"], temperature=0, top_p=1),
    claude(tools=[RAIN, {"name": "wind", "cache_control": {"type": "ephemeral"}}]),
    *(claude(tools=[RAIN, OTHER], tool_choice={"type": kind}) for kind in ("auto", "any", "none")),
    claude(tools=[RAIN, OTHER], tool_choice={"type": "tool", "name": "wind"}),
    claude(tools=[RAIN], tool_choice={"type": "auto", "disable_parallel_tool_use": True}),
    claude(tools=[RAIN], tool_choice={"type": "auto", "disable_parallel_tool_use": False}),
    claude(tools=[RAIN], tool_choice="any"),
    claude(thinking={"type": "enabled", "budget_tokens": 5, "display": "omitted"}),
    claude(thinking={"type": "enabled", "display": "summarized"}),
    claude(thinking="enabled"),
    claude(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
    claude(output_config={"format": {"type": "json_object"}}),
    claude(output_config={"format": {"type": "text"}}),
    claude(output_config={"effort": "low"}),
    claude({"type": "document", "source": {"type": "text", "data": "abc"}, "citations": {"enabled": True}}),
    claude(
        {"type": "text", "text": "a", "citations": {"enabled": True}},
        {"type": "document", "source": {"type": "text", "data": "abc"}, "citations": {"enabled": True}},
    ),
    claude({"type": "document", "source": {"type": "text"}, "citations": {"enabled": True}, "title": 5}),
    claude({"type": "document", "source": {"type": "content", "content": "abc"}, "citations": {"enabled": True}}),
    claude({"type": "document", "source": {"type": "content", "content": []}, "citations": {"enabled": True}}),
    claude({"type": "document", "source": 5, "citations": {"enabled": True}}),
    claude({"type": "document", "source": {"type": "text", "data": "abc"}, "citations": {"enabled": 1}}),
    {**claude(), "messages": [{"role": "user", "content": [{"type": "tool_result", "content": "a"}]}, SAID]},
    {**claude(), "messages": [{"role": "system", "content": "a"}, {"role": "assistant", "content": "b"}, SAID]},
    {**claude(), "messages": []},
    {**claude(), "messages": [{"role": "tool", "content": "a"}]},
    *(
        claude(**{name: value})
        for name, value in (
            *(("max_tokens", 0), ("temperature", 1.01), ("temperature", -0.01), ("top_p", 1.01), ("top_p", -0.01)),
            ("stop_sequences", "a"),
        )
    ),
]
CHAT: list[dict[str, Any]] = [
    chat(),
    chat({"role": "system", "content": "a"}, {"role": "developer", "content": "b"}, SAID),
    chat({"role": "user", "content": [{"type": "text", "text": "a"}, {"image_url": {}}, {"text": 5}]}),
    chat({"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}, {"role": "tool", "content": "a"}),
    chat({"role": "tool", "content": "a"}, SAID),
    chat(max_tokens=5, max_completion_tokens=6, temperature=2, top_p=1),
    chat(max_tokens=1, stop="a"),
    chat(stop=["a", "b"]),
    *(chat(tools=OPENAI, tool_choice=choice) for choice in (None, "auto", "none", "required", "any")),
    chat(tools=OPENAI, tool_choice={"type": "function", "function": {"name": "wind"}}),
    chat(tools=OPENAI, tool_choice={"type": "function", "function": 5}),
    chat(tools=[{"type": "function", "function": 5}, {"function": {}}], parallel_tool_calls=False),
    chat(tools=OPENAI, parallel_tool_calls=True),
    chat(response_format={"type": "json_schema", "json_schema": {"schema": SCHEMA}}),
    chat(response_format={"type": "json_schema", "json_schema": 5}),
    chat(response_format={"type": "json_object"}),
    chat(response_format={"type": "text"}),
    chat(response_format="json_object"),
    chat(reasoning_effort="low"),
    chat(reasoning_effort="none"),
    chat(enable_thinking=True),
    {"messages": []},
    *(
        chat(**{name: value})
        for name, value in (("max_tokens", 0), ("max_completion_tokens", 0), ("temperature", 2.01), ("top_p", 1.01))
    ),
    chat(temperature=-0.01, top_p=-0.01, stop=5, tools=5),
]
OPEN_CHAT: list[dict[str, Any]] = [
    chat(stream_options={"include_usage": True}, service_tier="flex"),
    chat(stream_options={"include_usage": False}, service_tier=5),
    chat(stream_options=5),
]
MESSAGES: list[dict[str, Any]] = [
    {"max_tokens": 9, "messages": [SAID], "service_tier": "auto"},
    {"max_tokens": 9, "messages": [SAID], "service_tier": 5},
]
RESPONSES: list[dict[str, Any]] = [
    {"input": "Hi."},
    {"input": []},
    {
        "instructions": "Be brief.",
        "input": [
            SAID,
            {"content": [{"type": "input_text", "text": "a"}, {"type": "input_image"}, {"type": "input_file"}, 5]},
            {"type": "function_call", "name": "rain", "arguments": "{}"},
            {"type": "function_call_output", "output": "b"},
        ],
    },
    {"input": [{"type": "function_call_output", "output": [{"text": "b"}, {"type": "input_image"}]}, {"content": 5}]},
    {"input": "Hi.", "max_output_tokens": 16, "temperature": 2, "top_p": 0, "service_tier": "flex"},
    {"input": "Hi.", "max_output_tokens": 15},
    {"input": "Hi.", "temperature": 2.01, "top_p": 1.01},
    {"input": "Hi.", "temperature": -0.01, "top_p": -0.01},
    *({"input": "Hi.", "tools": FLAT, "tool_choice": choice} for choice in ("auto", "none", "required")),
    {"input": "Hi.", "tools": FLAT, "tool_choice": {"type": "function", "name": "rain"}},
    {"input": "Hi.", "tools": FLAT, "tool_choice": {"type": "web_search"}, "parallel_tool_calls": False},
    {"input": "Hi.", "text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    {"input": "Hi.", "text": {"format": {"type": "json_object"}}},
    {"input": "Hi.", "text": {"verbosity": "low"}},
    *({"input": "Hi.", "reasoning": {"effort": effort}} for effort in ("low", "none", None)),
    {"input": "Hi.", "reasoning": {"summary": "auto"}, "include": ["reasoning.encrypted_content"]},
    {"input": "Hi.", "include": ["other"]},
    {"input": "Hi.", "store": False, "previous_response_id": "resp_1"},
    {"input": "Hi.", "store": True, "background": True, "metadata": {}, "user": "u"},
    {"input": "Hi.", "store": False, "background": True},
    {"input": "Hi.", "store": 1, "background": "no"},
    {"input": 5, "text": 5, "reasoning": 5, "include": 5, "tools": 5, "instructions": 5},
]
OTHERS: dict[str, list[dict[str, Any]]] = {
    "Nova": [
        {"messages": [USER], "inferenceConfig": {"maxTokens": 5, "temperature": 0}},
        {"messages": [USER], "inferenceConfig": {"max_new_tokens": 1}, "toolConfig": {"tools": TOOLS}},
        {"messages": [USER], "reasoningConfig": {"type": "enabled", "budget_tokens": 3}},
        {"messages": [USER], "inferenceConfig": {"max_new_tokens": 0}},
    ],
    "Llama": [
        {"prompt": "Hi."},
        {"prompt": "Hi.", "max_gen_len": 1, "temperature": 0, "top_p": 1},
        {"prompt": "", "max_gen_len": 0, "temperature": 1.01, "top_p": -0.01},
        {"prompt": "Hi.", "temperature": -0.01, "top_p": 1.01},
    ],
    "Titan": [
        {"inputText": "Hi."},
        {
            "inputText": "Hi.",
            "textGenerationConfig": {"maxTokenCount": 1, "temperature": 0, "topP": 1, "stopSequences": ["a"]},
        },
        {"inputText": "", "textGenerationConfig": {"maxTokenCount": 0, "temperature": 1.01, "topP": 1.01}},
        {"inputText": "Hi.", "textGenerationConfig": {"temperature": -0.01, "topP": -0.01}},
    ],
    "Mistral": [
        {"prompt": "Hi."},
        {"prompt": "Hi.", "max_tokens": 1, "temperature": 0, "top_p": 1, "stop": ["a"]},
        {"prompt": "", "max_tokens": 0, "temperature": 1.01, "top_p": 1.01},
        {"prompt": "Hi.", "temperature": -0.01, "top_p": -0.01},
    ],
    "Command": [
        {"message": "Hi."},
        {"message": "Hi.", "chat_history": [{"role": "USER", "message": "a"}, {}], "preamble": "b"},
        {"message": "Hi.", "max_tokens": 1, "temperature": 1, "stop_sequences": ["a"]},
        {"message": "", "max_tokens": 0, "temperature": 1.01},
        {"message": "Hi.", "temperature": -0.01},
    ],
}
ASKED = {
    "Converse": CONVERSE,
    "Claude": CLAUDE,
    "Qwen": CHAT,
    "Chat": OPEN_CHAT,
    "Messages": MESSAGES,
    "Responses": RESPONSES,
    **OTHERS,
}


@pytest.mark.parametrize("name", FORMATS)
def test_prompts_are_as_they_were_read_and_approved(name: str) -> None:
    """Each request, and below it what differs from an empty prompt, or why it is refused."""
    text = "\n".join(f"{json.dumps(body)}\n  {taken(FORMATS[name], body)}" for body in ASKED[name]) + "\n"
    check_text(f"prompts_{name}.txt", text)


def taken(request_format: Format, body: dict[str, Any]) -> str:
    """What a format takes from a body."""
    try:
        prompt = request_format.read(json.dumps(body).encode())
    except ServiceError as error:
        return f"refused: {error.code} {error.message}"
    return f"{prompt.input_tokens} tokens; {shown(prompt)}"


def shown(value: Any) -> str:
    """A value; of a record the fields that are not as in an empty one."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    if not is_dataclass(value):
        return json.dumps(value)
    said = [(field.name, getattr(value, field.name), field.default) for field in fields(value)]
    told = [f"{name} {shown(one)}" for name, one, default in said if one != default and one not in ((), {}, None)]
    return f"({', '.join(told)})" if not isinstance(value, Prompt) else ", ".join(told)


@pytest.mark.parametrize(
    ("parts", "tokens"),
    [
        ((), 0),
        ((Part("a"),), 1),
        ((Part("abcd"),), 1),
        ((Part("abcd"), Part("e")), 2),
        ((Part("abc"), Part("d")), 1),
        ((Part(media=2), Part("a", more_tokens=30)), 2031),
        ((Part("abcd", cache_ttl_s=300),), 1),
    ],
)
def test_tokens_of_parts(parts: tuple[Part, ...], tokens: int) -> None:
    """A quarter of the characters of all parts together, rounded up; 1,000 for a picture; and what is added."""
    assert size(parts) == tokens
    assert Prompt(parts, "", None).input_tokens == tokens
