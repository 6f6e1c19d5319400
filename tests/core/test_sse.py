"""Server-sent events: the same events, however the bytes are cut."""

from __future__ import annotations

import json
import time
from itertools import combinations_with_replacement, pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

Event = bytes


def decoded(pieces: Iterable[bytes], *, end: bool = True) -> list[Event]:
    """The events that come out of these pieces."""
    found: list[Event] = []
    decoder = SseDecoder(found.append)
    for piece in pieces:
        decoder.feed(piece)
    if end:
        decoder.end()
    return found


def plainly(stream: bytes) -> list[Event]:
    """The events of a whole stream, by the text of the standard: line by line, field by field."""
    found, data = list[Event](), list[bytes]()
    text = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    *lines, rest = text.split(b"\n")
    for line in [*lines, *([b""] if not rest else [])]:
        if not line:
            if value := b"\n".join(data):
                found.append(value)
            data = []
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            data.append(value)
    return found


ENDS = st.sampled_from(["\n", "\r\n", "\r"])
VALUES = st.one_of(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"])), st.just("[DONE]"))
LINES = st.one_of(
    st.builds("data: {}".format, VALUES),
    st.builds("data:{}".format, VALUES),
    st.builds("event: {}".format, VALUES),
    st.builds(": {}".format, VALUES),
    st.sampled_from(["", "data", "data:", "event:", "id: 7", "retry: 9", "datax: 1", "nothing"]),
)


@given(st.lists(st.tuples(LINES, ENDS)), st.booleans(), st.lists(st.integers(0, 400)))
@example([("data: a", "\r"), ("", "\r\n"), ("data: b", "\n"), ("", "\n")], False, [8, 9])
def test_any_cut(lines: list[tuple[str, str]], mark: bool, cuts: list[int]) -> None:
    """Whole, in single bytes, and cut anywhere: what the text of the standard says."""
    stream = b"\xef\xbb\xbf" * mark + "".join(line + end for line, end in lines).encode()
    expected = plainly(stream)
    places = [0, *sorted(cut for cut in set(cuts) if cut < len(stream)), len(stream)]
    assert decoded([stream]) == expected
    assert decoded(stream[start:end] for start, end in pairwise(places)) == expected
    assert decoded(bytes([byte]) for byte in stream) == expected


STREAMS: dict[bytes, list[Event]] = {
    b"data: a\n\ndata: b\n\n": [b"a", b"b"],
    b"data: a\r\n\r\ndata:b\r\n\r\n": [b"a", b"b"],
    b"data: a\r\rdata:  b\r\r": [b"a", b" b"],
    b"data: a\n\ndata: b\rdata: c\n\n": [b"a", b"b\nc"],
    b"data: a\ndata: b\n\n": [b"a\nb"],
    b"data: a\ndata\ndata: b\n\n": [b"a\n\nb"],
    b"data\n\ndata:\n\ndata: \n\n": [],
    b"data\ndata\n\n": [b"\n"],
    b"xdata: y\n\ndata: z\n\n": [b"z"],
    b"event: a\ndata: 1\n\ndata: 2\nevent: b\n\n": [b"1", b"2"],
    b"event: a\n\ndata: 1\nid: 7\n\n": [b"1"],
    b"\xef\xbb\xbfdata: a\n\ndata: b\n\n": [b"a", b"b"],
    b"data: a\n\n\xef\xbb\xbfdata: b\n\n": [b"a"],
    b"\n\xef\xbb\xbfdata: a\n\ndata: b\n\n": [b"b"],
    b"\n\ndata: a\n\n\n\ndata: b\n\n": [b"a", b"b"],
    b": x\ndata: a\n: y\n\n:\n\n": [b"a"],
    b"data: a\ndata: b": [],
    b"data: a\n\ndata: b\n": [b"a", b"b"],
    b"data: a\n\ndata: [DONE]": [b"a", b"[DONE]"],
    b"data: a\ndata: [DONE]": [b"a\n[DONE]"],
    b"data: a\n\n[DONE]": [b"a"],
    b"data: a\n\ndata: [DONE": [b"a"],
    b"data: a\n\r\ndata: b\r\n\n": [b"a", b"b"],
    b"data: a\r\n\n\r\ndata: b\n\r": [b"a", b"b"],
}
"""Streams that have ended, and their events."""


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_in_three_parts(stream: bytes) -> None:
    """Wherever it is cut, and twice at one place, too: an event that comes in one piece has a way of its own."""
    assert STREAMS[stream] == plainly(stream) or b"[DONE]" in stream
    for first, second in combinations_with_replacement(range(len(stream) + 1), 2):
        pieces = [stream[:first], stream[first:second], stream[second:]]
        assert decoded(pieces) == STREAMS[stream], pieces


def test_the_data_may_come_before_the_name() -> None:
    """bedrock-mantle sends it so."""
    assert decoded([b'data: {"a":1}\nevent: x\n\n']) == [b'{"a":1}']


def test_an_event_that_is_cut_off_is_none() -> None:
    """But one whose lines are whole is, and a last [DONE] is, though its empty line is missing."""
    assert decoded([b"data: whole\n\ndata: cu"]) == [b"whole"]
    assert decoded([b"data: whole\n"]) == [b"whole"]
    assert decoded([b"data: a\n\ndata: [DONE]"]) == [b"a", b"[DONE]"]
    assert decoded([b"data: whole\n"], end=False) == []


@pytest.mark.parametrize("piece", [100, 4096, 65536])
def test_a_line_of_megabytes(piece: int) -> None:
    """It takes no longer, a byte, than a short one: nothing is put together again and again."""
    data = json.dumps({"type": "response.created", "instructions": "x" * 4_000_000}).encode()
    stream = b"data: " + data + b"\n\ndata: next\n\n"
    begun = time.process_time()
    found = decoded(stream[start : start + piece] for start in range(0, len(stream), piece))
    assert [len(value) for value in found] == [len(data), 4]
    assert time.process_time() - begun < 5, "quadratic work would take minutes"


def test_what_has_not_ended_is_known() -> None:
    """How much of a line has come."""
    decoder = SseDecoder(lambda *_: None)
    decoder.feed(b"data: 1234")
    assert decoder.unfinished == 10
    decoder.feed(b"\n")
    assert decoder.unfinished == 0
