"""What the control plane says of a model that is legacy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
import pytest

from bedrock_locust.aws.lifecycle import outlook, warn

from .raw_server import response, serving

if TYPE_CHECKING:
    import socket

LEGACY = {"status": "LEGACY", "legacyTime": "2026-04-14T00:00:00Z", "endOfLifeTime": "2026-10-14T00:00:00Z"}
MODEL = "us.anthropic.claude-sonnet-4-20250514-v1:0"


def asked(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, model_id: str = MODEL) -> tuple[str, list[str]]:
    """What is said of a model where the control plane answers this, and the paths that it was asked for."""
    paths: list[str] = []

    def answer(peer: socket.socket, head: Any) -> None:
        paths.append(unquote(bytes(head).split(b" ")[1].decode()))
        peer.sendall(response(body, status=f"{status} Status"))

    with serving(answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        session = boto3.Session("a", "b", region_name="us-east-1")
        return outlook(session, model_id), paths


def details(**lifecycle: str) -> bytes:
    """An answer of GetFoundationModel."""
    about = {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/m", "modelId": "m", "modelLifecycle": lifecycle}
    return json.dumps({"modelDetails": about}).encode()


def test_a_legacy_model_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the days, as far as they are known; the model behind a profile is asked for."""
    said, paths = asked(monkeypatch, 200, details(**LEGACY))
    assert said == (
        f"AWS has marked {MODEL} as legacy since 2026-04-14, and it will be gone on 2026-10-14:"
        " choose a newer version of the model"
    )
    assert paths == ["/foundation-models/anthropic.claude-sonnet-4-20250514-v1:0"]
    said, _ = asked(monkeypatch, 200, details(status="LEGACY"), "amazon.titan-text-lite-v1")
    assert said == "AWS has marked amazon.titan-text-lite-v1 as legacy: choose a newer version of the model"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, details(status="ACTIVE")),
        (200, b'{"modelDetails": {"modelArn": "a", "modelId": "m"}}'),
        (200, b"{}"),
        (403, b'{"message": "no permission"}'),
        (500, b"oops"),
    ],
)
def test_nothing_is_said_of_others(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes) -> None:
    """An active model, an answer without the fact, a refusal: a run begins all the same."""
    assert asked(monkeypatch, status, body)[0] == ""


@pytest.mark.parametrize(
    ("url", "warns"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com", True),
        ("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", True),
        ("https://bedrock-mantle.us-east-1.api.aws", True),
        ("http://127.0.0.1:8080", False),
        ("https://bedrock.amazonaws.com.example.org", False),
    ],
)
def test_only_of_calls_to_aws(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, url: str, *, warns: bool
) -> None:
    """Elsewhere nobody is asked."""

    def answer(peer: socket.socket, _: bytes) -> None:
        peer.sendall(response(details(**LEGACY)))

    with serving(answer) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        warn(boto3.Session("a", "b", region_name="us-east-1"), url, MODEL)
    assert ("legacy since 2026-04-14" in caplog.text) == warns
