"""Counting the tokens of words before the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.probe import bare_id, calibrate
from bedrock_locust.settings.schema import Settings

if TYPE_CHECKING:
    from tests.simulator.process import Simulator


@pytest.mark.parametrize(
    ("model_id", "bare"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("us-gov.anthropic.claude-x", "anthropic.claude-x"),
        ("global.anthropic.claude-x", "anthropic.claude-x"),
        ("anthropic.claude-x", "anthropic.claude-x"),
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x", "anthropic.claude-x"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x", "anthropic.claude-x"),
        ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", ""),
        ("m", "m"),
    ],
)
def test_the_id_of_the_foundation_model(model_id: str, bare: str) -> None:
    """CountTokens takes no inference profile."""
    assert bare_id(model_id) == bare


def calibration_of(simulator: Simulator, model: dict[str, Any], **sections: Any) -> Any:
    """What is found with a simulator that counts a token for 4 characters."""
    values = {"workload": {"input_tokens": 100}, **sections}
    settings = Settings.model_validate({"model": model, "aws": {"endpoint_url": simulator.url}, **values})
    return calibrate(connect(settings, simulator=True, version="test"), settings)


@pytest.mark.parametrize(
    ("model", "operations", "source"),
    [
        ({"id": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}, ["count-tokens"] * 2, "CountTokens"),
        ({"id": "anthropic.claude-sonnet-4-5", "api": "invoke"}, ["count-tokens"] * 2, "CountTokens"),
        ({"id": "us.amazon.nova-pro-v1:0"}, ["count-tokens", "converse", "converse"], "probe calls"),
        ({"id": "openai.gpt-oss-120b", "api": "chat"}, ["chat"] * 2, "probe calls"),
    ],
)
def test_words_are_counted_free_of_charge_if_that_works(
    simulator: Simulator, model: dict[str, Any], operations: list[str], source: str
) -> None:
    """With CountTokens, else with two calls of few tokens."""
    found = calibration_of(simulator, model)
    assert found.source == source
    assert found.per_word == pytest.approx(1.5, abs=0.01)
    assert 5 <= found.rest <= 30
    calls = simulator.ended(len(operations))
    assert len(calls) == len(operations)
    if source == "CountTokens" or model.get("api") != "chat":
        assert [call["operation"] for call in calls] == operations


def test_members_of_the_request_count(simulator: Simulator) -> None:
    """A system prompt is a part of what stands around the words."""
    model = {"id": "anthropic.claude-sonnet-4-5"}
    plain = calibration_of(simulator, model)
    more = calibration_of(simulator, model, test={"request": {"system": [{"text": "x" * 400}]}})
    assert more.rest - plain.rest == pytest.approx(100, abs=1)


def test_what_cannot_be_counted_is_a_warning(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    """The run begins all the same, and learns from its calls."""
    simulator.set(faults={"AccessDeniedException": 1})
    assert calibration_of(simulator, {"id": "anthropic.claude-sonnet-4-5"}) is None
    assert "could not be counted before the load" in caplog.text


def test_nothing_is_called_without_a_length_in_tokens(simulator: Simulator) -> None:
    """A run as it has always been makes no more calls."""
    assert calibration_of(simulator, {"id": "m"}, workload=None) is None
    assert simulator.ended(0) == []
