"""How many tokens of quota an output token uses."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from bedrock_locust.settings.burndown import burndown_of
from bedrock_locust.settings.schema import Settings


def settings(**sections: Any) -> Settings:
    """Settings with these sections."""
    return Settings.model_validate({"model": {"id": "m"}, **sections})


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", 5),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", 5),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", 5),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 5),
        ("global.anthropic.claude-opus-4-7", 5),
        ("global.anthropic.claude-opus-4-8", 15),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8", 15),
        ("us.anthropic.claude-sonnet-5", 10),
        ("anthropic.claude-opus-5", 10),
        ("anthropic.claude-fable-5-1", 10),
        ("us.anthropic.claude-haiku-5-5", 10),
        ("global.openai.gpt-5.6-sol", 10),
        ("us.openai.gpt-6.1", 10),
        ("openai.gpt-5.5", 1),
        ("openai.gpt-oss-120b-1:0", 1),
        ("global.moonshotai.kimi-k3", 10),
        ("moonshot.kimi-k2-thinking", 1),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", 1),
        ("anthropic.claude-3-sonnet-20240229-v1:0", 1),
        ("anthropic.claude-v2:1", 1),
        ("anthropic.claude-instant-v1", 1),
        ("amazon.nova-pro-v1:0", 1),
        ("us.meta.llama3-3-70b-instruct-v1:0", 1),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", 1),
    ],
)
def test_burn_down_of_a_model(model: str, factor: float) -> None:
    """What AWS states for its family, else 1; what the settings say, counts before both."""
    assert burndown_of(model).factor == factor
    assert settings(model={"id": model}).recorded()["model"]["output_burndown"] == factor
    assert settings(model={"id": model, "output_burndown": 2}).model.burndown == 2


def test_what_is_not_certain_is_known_to_be() -> None:
    """AWS has not stated it for the newest models, unless the settings know it."""
    uncertain = settings(model={"id": "us.anthropic.claude-haiku-5-5"}).model
    assert not uncertain.burndown_is_certain
    assert settings(model={"id": uncertain.id, "output_burndown": 10}).model.burndown_is_certain
    assert settings(model={"id": "us.anthropic.claude-opus-4-8"}).model.burndown_is_certain


def test_the_table_names_its_source_and_its_date() -> None:
    """Who doubts a factor can look it up."""
    table = json.loads(files("bedrock_locust.settings").joinpath("burndown.json").read_text(encoding="utf-8"))
    assert date.fromisoformat(table["read"]) > date(2026, 1, 1)
    assert "quotas-token-burndown" in table["source"]
    assert sorted({rate["factor"] for rate in table["rates"]}) == [5, 10, 15]
