"""Prompts of several passages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.settings.schema import Settings
from bedrock_locust.workload.passages import body_of_passages

CLAUDE, NOVA = "us.anthropic.claude-haiku-5-5", "us.amazon.nova-pro-v1:0"


def body(api: str, model: str, points: tuple[int, ...], ttl: str = "off") -> dict[str, Any]:
    """What is sent for three passages."""
    workload = {"input_tokens": 9, "turns": 2, "cache": ttl} if ttl != "off" else {}
    values = {"model": {"id": model, "api": api}, "workload": workload}
    return body_of_passages(Settings.model_validate(values), ["a", "b", "c"], points, 20)


@pytest.mark.parametrize(("api", "model"), [("converse", "m"), ("invoke", NOVA)])
def test_points_of_converse(api: str, model: str) -> None:
    """They are blocks of their own, for Nova natively, too."""
    found = body(api, model, (1, 3))
    point = {"cachePoint": {"type": "default"}}
    assert found["messages"][0]["content"] == [{"text": "a"}, point, {"text": "b"}, {"text": "c"}, point]
    assert found["inferenceConfig"] == {"maxTokens": 20}


@pytest.mark.parametrize("api", ["invoke", "messages"])
def test_points_of_claude(api: str) -> None:
    """They are members of the blocks; an hour is said."""
    found = body(api, CLAUDE, (2,), "1h")
    marks = [block.get("cache_control") for block in found["messages"][0]["content"]]
    assert marks == [None, {"type": "ephemeral", "ttl": "1h"}, None]
    assert [block["text"] for block in found["messages"][0]["content"]] == ["a", "b", "c"]


@pytest.mark.parametrize(("api", "points"), [("converse", ()), ("converse", (0,)), ("chat", (1,))])
def test_without_points(api: str, points: tuple[int, ...]) -> None:
    """One text, as where the API has none."""
    assert "a b c" in json.dumps(body(api, "m", points))
