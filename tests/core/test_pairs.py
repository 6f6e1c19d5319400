"""Pairs of API, endpoint and model that no call can have."""

from __future__ import annotations

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
        ({"id": GPT, "api": "messages"}, "only Claude speaks: set model.api to chat or responses"),
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
