"""The event stream encoding, held against botocore's decoder."""

from __future__ import annotations

import json
from typing import Any

from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.simulator import frames

names = st.text(min_size=1, max_size=60).filter(lambda name: len(name.encode()) <= 255)
messages = st.tuples(st.dictionaries(names, st.text(max_size=200), max_size=5), st.binary(max_size=2000))
json_objects = st.dictionaries(
    st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=8), max_size=5
)


def decode(data: bytes, piece: int) -> list[Any]:
    """The messages that botocore reads from bytes which arrive in pieces."""
    buffer, decoded = EventStreamBuffer(), []
    for start in range(0, len(data), piece):
        buffer.add_data(data[start : start + piece])
        decoded += list(buffer)
    return decoded


@given(st.lists(messages, max_size=5), st.integers(1, 3000))
def test_any_message_is_decoded_to_what_was_encoded(written: list[tuple[dict[str, str], bytes]], piece: int) -> None:
    """Headers and payload survive, however the bytes are cut up on their way."""
    data = b"".join(frames.encode(tuple(headers.items()), payload) for headers, payload in written)
    assert [(message.headers, message.payload) for message in decode(data, piece)] == written


@given(st.sampled_from(["chunk", "contentBlockDelta"]), json_objects)
def test_events(event_type: str, payload: dict[str, Any]) -> None:
    """An event has the three headers of the service and a JSON payload."""
    [message] = decode(frames.event(event_type, payload), 4096)
    assert message.headers == {
        ":event-type": event_type,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert json.loads(message.payload) == payload


@given(st.text())
def test_exceptions(text: str) -> None:
    """An error in mid-stream has its type in a header and its message in the payload."""
    [message] = decode(frames.exception("throttlingException", text), 4096)
    assert message.headers[":message-type"] == "exception"
    assert message.headers[":exception-type"] == "throttlingException"
    assert json.loads(message.payload) == {"message": text}
