"""What the endpoints refuse of requests for Responses, Chat Completions and Messages."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.simulator import choices
from bedrock_locust.simulator.errors import ServiceError

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
