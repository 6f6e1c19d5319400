"""What the endpoints refuse of requests for Responses, Chat Completions and Messages."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import pytest

from bedrock_locust.simulator import choices
from bedrock_locust.simulator.errors import ServiceError

from .lapse import check_text

TOOLS = [{"type": "function", "function": {"name": "rain"}}]
FLAT = [{"type": "function", "name": "rain"}]
OSS, GPT, QWEN, CLAUDE = "openai.gpt-oss-120b", "openai.gpt-5.6-sol", "qwen.qwen3-32b", "anthropic.claude-opus-5"
NAMED = {"type": "function", "function": {"name": "snow"}}


def check(endpoint: str, name: str, model: str, **values: Any) -> None:
    """Look at a request."""
    choices.check(name, values, f"us.{model}" if endpoint == "runtime" and model != OSS else model, endpoint)


@pytest.mark.parametrize(
    ("endpoint", "name", "model", "values"),
    [
        ("mantle", "responses", GPT, {"background": True, "tools": [{"type": "web_search"}]}),
        ("mantle", "responses", OSS, {}),
        ("mantle", "responses", "google.gemma-4-31b", {"temperature": 0.5}),
        ("runtime", "responses", "xai.grok-4.6", {"tools": FLAT, "tool_choice": {"type": "function", "name": "rain"}}),
        ("runtime", "chat", OSS, {"tools": TOOLS, "tool_choice": "required", "max_tokens": 5, "n": 1}),
        ("runtime", "chat", GPT, {"tools": TOOLS, "reasoning_effort": "none"}),
        ("runtime", "chat", "openai.gpt-5.1", {"tools": TOOLS}),
        ("runtime", "chat", QWEN, {"service_tier": "flex", "tool_choice": "auto"}),
        ("runtime", "messages", CLAUDE, {"output_config": {"format": {}}, "metadata": {"user_id": "u-1"}}),
        ("mantle", "messages", CLAUDE, {"metadata": {"user_id": '{"a": 1}'}, "service_tier": "standard_only"}),
        ("mantle", "messages", CLAUDE, {"tools": [{"name": "rain"}], "tool_choice": {"type": "tool", "name": "rain"}}),
    ],
)
def test_what_is_taken(endpoint: str, name: str, model: str, values: dict[str, Any]) -> None:
    """The same on one endpoint may be refused on the other."""
    check(endpoint, name, model, **values)


@pytest.mark.parametrize(
    ("endpoint", "name", "model", "values", "status", "words"),
    [
        ("runtime", "chat", CLAUDE, {}, 404, "doesn't support this API"),
        ("runtime", "messages", OSS, {}, 404, "doesn't support this API"),
        ("runtime", "chat", "amazon.nova-2-lite", {}, 404, "doesn't support this API"),
        ("runtime", "responses", OSS, {}, 400, "does not support the '/v1/responses' API"),
        ("mantle", "responses", QWEN, {}, 400, "does not support the '/v1/responses' API"),
        ("runtime", "responses", "google.gemma-4-31b", {}, 404, "does not exist"),
        ("runtime", "responses", "openai.gpt-5.4", {}, 404, "does not exist"),
        ("runtime", "responses", GPT, {"background": True}, 400, "background"),
        ("runtime", "responses", GPT, {"tools": [{"type": "web_search"}]}, 400, "'web_search' is not supported"),
        ("mantle", "responses", GPT, {"top_p": 0.5}, 400, "'top_p' is not supported with this model"),
        ("mantle", "responses", GPT, {"reasoning": {"effort": "much"}}, 400, "'much' is not one of"),
        ("mantle", "chat", OSS, {"reasoning_effort": "much"}, 400, "'much' is not one of"),
        ("mantle", "chat", OSS, {"tool_choice": "required"}, 400, "only allowed when 'tools' are specified"),
        ("mantle", "chat", OSS, {"tools": TOOLS, "tool_choice": NAMED}, 400, "'snow' not found in 'tools'"),
        ("mantle", "responses", OSS, {"tools": FLAT, "tool_choice": {"name": "snow"}}, 400, "'snow' not found"),
        ("mantle", "chat", OSS, {"n": 2}, 400, "only 1 is supported"),
        ("mantle", "chat", GPT, {"tools": TOOLS}, 400, "set reasoning_effort to 'none'"),
        ("mantle", "chat", GPT, {"max_tokens": 5}, 400, "max_completion_tokens"),
        ("mantle", "chat", OSS, {"service_tier": "reserved"}, 400, "'reserved' is not supported"),
        ("mantle", "chat", OSS, {"service_tier": "first"}, 400, "'first' is not one of"),
        ("mantle", "messages", CLAUDE, {"output_config": {"format": {"type": "json_schema"}}}, 400, "output_config"),
        ("runtime", "messages", CLAUDE, {"metadata": {"user_id": '{"a": 1}'}}, 400, "metadata.user_id"),
        ("runtime", "messages", CLAUDE, {"tool_choice": {"type": "any"}}, 400, "while providing tools"),
        (
            "mantle",
            "messages",
            CLAUDE,
            {"tools": [{"name": "rain"}], "tool_choice": {"type": "tool", "name": "snow"}},
            400,
            "'snow' not found",
        ),
    ],
)
def test_what_is_refused(  # noqa: PLR0917 - what is tried
    endpoint: str, name: str, model: str, values: dict[str, Any], status: int, words: str
) -> None:
    """With the status of the API."""
    with pytest.raises(ServiceError, match=words) as refused:
        check(endpoint, name, model, **values)
    assert refused.value.status == status


def test_newer_models_of_bedrock_runtime_are_profiles() -> None:
    """By Responses not those of an application."""
    with pytest.raises(ServiceError, match="on-demand throughput isn't supported"):
        choices.check("responses", {}, GPT, "runtime")
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1"
    with pytest.raises(ServiceError, match="Application inference profiles"):
        choices.check("responses", {}, arn, "runtime")
    choices.check("chat", {}, arn, "runtime")


@pytest.mark.parametrize("wrong", [5, "x", [], [5], {"a": 1}, None, True])
@pytest.mark.parametrize("name", ["responses", "chat", "messages"])
def test_values_of_any_type_are_looked_at(name: str, wrong: Any) -> None:
    """What has another type is for the format to refuse."""
    model = CLAUDE if name == "messages" else OSS
    for key in ("tools", "metadata", "output_config", "reasoning", "service_tier", "reasoning_effort"):
        try:
            choices.check(name, {key: wrong}, model, "mantle")
        except ServiceError as error:
            assert error.status == 400  # noqa: PT017 - most are taken


PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1"
MODELS = (
    *("openai.gpt-oss-20b", "openai.gpt-oss-120b-1:0", "openai.gpt-4.1", "openai.gpt-5.1", "openai.gpt-5.4"),
    *("us.openai.gpt-5.4", "global.openai.gpt-5.5", "us.openai.gpt-5.6-sol", "us.openai.gpt-6", "openai.gpt-6"),
    *("google.gemma-3-27b", "google.gemma-4-31b", "us.google.gemma-4-31b", "xai.grok-4.3", "us.xai.grok-4.3"),
    *("xai.grok-4.6", "qwen.qwen3-32b", "deepseek.r1-v1:0", "deepseek.v3.1", "zai.glm-4.6", "moonshotai.kimi-k2"),
    *("moonshot.kimi-k2-thinking", "minimax.minimax-m2", "nvidia.nemotron-nano", "mistral.ministral-8b"),
    *("amazon.nova-pro-v1:0", "amazon.titan-text-express-v1", "meta.llama3-1-8b-instruct-v1:0", "cohere.command-r"),
    *(
        "ai21.jamba-1-5-mini",
        "writer.palmyra-x5",
        "anthropic.claude-opus-5",
        "us.anthropic.claude-opus-5",
        "x.y",
        PROFILE,
    ),
)
APIS = ("chat", "messages", "responses")


def answered(endpoint: str, name: str, model: str, values: dict[str, Any]) -> str:
    """What is said of a request, whole."""
    try:
        choices.check(name, values, model, endpoint)
    except ServiceError as error:
        about = " ".join(filter(None, (error.param, error.detail)))
        return f"{error.status} {error.code}{f' ({about})' if about else ''}: {error.message}"
    return "taken"


def test_which_model_has_which_api() -> None:
    """On both endpoints, as it was read and approved: what is said to a request that asks for nothing special."""
    lines = []
    for model in MODELS:
        said = defaultdict[str, list[str]](list)
        for endpoint in ("runtime", "mantle"):
            for name in APIS:
                said[answered(endpoint, name, model, {}).replace(model, "<model>")].append(f"{endpoint} {name}")
        lines += [model, *(f"  {', '.join(places)}: {words}" for words, places in said.items())]
    check_text("choices_models.txt", "\n".join(lines) + "\n")


LUNA, SOL = "us.openai.gpt-6-luna", f"us.{GPT}"
VALUES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *(("chat", QWEN, {"service_tier": tier}) for tier in (*sorted(choices.TIERS), "standard_only", "first", 5, None)),
    ("responses", "xai.grok-4.6", {"service_tier": "reserved"}),
    ("messages", CLAUDE, {"service_tier": "reserved"}),
    *((name, SOL, {key: 0.5}) for name in ("chat", "responses") for key in ("temperature", "top_p")),
    *((name, LUNA, {"temperature": 0}) for name in ("chat", "responses")),
    ("chat", SOL, {"temperature": None, "top_p": None}),
    ("chat", OSS, {"temperature": 0.5, "top_p": 0.5}),
    *(("chat", QWEN, {"reasoning_effort": effort}) for effort in (*sorted(choices.EFFORTS), "much", 5, None)),
    ("responses", "xai.grok-4.6", {"reasoning": {"effort": "much"}}),
    ("responses", "xai.grok-4.6", {"reasoning": {"effort": "low"}, "reasoning_effort": "much"}),
    ("responses", "xai.grok-4.6", {"reasoning": "much"}),
    *(("chat", OSS, {"tool_choice": choice}) for choice in (None, "none", "auto", "required", NAMED)),
    *(("chat", OSS, {"tools": TOOLS, "tool_choice": choice}) for choice in ("required", NAMED, {"function": 5}, {})),
    ("chat", OSS, {"tools": TOOLS, "tool_choice": TOOLS[0]}),
    ("chat", OSS, {"tools": [], "tool_choice": "required"}),
    ("chat", OSS, {"tools": [5], "tool_choice": NAMED}),
    ("chat", OSS, {"tools": "rain", "tool_choice": NAMED}),
    ("responses", "xai.grok-4.6", {"tools": FLAT, "tool_choice": {"type": "function", "name": "rain"}}),
    ("responses", "xai.grok-4.6", {"tools": FLAT, "tool_choice": {"type": "function", "name": "snow"}}),
    *(("chat", OSS, {"n": n}) for n in (0, 1, 2, None)),
    *(("chat", model, {"max_tokens": 5}) for model in (SOL, LUNA, OSS)),
    ("chat", SOL, {"max_tokens": None, "max_completion_tokens": 5}),
    *(("chat", model, {"tools": TOOLS}) for model in ("us.openai.gpt-5.5", SOL, LUNA)),
    *(("chat", SOL, {"tools": TOOLS, "reasoning_effort": effort}) for effort in ("none", "low")),
    ("chat", SOL, {"tools": []}),
    *(("responses", "xai.grok-4.6", {"background": wanted}) for wanted in (True, False)),
    *(
        ("responses", "xai.grok-4.6", {"tools": [{"type": "function"}, {"type": kind}]})
        for kind in ("function", "custom", "mcp", "web_search", None)
    ),
    ("responses", "xai.grok-4.6", {"tools": [5]}),
    ("responses", "xai.grok-4.6", {"tools": "web_search"}),
    *(
        ("messages", CLAUDE, {"tools": [{"name": "rain"}], "tool_choice": choice})
        for choice in ({"type": "any"}, {"type": "tool", "name": "rain"}, {"type": "tool", "name": "snow"}, "any", {})
    ),
    *(("messages", CLAUDE, {"tool_choice": choice}) for choice in ({"type": "auto"}, "any")),
    *(("messages", CLAUDE, {"output_config": config}) for config in ({"format": {"a": 1}}, {"format": None}, {}, 5)),
    *(("messages", CLAUDE, {"metadata": {"user_id": user}}) for user in ("u", '{"a": 1}', "[1]", "{", 5, None)),
    ("messages", CLAUDE, {"metadata": 5}),
)


def test_which_values_are_taken() -> None:
    """On both endpoints, as it was read and approved; where the two say the same, once."""
    lines = []
    for name, model, values in VALUES:
        on_runtime, on_mantle = (answered(endpoint, name, model, values) for endpoint in ("runtime", "mantle"))
        lines.append(f"{name} {model} {json.dumps(values)}")
        lines.append(f"  {on_runtime}")
        lines += [] if on_mantle == on_runtime else [f"  mantle: {on_mantle}"]
    check_text("choices_values.txt", "\n".join(lines) + "\n")
