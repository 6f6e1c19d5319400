"""Counting the tokens of words before the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.aws.probe import bare_id, calibrate_each
from bedrock_locust.settings.schema import Settings
from bedrock_locust.user import unrecorded
from bedrock_locust.workload.jsonl import RecordFile
from bedrock_locust.workload.prepared import Prepared
from bedrock_locust.workload.source import worded_of, workload_of

from .replays import line, written

if TYPE_CHECKING:
    from pathlib import Path

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
    found = calibrate_each(connect(settings, simulator=True, version="test"), settings, worded_of(settings))
    return found.get(settings.model.id)


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


@pytest.mark.parametrize("api", ["converse", "invoke"])
def test_the_words_of_a_trace_are_counted_for_each_model(simulator: Simulator, tmp_path: Path, api: str) -> None:
    """So that its first call has as many tokens as in production, in each process."""
    calls = [line(0, model="a"), line(1, model="b", input_length=900)]
    wanted = {"a": "anthropic.claude-sonnet-4-5", "b": "us.amazon.nova-pro-v1:0"}
    path = written(tmp_path, calls)
    arrivals = {"trace": {"file": str(path), "models": wanted}}
    values = {"model": {"id": "other", "api": api}, "arrivals": arrivals, "aws": {"endpoint_url": simulator.url}}
    settings = Settings.model_validate(values)
    client = connect(settings, simulator=True, version="test")
    file = RecordFile(path)
    found = calibrate_each(client, settings, worded_of(settings, file=file))
    assert {model_id: round(one.per_word, 1) for model_id, one in found.items()} == dict.fromkeys(wanted.values(), 1.5)
    for mine in wanted.values():
        model = settings.model_named(mine)
        send = unrecorded(client, settings.model_copy(update={"model": model}), "non_streaming")
        request = workload_of(settings, Prepared(found), file=file).next(list(wanted.values()).index(mine))
        call = send(name="first", **request.arguments)
        assert call.all_input_tokens == pytest.approx(request.about["input_tokens_asked"], rel=0.01)


def test_contents_of_a_trace_or_of_a_file_are_not_counted(simulator: Simulator, tmp_path: Path) -> None:
    """They are sent as they were. Lengths of a file without a trace are."""
    said = line(0, messages=[{"role": "user", "content": [{"text": "Hello"}]}])
    for record, counted in ((said, False), (line(0), True)):
        path = written(tmp_path, [record])
        values = {"model": {"id": "m"}, "arrivals": {"trace": {"file": str(path)}}}
        assert bool(worded_of(Settings.model_validate(values), file=RecordFile(path))) is counted
        values = {"model": {"id": "m"}, "workload": {"file": str(path)}}
        assert bool(worded_of(Settings.model_validate(values), file=RecordFile(path))) is counted
    assert simulator.ended(0) == []


def test_nothing_is_called_without_a_length_in_tokens(simulator: Simulator) -> None:
    """A run as it has always been makes no more calls."""
    assert calibration_of(simulator, {"id": "m"}, workload=None) is None
    assert simulator.ended(0) == []
