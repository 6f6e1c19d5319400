"""How long a prefix must be to be cached."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.workload.minimums import least_tokens, too_short

from .test_generated import settings_of


@pytest.mark.parametrize(
    ("model_id", "tokens"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1024),
        ("anthropic.claude-sonnet-4-20250514-v1:0", 1024),
        ("global.anthropic.claude-sonnet-4-6", 2048),
        ("anthropic.claude-opus-4-1-20250805-v1:0", 1024),
        ("anthropic.claude-opus-4-5-20251101-v1:0", 4096),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", 4096),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", 2048),
        ("us.amazon.nova-lite-v1:0", 1536),
        ("amazon.nova-pro-v1:0", 1024),
        ("meta.llama3-8b", None),
    ],
)
def test_the_shortest_prefix_of_a_model(model_id: str, tokens: int | None) -> None:
    """As AWS says; nothing is assumed of others."""
    assert least_tokens(model_id) == tokens


def test_a_prefix_that_is_too_short_is_said() -> None:
    """With both figures; not where nothing is to be cached, or no minimum is known."""
    workload: dict[str, Any] = {"input_tokens": 2000, "shared_prefix_tokens": 1000, "cache": "5m"}
    model = {"id": "amazon.nova-pro-v1:0"}
    found = too_short(settings_of(model=model, **workload))
    assert "is 1,000, and amazon.nova-pro-v1:0 caches a prefix only from 1,024 tokens on" in found
    assert not too_short(settings_of(model=model, **{**workload, "shared_prefix_tokens": 1024}))
    assert not too_short(settings_of(model=model, **{**workload, "cache": "off"}))
    assert not too_short(settings_of(**workload))
    assert not too_short(settings_of(model=model))
