"""Recorded answers of the real service over a real socket: the measured transport reads what botocore reads."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from bedrock_locust.aws.boto3_client import connect
from bedrock_locust.settings.schema import Settings
from bedrock_locust.wire.eventstream import Decoder, refuse_exception
from bedrock_locust.wire.in_flight import in_flight

from .raw_server import RawServer, serving
from .recordings import each

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

    from bedrock_locust.wire.eventstream import Headers

    from .raw_server import Answer
    from .recordings import Recording

    Said = tuple[Any, ...]
    Ask = Callable[[str, Recording, Answer], Said]


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """Makes the call of a recording with a transport, gives it this answer, and says what was read."""
    with serving(lambda _, __: None) as server:
        clients = {transport: _client(server, transport) for transport in ("measured", "botocore")}

        def asking(transport: str, recording: Recording, answer: Answer) -> Said:
            server.answer = answer
            return _said(clients[transport], recording)

        yield asking


def _client(server: RawServer, transport: str) -> BedrockRuntimeClient:
    about = {"model": {"id": "any"}, "aws": {"endpoint_url": server.url}, "test": {"transport": transport}}
    return connect(Settings.model_validate(about), simulator=True, version="test")


def _said(client: BedrockRuntimeClient, recording: Recording) -> Said:
    """What a call reads: its error, the events of its stream, or its answer; always with the HTTP status."""
    try:
        response = getattr(client, recording.method)(**recording.arguments())
        about = response.pop("ResponseMetadata")
        if recording.streams:
            return about["HTTPStatusCode"], *_events(response, recording)
        if "body" in response:
            return about["HTTPStatusCode"], response["body"].read()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]
    else:
        return about["HTTPStatusCode"], response
    finally:
        in_flight.exchange = None


def _events(response: dict[str, Any], recording: Recording) -> list[dict[str, Any]]:
    if in_flight.exchange is None:
        return list(response.get("stream") or response["body"])
    events: list[dict[str, Any]] = []

    def take(headers: Headers, payload: bytes) -> None:
        refuse_exception(headers, payload, recording.method)
        events.append({headers[":event-type"]: json.loads(payload)})

    in_flight.exchange.read_stream(Decoder(take).feed)
    return events


def _holds(ours: Any, theirs: Any) -> bool:
    """Whether ours has all that theirs has: botocore drops members that its model lacks, and decodes base64."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(key in ours and _holds(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(_holds, ours, theirs))
    if isinstance(theirs, bytes) and isinstance(ours, str):
        return base64.b64decode(ours) == theirs
    return bool(ours == theirs)


@each()
def test_whole_and_split_at_any_byte(ask: Ask, recording: Recording) -> None:
    """An answer in one piece, in single bytes, and cut at random, says what botocore's own decoder says."""
    theirs = ask("botocore", recording, recording.replayed())
    assert theirs[0] == recording.status
    assert len(theirs) > 1, "an answer says something"
    at_random = random.Random(recording.source)
    size = len(recording.sent())
    cuts = [at_random.sample(range(1, size), count) for count in (1, 2, 7)]
    for places in ([], range(1, size), *cuts):
        ours = ask("measured", recording, recording.replayed(*places))
        assert _holds(ours, theirs), sorted(places)[:10]
