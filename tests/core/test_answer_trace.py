"""What responses tell of their guardrail and of the model that a prompt router chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.formats.reading import Reading
from bedrock_locust.redaction import ID_LIMIT
from bedrock_locust.settings.schema import Settings
from bedrock_locust.user import unrecorded
from bedrock_locust.workload.request import request
from bedrock_locust.workload.template import checked

if TYPE_CHECKING:
    from bedrock_locust.call import Call
    from tests.simulator.process import Simulator

ROUTER = "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/amazon.nova:1"


def assessed(latency: Any) -> dict[str, Any]:
    """An assessment, as each API has it."""
    return {"invocationMetrics": {"guardrailProcessingLatency": latency}}


@given(st.lists(st.integers(0, 10**6), max_size=3), st.lists(st.integers(0, 10**6), max_size=3))
def test_all_assessments_are_added_up(before: list[int], after: list[int]) -> None:
    """Of prompt and answer, by Converse and by InvokeModel; none says nothing."""
    inputs = {f"g{n}": assessed(latency) for n, latency in enumerate(before)}
    converse = {"inputAssessment": inputs, "outputAssessments": {"g": [assessed(latency) for latency in after]}}
    native = {"input": inputs, "outputs": [{"g": assessed(latency)} for latency in after]}
    for trace in (converse, native):
        reading = Reading()
        reading.add_trace({"guardrail": trace})
        assert reading.guardrail_ms == (sum(before) + sum(after) if before or after else None)


@pytest.mark.parametrize(
    ("invoked", "routed"),
    [
        ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.a.b-v1:0", "us.a.b-v1:0"),
        ("arn:aws:bedrock:us-east-1::foundation-model/a.b", "a.b"),
        ("a.b", "a.b"),
        (7, ""),
        ("", ""),
    ],
)
def test_the_model_is_kept_without_its_account(invoked: object, routed: str) -> None:
    """It is the last part of an ARN."""
    reading = Reading()
    reading.add_trace({"promptRouter": {"invokedModelId": invoked}})
    assert reading.routed_model == routed


NAMES = ("guardrail", "input", "inputAssessment", "outputs", "outputAssessments", "promptRouter", "invokedModelId")
ANYTHING = st.recursive(
    st.none() | st.floats() | st.text(max_size=200),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*NAMES, "invocationMetrics", "guardrailProcessingLatency"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_trace_is_read(trace: Any) -> None:
    """Nothing that a service sends there fails a call."""
    reading = Reading()
    reading.add_trace(trace)
    assert reading.guardrail_ms is None or reading.guardrail_ms >= 0
    assert len(reading.routed_model) <= ID_LIMIT


def called(simulator: Simulator, about: dict[str, Any], *, stream: bool) -> Call:
    """A call of these settings."""
    settings = checked(Settings.model_validate({**about, "aws": {"endpoint_url": simulator.url}}))
    client = connect(settings, simulator=True, version="test")
    call = unrecorded(client, settings, "streaming" if stream else "non_streaming")(**request(settings, "Hi"))
    assert call.ok, call
    return call


@pytest.mark.parametrize("api", ["converse", "invoke", "chat", "messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_the_time_of_a_guardrail(simulator: Simulator, api: str, stream: bool) -> None:
    """Twice what the simulator's takes, for the prompt and for the answer; where no trace is asked for, not known."""
    simulator.set(guardrail_ms=12)
    model = "openai.gpt-oss-20b-1:0" if api == "chat" else "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    for trace, expected in (("enabled", 24), ("disabled", None)):
        config = {"guardrailIdentifier": "g1", "guardrailVersion": "DRAFT", "trace": trace}
        about = {"model": {"id": model, "api": api}, "test": {"request": {"guardrailConfig": config}}}
        assert called(simulator, about, stream=stream).guardrail_ms == expected


@pytest.mark.parametrize("stream", [False, True])
def test_the_model_of_a_router(simulator: Simulator, stream: bool) -> None:
    """One of those that the simulator has; nothing of the account."""
    routed = called(simulator, {"model": {"id": ROUTER}}, stream=stream).routed_model
    assert routed in {"us.amazon.nova-lite-v1:0", "us.amazon.nova-pro-v1:0"}
