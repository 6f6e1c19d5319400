"""Prompt routers: what is said of the model that has answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bedrock_locust.simulator import routers

from .calls import CLAUDE, converse, converse_stream

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

ROUTERS = (
    "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/amazon.nova:1",
    "arn:aws:bedrock:us-east-1:123456789012:prompt-router/abc123",
)


def test_a_router_says_who_answered(client: BedrockRuntimeClient) -> None:
    """One of its models, by its ARN, streamed or not; a model says nothing of the kind."""
    expected = {routers.PROFILE + model for model in routers.MODELS}
    found = set()
    for router in ROUTERS:
        for _ in range(6):
            found.add(converse(client, router)["trace"]["promptRouter"]["invokedModelId"])
        [metadata] = [event["metadata"] for event in converse_stream(client, router) if "metadata" in event]
        assert metadata["trace"]["promptRouter"]["invokedModelId"] in expected
    assert found <= expected
    assert "trace" not in converse(client, CLAUDE)
