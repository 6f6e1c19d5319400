"""How long prompts and answers will be."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_locust.settings.forecast import Kinds
from bedrock_locust.settings.plan import Plan
from bedrock_locust.settings.schema import Settings
from bedrock_locust.settings.sizes import Sizes, sizes


def settings_of(**workload: Any) -> Settings:
    """Settings with prices and a workload."""
    values = {"test": {"prompt_size": 1000, "max_tokens": 500}, "workload": workload or None}
    prices = {"input_per_million": 1000, "output_per_million": 2000}
    return Settings.model_validate({"model": {"id": "m"}, "pricing": prices, **values})


@pytest.mark.parametrize(
    ("workload", "found", "words"),
    [
        ({}, Sizes(250, 1000, 500, 500), "1,000 characters"),
        ({"input_tokens": 800}, Sizes(800, 800, 500, 500), "800 tokens"),
        ({"output_tokens": {"values": [10, 30]}}, Sizes(250, 1000, 20, 30), "1,000 characters"),
        (
            {"input_tokens": {"mean": 800, "stddev": 100}},
            Sizes(800, 1110, 500, 500),
            "800 tokens on average, hardly any above 1,110",
        ),
        (
            {"input_tokens": {"mean": 800, "stddev": 100, "max": 900}},
            Sizes(800, 900, 500, 500),
            "800 tokens on average, hardly any above 900",
        ),
    ],
)
def test_lengths_of_the_settings(workload: dict[str, Any], found: Sizes, words: str) -> None:
    """Those of the workload, else those of `test`."""
    settings = settings_of(**workload)
    assert sizes(settings) == found
    assert found.prompt_in_words(settings) == words


def test_plan_and_forecast_count_with_them() -> None:
    """What a call costs at most, how many tokens it answers, and what a usual one has."""
    settings = settings_of(input_tokens={"values": [100, 300]}, output_tokens={"values": [10, 30]})
    plan = Plan.of(settings)
    assert plan.max_tokens == 30
    assert plan.call_cost == pytest.approx((300 * 1000 + 30 * 2000) / 1e6)
    kinds = Kinds.of(settings)
    assert {kind.input_tokens for kind in kinds.extremes} == {200}
    assert max(kind.output_tokens for kind in kinds.extremes) == 20
