"""The CountTokens operation."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest

from bedrock_locust.simulator import counting
from bedrock_locust.simulator.errors import ServiceError

from .calls import CLAUDE, LLAMA, PROMPT, body

COUNT = (len(PROMPT) + 3) // 4


def request(**given: Any) -> bytes:
    """The body of a request."""
    return json.dumps({"input": given}).encode()


def native(model_id: str) -> dict[str, Any]:
    """A body of InvokeModel, as it stands in a request."""
    return {"body": base64.b64encode(body(model_id)).decode()}


@pytest.mark.parametrize("model_id", [CLAUDE, LLAMA])
def test_a_native_body(model_id: str) -> None:
    """The prompt in a native body is counted in the format of the model."""
    prompt = counting.read(model_id, request(invokeModel=native(model_id)))
    assert json.loads(counting.answer(prompt)) == {"inputTokens": COUNT}


@pytest.mark.parametrize("system", ["", "Be brief"])
def test_a_body_of_converse(system: str) -> None:
    """The messages and the system prompt are counted, whatever the model."""
    converse: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": PROMPT}]}]}
    if system:
        converse["system"] = [{"text": system}]
    prompt = counting.read("any", request(converse=converse))
    assert json.loads(counting.answer(prompt)) == {"inputTokens": COUNT + len(system) // 4}


@pytest.mark.parametrize(
    ("model_id", "refused"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("global.anthropic.claude-sonnet-4-6", True),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/x", True),
        ("amazon.nova-pro-v1:0", True),
        ("anthropic.claude-opus-4-7", True),
        ("anthropic.claude-sonnet-5", True),
        ("anthropic.claude-haiku-5-5", True),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", False),
        ("anthropic.claude-opus-4-6-v1", False),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", False),
        (LLAMA, False),
    ],
)
def test_some_models_are_not_counted(model_id: str, refused: bool) -> None:
    """The service counts for bare ids of some models only."""
    with pytest.raises(ServiceError, match="doesn't support") if refused else contextlib.nullcontext():
        counting.refuse(model_id)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (request(), "must have the member invokeModel or converse"),
        (request(invokeModel={"body": "not base64"}), "is not base64"),
        (request(invokeModel={"body": "ä"}), "is not base64"),
        (request(invokeModel={}), "body"),
        (b"{}", "input"),
        (b"nothing", "JSON"),
    ],
)
def test_what_is_no_request(sent: bytes, words: str) -> None:
    """A mistake is the service's ValidationException, with the member in question."""
    with pytest.raises(ServiceError, match=words) as refused:
        counting.read(CLAUDE, sent)
    assert refused.value.code == "ValidationException"
