"""What the control plane says of a model that is legacy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
import pytest

from bedrock_locust.aws.account.control import Control
from bedrock_locust.aws.account.models import details
from bedrock_locust.settings.pairs import provider_id

from .raw_server import response, serving

if TYPE_CHECKING:
    import socket

    from bedrock_locust.aws.account.models import Details

LEGACY = {"status": "LEGACY", "legacyTime": "2026-04-14T00:00:00Z", "endOfLifeTime": "2026-10-14T00:00:00Z"}
MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"


def asked(status: int, body: bytes, model_id: str = MODEL) -> tuple[Details, list[str]]:
    """What is said of a model where the control plane answers this, and the paths that it was asked for."""
    paths: list[str] = []

    def answer(peer: socket.socket, head: Any) -> None:
        paths.append(unquote(bytes(head).split(b" ")[1].decode()))
        peer.sendall(response(body, status=f"{status} Status"))

    with serving(answer) as server:
        control = Control(boto3.Session("a", "b", region_name="us-east-1"), "us-east-1", server.url)
        return details(control, provider_id(model_id), model_id), paths


def answer_of(**lifecycle: str) -> bytes:
    """An answer of GetFoundationModel."""
    about = {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/m", "modelId": "m", "modelLifecycle": lifecycle}
    return json.dumps({"modelDetails": about}).encode()


def test_a_legacy_model_is_named() -> None:
    """With the days, as far as they are known; the model behind a profile is asked for."""
    said, paths = asked(200, answer_of(**LEGACY))
    assert said.outlook == (
        f"AWS has marked {MODEL} as legacy since 2026-04-14, and it will be gone on 2026-10-14:"
        " choose a newer version of the model"
    )
    assert paths == ["/foundation-models/anthropic.claude-sonnet-4-20250514-v1:0"]
    said, _ = asked(200, answer_of(status="LEGACY"), "amazon.titan-text-lite-v1")
    assert said.outlook == "AWS has marked amazon.titan-text-lite-v1 as legacy: choose a newer version of the model"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, answer_of(status="ACTIVE")),
        (200, b'{"modelDetails": {"modelArn": "a", "modelId": "m"}}'),
        (200, b"{}"),
        (403, b'{"message": "no permission"}'),
        (500, b"oops"),
    ],
)
def test_nothing_is_said_of_others(status: int, body: bytes) -> None:
    """An active model, an answer without the fact, a refusal: a run begins all the same."""
    assert asked(status, body)[0].outlook == ""
