"""Pairs of API, endpoint and model that no call can have."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bedrock_locust.settings.mistakes import SettingsError
from bedrock_locust.settings.pairs import provider_id
from bedrock_locust.settings.schema import build


def lines(test: dict[str, Any] | None = None, **model: Any) -> tuple[str, ...]:
    """What is wrong with these settings of the model."""
    try:
        build({"model": {"id": "m", **model}, "test": test or {}}, {}, "config.json")
    except SettingsError as error:
        return error.lines
    return ()


CLAUDE, GPT = "us.anthropic.claude-opus-5", "us.openai.gpt-5.6-sol"


@pytest.mark.parametrize(
    "model",
    [
        {"id": CLAUDE, "api": "messages"},
        {"id": CLAUDE, "api": "converse"},
        {"id": CLAUDE, "api": "invoke"},
        {"id": GPT, "api": "responses"},
        {"id": GPT, "api": "chat"},
        {"id": "openai.gpt-oss-120b-1:0", "api": "chat"},
        {"id": "anthropic.claude-opus-5", "api": "messages", "endpoint": "mantle"},
        {"id": "openai.gpt-5.6-sol", "api": "responses", "endpoint": "mantle"},
        {"id": "qwen.qwen3-32b", "api": "chat", "endpoint": "mantle", "input_tokens_per_minute": 5},
        {"id": "a-model-of-next-year", "api": "responses", "endpoint": "mantle"},
        {"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "messages"},
    ],
)
def test_what_may_be_possible_is_not_refused(model: dict[str, Any]) -> None:
    """Ids are opaque: only what holds for a whole provider or endpoint is refused."""
    assert lines(**model) == ()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            {"id": "anthropic.claude-opus-5", "endpoint": "mantle"},
            "set model.api to messages, or model.endpoint to runt",
        ),
        ({"id": "m", "endpoint": "mantle", "api": "invoke"}, "set model.api to responses or chat, or model.endpoint"),
        ({"id": CLAUDE, "api": "chat"}, "Claude does not speak: set model.api to messages"),
        ({"id": CLAUDE, "api": "responses"}, "Claude does not speak: set model.api to messages"),
        ({"id": GPT, "api": "messages"}, "only Claude speaks: set model.api to responses or chat, or model.api"),
        ({"id": "us.amazon.nova-2-lite-v1:0", "api": "messages"}, "set model.api to converse or invoke"),
        (
            {"id": "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2", "api": "responses"},
            "takes no application inference profile",
        ),
        ({"id": GPT, "api": "chat", "endpoint": "mantle"}, "set it to 'openai.gpt-5.6-sol', or model.endpoint to"),
        ({"id": "openai.gpt-oss-120b-1:0", "api": "chat", "endpoint": "mantle"}, "set it to 'openai.gpt-oss-120b'"),
        ({"id": "qwen.qwen3-32b-v1:0", "api": "chat", "endpoint": "mantle"}, "set it to 'qwen.qwen3-32b'"),
        (
            {
                "id": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.openai.gpt-6",
                "api": "chat",
                "endpoint": "mantle",
            },
            "set it to 'openai.gpt-6'",
        ),
        ({"api": "chat", "endpoint": "mantle", "service_tier": "reserved"}, "bedrock-mantle refuses"),
        ({"api": "responses", "latency": "optimized"}, "remove model.latency"),
        ({"id": CLAUDE, "api": "messages", "service_tier": "flex"}, "remove model.service_tier"),
    ],
)
def test_impossible_pairs(model: dict[str, Any], words: str) -> None:
    """One line each, with what to set instead."""
    [line] = lines(**model)
    assert words in line


MODELS = (
    *(CLAUDE, "anthropic.claude-opus-5", GPT, "openai.gpt-5.6-sol", "openai.gpt-oss-120b-1:0", "xai.grok-4.6"),
    *("us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", "meta.llama3-70b-instruct-v1:0", "us.deepseek.r1-v1:0"),
    *("qwen.qwen3-32b-v1:0", "qwen.qwen3-32b", "deepseek.v3.1", "google.gemma-4-27b", "a-model-of-next-year"),
)
APIS = ("converse", "invoke", "responses", "chat", "messages")
DOCUMENTED = {
    CLAUDE: {"converse", "invoke", "messages"},
    "us.amazon.nova-pro-v1:0": {"converse", "invoke"},
    "qwen.qwen3-32b": {"converse", "invoke", "chat"},
    "google.gemma-4-27b": {"responses", "chat"},
}
"""Rows of the table in docs/apis.md."""


def offered(line: str) -> list[dict[str, str]]:
    """The settings of the model that a message tells to set: each alternative, and each of its APIs."""
    found = []
    for alternative in line.split(": set ", 1)[1].split(", or "):
        changes = dict(
            re.findall(r"model\.(\w+) to (.+?)(?= and model\.|$)", alternative.replace("it to", "model.id to"))
        )
        assert changes, line
        changes = {name: value.strip("'") for name, value in changes.items()}
        apis = re.split(", | or ", changes.pop("api")) if "api" in changes else [""]
        found += [{**changes, **({"api": api} if api else {})} for api in apis]
    return found


@pytest.mark.parametrize("endpoint", ["runtime", "mantle"])
@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("model_id", MODELS)
def test_the_pair_that_works_does(model_id: str, api: str, endpoint: str) -> None:
    """Whatever a message offers for a model is accepted at once, and is an API that it has."""
    asked: dict[str, Any] = {"id": model_id, "api": api, "endpoint": endpoint}
    for line in lines(**asked):
        for change in offered(line):
            assert lines(**asked | change) == (), change
            assert (asked | change)["api"] in DOCUMENTED.get(model_id, APIS), change


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            {"id": "us.amazon.nova-pro-v1:0", "api": "invoke"},
            "does not have: set model.endpoint to runtime",
        ),
        (
            {"id": CLAUDE, "api": "converse"},
            "set model.api to messages and model.id to 'anthropic.claude-opus-5', or model.endpoint to runtime",
        ),
        (
            {"id": "qwen.qwen3-32b", "api": "messages"},
            "set model.api to chat, or model.api to chat, converse or invoke and",
        ),
        ({"id": "us.amazon.nova-pro-v1:0", "api": "chat"}, "set model.api to converse or invoke and model.endpoint to"),
        ({"id": "google.gemma-4-27b", "api": "converse"}, "does not have: set model.api to responses or chat"),
        ({"id": "m", "api": "chat", "latency": "optimized"}, "no latency mode: remove model.latency"),
        ({"id": "m", "api": "messages", "service_tier": "reserved"}, "no service tier: remove model.service_tier"),
    ],
)
def test_what_is_offered_on_mantle(model: dict[str, Any], words: str) -> None:
    """One round leads to settings that work; nothing is offered that the model lacks."""
    [line] = lines(**model, endpoint="mantle")
    assert words in line
    if " or " not in words:
        assert line.endswith(words)


def test_a_short_answer_of_responses() -> None:
    """The API refuses a limit below 16."""
    assert lines({"max_tokens": 16}, api="responses") == ()
    [line] = lines({"max_tokens": 15}, api="responses")
    assert "test.max_tokens below 16" in line


@pytest.mark.parametrize(
    ("model_id", "bare"),
    [
        ("global.anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("us-gov.anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("apac.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("anthropic.claude-opus-5", "anthropic.claude-opus-5"),
        ("zai.glm-4.7", "zai.glm-4.7"),
        ("xai.grok-4.6", "xai.grok-4.6"),
        ("us.xai.grok-4.6", "xai.grok-4.6"),
        ("qwen.qwen3-32b", "qwen.qwen3-32b"),
    ],
)
def test_ids_without_region(model_id: str, bare: str) -> None:
    """A provider is not taken for a region."""
    assert provider_id(model_id) == bare
