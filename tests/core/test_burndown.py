"""How many tokens of quota an output token uses."""

from __future__ import annotations

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
        ("global.anthropic.claude-opus-4-7", 5),
        ("anthropic.claude-haiku-5-5", 5),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", 1),
        ("anthropic.claude-3-sonnet-20240229-v1:0", 1),
        ("anthropic.claude-v2:1", 1),
        ("anthropic.claude-instant-v1", 1),
        ("amazon.nova-pro-v1:0", 1),
        ("us.meta.llama3-3-70b-instruct-v1:0", 1),
    ],
)
def test_burn_down_of_a_model(model: str, factor: float) -> None:
    """5 for Claude 3.7 and later, 1 for others, and what the settings say before both."""
    assert burndown_of(model) == factor
    assert settings(model={"id": model}).recorded()["model"]["output_burndown"] == factor
    assert settings(model={"id": model, "output_burndown": 2}).model.burndown == 2
