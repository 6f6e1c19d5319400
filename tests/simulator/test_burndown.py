"""What an output token takes from the quotas of tokens, by the model."""

from __future__ import annotations

import pytest

from bedrock_locust.settings.burndown import burndown_of
from bedrock_locust.simulator import burndown
from bedrock_locust.simulator.behaviour import Behaviour
from bedrock_locust.simulator.service import Service

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
MODELS = (
    "us.anthropic.claude-opus-4-8",
    "us.anthropic.claude-haiku-5-5",
    "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "global.openai.gpt-5.6-sol",
    "openai.gpt-oss-120b-1:0",
    "amazon.nova-lite-v1:0",
    PROFILE,
)


@pytest.mark.parametrize("model", MODELS)
def test_the_rate_is_the_one_that_plans_count_with(model: str) -> None:
    """The simulator and the plan of a run count an output token alike, without an option."""
    assert burndown.stated(model) == burndown_of(model).factor


@pytest.mark.parametrize(
    ("settings", "endpoint", "model", "rate"),
    [
        ({}, "runtime", "us.anthropic.claude-opus-4-8", 15),
        ({}, "mantle", "anthropic.claude-opus-4-8", 1),
        ({"output_burndown": 0}, "runtime", "us.anthropic.claude-opus-4-8", 0),
        ({"output_burndown": 2.5}, "mantle", "anthropic.claude-opus-4-8", 2.5),
        ({"models": {"*opus*": {"output_burndown": 3}}}, "runtime", "us.anthropic.claude-opus-4-8", 3),
        ({"models": {"*opus*": {"output_burndown": 3}}}, "runtime", "us.anthropic.claude-sonnet-5", 10),
        ({"inference_profiles": {PROFILE: "anthropic.claude-sonnet-5"}}, "runtime", PROFILE, 10),
    ],
)
def test_the_option_comes_before_the_rate_of_the_model(settings: dict, endpoint: str, model: str, rate: float) -> None:  # type: ignore[type-arg]
    """Also for some models; bedrock-mantle has no rates, and a profile that is known has that of its model."""
    service = Service(Behaviour().changed(settings), 0, endpoint=endpoint)  # type: ignore[arg-type]
    assert service.burndown_of(model) == rate
