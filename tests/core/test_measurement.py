"""One call while it is measured: what a stream must be, and what the Call says of it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EventStreamError

from bedrock_locust.call import Call
from bedrock_locust.errors import Failure, IncompleteStreamError, NotAnAnswerError
from bedrock_locust.formats import converse
from bedrock_locust.wire.measurement import STREAMING, Measurement

from .test_eventstream import encode

if TYPE_CHECKING:
    from collections.abc import Iterator

ABOUT = {"operation": "converse_stream", "model_id": "m", "name": "n", "level": "streaming-1", "worker": "w"}
HEADERS = {"content-type": "application/vnd.amazon.eventstream"}
EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"text": "One"}, "contentBlockIndex": 0}),
    ("contentBlockDelta", {"delta": {"text": " two"}, "contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": {"inputTokens": 7, "outputTokens": 2}, "metrics": {"latencyMs": 900}}),
]


class Body:
    """The body of a response as botocore hands it over, in pieces of a size."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size, self.closed = data, size, False

    def stream(self) -> Iterator[bytes]:
        """The pieces."""
        for start in range(0, len(self._data), self._size):
            yield self._data[start : start + self._size]

    def close(self) -> None:
        """Give the connection back."""
        self.closed = True


def frame(kind: str, payload: dict[str, Any]) -> bytes:
    """An event as the service sends it."""
    headers = {":message-type": "event", ":event-type": kind, ":content-type": "application/json"}
    return encode((headers, json.dumps(payload).encode()))


def measured(data: bytes, size: int = 1 << 20, **about: str) -> Measurement:
    """A call whose request is sent and whose body is there."""
    measurement = Measurement({**ABOUT, **about})
    measurement.response = {
        "HTTPHeaders": HEADERS | {"x-amzn-bedrock-service-tier": "flex"},
        "RequestId": "id-1",
        "RetryAttempts": 0,
    }
    measurement.stopwatch.sent()
    measurement.body = Body(data, size)
    return measurement


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_stream_is_read_to_its_end_whatever_its_pieces(size: int) -> None:
    """Every column of the Call comes from what was read, and the connection is given back."""
    measurement = measured(b"".join(frame(*event) for event in EVENTS), size)
    measurement.drain(converse)
    assert measurement.body.closed
    call = measurement.record(None)
    assert (call.mode, call.name, call.level, call.worker) == ("streaming", "n", "streaming-1", "w")
    assert (call.input_tokens, call.output_tokens, call.chunks, call.content_bytes) == (7, 2, 2, 7)
    assert call.first_bytes == len("One")
    assert (call.stop_reason, call.server_latency_ms, call.request_id) == ("end_turn", 900, "id-1")
    assert (call.text, call.attempts, call.error, call.service_tier) == ("One two", 1, "", "flex")
    assert 0 <= (call.ttft_ms or -1) <= (call.last_token_ms or -1) <= call.latency_ms
    assert call.first_text_ms == call.ttft_ms
    assert sum(call.gaps.values()) == 1


def test_nothing_that_was_measured_or_read_is_lost_on_the_way_to_the_row() -> None:
    """Whatever stopwatch and reading know under the name of a field of the Call is in it."""
    measurement = measured(b"".join(frame(*event) for event in EVENTS))
    measurement.drain(converse)
    stopwatch, reading, of_call = measurement.stopwatch, measurement.reading, {field.name for field in fields(Call)}
    stopwatch.connect_ms, stopwatch.read_lag_ms = 3.5, 0.25
    read = {field.name: field.default for field in fields(reading) if field.name in of_call}
    for number, (name, unset) in enumerate(read.items()):
        setattr(reading, name, name if unset == "" else 1000 + number)
    measurement.response["RetryAttempts"] = 2
    call = measurement.record(None)
    timed = {name for name in of_call if hasattr(stopwatch, name)}
    for knows, names in ((reading, {*read, "content_bytes", "text"}), (stopwatch, timed)):
        assert {name: getattr(call, name) for name in names} == {name: getattr(knows, name) for name in names}
        assert [name for name in names if getattr(call, name) in (None, "", {})] == []
    assert timed >= {"connect_ms", "first_bytes", "gaps", "max_gap_ms", "read_lag_ms", "send_delay_ms", "started_at"}
    assert call.attempts == 3


def test_a_stream_without_its_stop_event_is_incomplete() -> None:
    """What had come stays in the Call; the connection is given back all the same."""
    measurement = measured(b"".join(frame(*event) for event in EVENTS[:3]))
    with pytest.raises(IncompleteStreamError):
        measurement.drain(converse)
    assert measurement.body.closed
    assert measurement.stopwatch.stage == "stream"
    assert measurement.record(None).text == "One two"


def test_an_exception_in_a_stream_is_raised_and_an_event_is_not() -> None:
    """What had come stays in the Call; the exception is botocore's, with the words of the service."""
    headers = {":message-type": "exception", ":exception-type": "throttlingException"}
    parts = [frame(*event) for event in EVENTS[:3]] + [encode((headers, b'{"message": "slow down"}'))]
    measurement = measured(b"".join(parts))
    with pytest.raises(EventStreamError, match=r"throttlingException.*slow down"):
        measurement.drain(converse)
    assert measurement.record(None).text == "One two"


def test_what_is_no_event_stream_is_refused_before_it_is_read() -> None:
    """A page of a proxy is no answer."""
    measurement = measured(b"<html>")
    measurement.response["HTTPHeaders"] = {"content-type": "text/html"}
    with pytest.raises(NotAnAnswerError):
        measurement.drain(converse)


def test_a_failure_is_data_of_its_call() -> None:
    """Category, code, stage and message are columns; the id may come with the failure."""
    measurement = Measurement(ABOUT)
    failure = Failure("ThrottlingError", "ThrottlingException", "response", "slow down", "id-of-the-error")
    call = measurement.record(failure)
    assert (call.error, call.error_code, call.error_stage) == ("ThrottlingError", "ThrottlingException", "response")
    assert (call.error_message, call.request_id) == ("slow down", "id-of-the-error")
    assert (call.ttft_ms, call.input_tokens, call.attempts) == (None, None, 1)


def test_what_only_a_stream_has_is_unknown_without_one() -> None:
    """Chunks and bytes of content are of streams."""
    measurement = measured(b"{}", operation="converse")
    assert "converse" not in STREAMING
    call = measurement.record(None)
    assert (call.mode, call.chunks, call.content_bytes) == ("non_streaming", None, None)


def test_a_whole_body_is_bytes_or_can_be_read() -> None:
    """As the measured socket and botocore hand it over."""
    measurement = measured(b"")
    measurement.body = b'{"a": 1}'
    assert measurement.content() == b'{"a": 1}'

    class Stream:
        """botocore's StreamingBody."""

        def read(self) -> bytes:
            """All of it."""
            return b'{"b": 2}'

    measurement.body = Stream()
    assert measurement.content() == b'{"b": 2}'


@pytest.mark.parametrize(("said", "tier"), [("auto", ""), ("default", "default")])
def test_a_tier_that_is_chosen_by_the_service_is_none(said: str, tier: str) -> None:
    """`auto` is what a request asks for; which tier answered, it does not say."""
    measurement = measured(b"", 1)
    measurement.reading.service_tier = said
    assert measurement.record(None).service_tier == tier


class Asked:
    """A format that notes how each event is read: quickly, or as JSON."""

    def __init__(self) -> None:
        self.asked = list[str]()

    def read_delta(self, payload: bytes, reading: Any) -> str | None:
        """It knows texts alone."""
        self.asked.append(f"quick {len(payload)}")
        return "text" if b"text" in payload else None

    def read_event(self, event: dict[str, Any], reading: Any) -> str:
        """It knows all."""
        self.asked.append(f"JSON {len(json.dumps(event))}")
        reading.stop("end_turn")
        return "text"

    def done(self, reading: Any) -> None:
        """Nothing to note."""


def of_size(size: int, name: str = "text") -> dict[str, str]:
    """An event of this many bytes."""
    return {name: "x" * (size - len(json.dumps({name: ""})))}


def test_short_texts_need_no_json() -> None:
    """Up to a kB, in events of generated text; all others are read in whole."""
    kinds = ("messageStop", "contentBlockDelta", "contentBlockDelta", "contentBlockDelta", "metadata", "chunk")
    events = list(zip(kinds, map(of_size, (50, 999, 1000, 1001, 50, 50)), strict=True))
    events += [("contentBlockDelta", of_size(60)), ("contentBlockDelta", of_size(60, "other"))]
    reader: Any = Asked()
    measurement = measured(b"".join(frame(*event) for event in events))
    measurement.drain(reader)
    assert reader.asked == [
        *("JSON 67", "quick 999", "quick 1000", "JSON 1024", "JSON 64"),
        *("quick 50", "quick 60", "quick 60", "JSON 83"),
    ]


def test_short_texts_of_server_sent_events_need_no_json() -> None:
    """The same for the data of each."""
    api: Any = Asked()
    data = [json.dumps(of_size(size, name)).encode() for size, name in ((1000, "text"), (1001, "text"), (60, "other"))]
    measurement = measured(b"".join(b"data: %b\n\n" % one for one in data))
    measurement.response["HTTPHeaders"] = {"content-type": "text/event-stream"}
    measurement.drain_sse(api)
    assert api.asked == ["quick 1000", "JSON 1001", "quick 60", "JSON 60"]
