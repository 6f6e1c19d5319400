"""From the payload of a stream event to what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_locust.errors import MalformedEventError, ModelFailedError
from bedrock_locust.formats import chat, claude, converse
from bedrock_locust.formats.events import DONE, read_data, read_event
from bedrock_locust.formats.reading import METRICS, Reading

CHAT = {"choices": [{"index": 0, "delta": {"content": "hello"}}]}
BROKEN = [b"", b"{", b"[]", b"7", b"\xff"]


def test_an_event_says_what_it_brought() -> None:
    """Its figures are in the reading."""
    reading = Reading()
    delta = json.dumps({"contentBlockIndex": 0, "delta": {"text": "hello"}}).encode()
    assert read_event(converse, "contentBlockDelta", delta, reading) == "text"
    assert read_event(converse, "messageStop", b'{"stopReason": "end_turn"}', reading) == ""
    assert (reading.text, reading.stop_reason, reading.stopped) == ("hello", "end_turn", True)


@pytest.mark.parametrize("payload", [*BROKEN, b'{"delta": {"text": "hello"}}'])
def test_events_that_nobody_reads_are_passed_over(payload: bytes) -> None:
    """Whatever they hold."""
    reading = Reading()
    assert read_event(converse, "heartbeat", payload, reading) == ""
    assert reading == Reading()


@pytest.mark.parametrize("payload", BROKEN)
@pytest.mark.parametrize(
    ("reader", "kind"), [(converse, "contentBlockDelta"), (converse, "metadata"), (claude, "chunk")]
)
def test_an_event_that_cannot_be_read_is_a_failure(reader: Any, kind: str, payload: bytes) -> None:
    """It names the type of the event."""
    with pytest.raises(MalformedEventError, match=kind):
        read_event(reader, kind, payload, Reading())


@pytest.mark.parametrize("payload", BROKEN)
def test_data_that_cannot_be_read_is_a_failure(payload: bytes) -> None:
    """Of a server-sent event."""
    with pytest.raises(MalformedEventError, match="malformed event data"):
        read_data(chat, payload, Reading())


def test_data_says_what_it_brought() -> None:
    """Text, the figures of the service, and the end, which is no JSON."""
    reading = Reading()
    figures = {METRICS: {"inputTokenCount": 3, "outputTokenCount": 4}}
    assert read_data(chat, json.dumps(CHAT | figures).encode(), reading) == "text"
    assert (reading.text, reading.input_tokens, reading.output_tokens) == ("hello", 3, 4)
    assert read_data(chat, DONE, reading) == ""


@pytest.mark.parametrize(
    ("event", "code", "words"),
    [
        ({"error": {"message": "too much", "code": "throttled"}}, "throttled", "too much"),
        (
            {"Output": {"__type": "a.b#ThrottlingException"}},
            "ThrottlingException",
            "ThrottlingException without a message",
        ),
        ({"Output": {"__type": "a.b#ThrottlingException", "message": "slow down"}}, "ThrottlingException", "slow down"),
    ],
)
def test_an_error_in_place_of_an_event(event: dict[str, Any], code: str, words: str) -> None:
    """Has its code and what it says."""
    with pytest.raises(ModelFailedError, match=words) as failed:
        read_data(chat, json.dumps(event).encode(), Reading())
    assert failed.value.code == code
