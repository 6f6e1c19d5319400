"""The frame decoder against botocore's: any stream, cut anywhere, damaged anyhow."""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer, ParserError
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_locust.wire import eventstream
from bedrock_locust.wire.eventstream import Decoder

Message = tuple[dict[str, Any], bytes]

names = st.text(min_size=1, max_size=20)
headers = st.dictionaries(names, st.text(max_size=40), max_size=5)
payloads = st.binary(max_size=300)
streams = st.lists(st.tuples(headers, payloads), max_size=6)
cuts = st.lists(st.integers(0, 2000), max_size=12)


def encode(message: Message) -> bytes:
    """A message as a frame, as the service sends it."""
    block = b"".join(_header(name.encode(), value.encode()) for name, value in message[0].items())
    prelude = struct.pack("!II", 16 + len(block) + len(message[1]), len(block))
    head = prelude + struct.pack("!I", crc32(prelude)) + block + message[1]
    return head + struct.pack("!I", crc32(head))


def _header(name: bytes, value: bytes) -> bytes:
    return bytes([len(name)]) + name + b"\x07" + struct.pack("!H", len(value)) + value


def pieces(data: bytes, at: list[int]) -> list[bytes]:
    """The data, cut at these places."""
    places = [0, *sorted(min(place, len(data)) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def ours(parts: list[bytes]) -> tuple[list[Message], str]:
    """What our decoder makes of it: the messages, and the class of the error that ended them."""
    said = list[Message]()
    decoder = Decoder(lambda headers, payload: said.append((dict(headers), payload)))
    try:
        for part in parts:
            decoder.feed(part)
    except ParserError as error:
        return said, type(error).__name__
    return said, ""


def botocores(parts: list[bytes]) -> tuple[list[Message], str]:
    """What botocore's buffer makes of it."""
    buffer, said = EventStreamBuffer(), list[Message]()
    try:
        for part in parts:
            buffer.add_data(part)
            said.extend((_any(message).headers, _any(message).payload) for message in buffer)
    except ParserError as error:
        return said, type(error).__name__
    return said, ""


def _any(message: Any) -> Any:
    """The stubs take botocore's messages for numbers."""
    return message


@given(streams, cuts)
@example([({":event-type": "chunk"}, b"{}")] * 3, [0, 0, 1, 11, 12, 13])
def test_any_split(messages: list[Message], at: list[int]) -> None:
    """A valid stream gives its messages, however it is cut."""
    parts = pieces(b"".join(map(encode, messages)), at)
    assert ours(parts) == (messages, "") == botocores(parts)


@given(streams.filter(bool), cuts, st.integers(0, 3000), st.integers(1, 255))
def test_any_damage(messages: list[Message], at: list[int], place: int, change: int) -> None:
    """A damaged stream gives what botocore gives of it, and the same class of error."""
    data = bytearray(b"".join(map(encode, messages)))
    data[place % len(data)] ^= change
    parts = pieces(bytes(data), at)
    assert ours(parts) == botocores(parts)


@given(streams.filter(bool), st.integers(0, 3000))
def test_any_cut(messages: list[Message], length: int) -> None:
    """A stream that is cut short gives its whole messages."""
    data = b"".join(map(encode, messages))
    parts = [data[: length % len(data)]]
    assert ours(parts) == botocores(parts)


@given(st.binary(max_size=200), cuts)
def test_noise(data: bytes, at: list[int]) -> None:
    """What is no event stream at all is damage to both."""
    assert ours(pieces(data, at)) == botocores(pieces(data, at))


@pytest.mark.parametrize(
    ("length", "headers_length", "error"),
    [
        (25_165_840, 0, ""),
        (25_165_841, 0, "InvalidPayloadLength 25165825"),
        (25_296_912, 131_072, ""),
        (25_296_913, 131_072, "InvalidPayloadLength 25165825"),
        (131_088, 131_072, ""),
        (131_089, 131_073, "InvalidHeadersLength 131073"),
        (100, 131_073, "InvalidHeadersLength 131073"),
        (17, 0, ""),
        (15, 0, "ParserError 15"),
        (117, 100, ""),
        (115, 100, "ParserError 115"),
        (0, 0, "ParserError 0"),
    ],
)
def test_lengths_that_lie(length: int, headers_length: int, error: str) -> None:
    """A prelude with impossible lengths is refused before anything is kept for it; what is possible is waited for."""
    prelude, said = struct.pack("!II", length, headers_length), ""
    try:
        Decoder(lambda *_: None).feed(prelude + struct.pack("!I", crc32(prelude)))
    except ParserError as raised:
        said = f"{type(raised).__name__} {re.findall('[0-9]+', str(raised))[0]}"
    assert said == error


def test_the_smallest_frame() -> None:
    """It has neither headers nor a payload."""
    assert ours([encode(({}, b""))]) == ([({}, b"")], "")


def test_frames_come_before_the_damage() -> None:
    """The messages before a damaged one are handed out."""
    message: Message = ({":event-type": "chunk"}, b"{}")
    assert ours([encode(message) + b"x" * 40]) == ([message], "ChecksumMismatch")


def test_a_large_frame_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that comes in thousands of pieces is looked at twice: for its length, and when it is whole."""
    looked: list[int] = []
    look = eventstream._prelude

    def counting(data: bytes, at: int) -> tuple[Any, ...]:
        looked.append(len(data))
        return look(data, at)

    monkeypatch.setattr(eventstream, "_prelude", counting)
    message: Message = ({":event-type": "chunk"}, b"x" * 5_000_000)
    data = encode(message)
    assert ours([data[start : start + 1000] for start in range(0, len(data), 1000)]) == ([message], "")
    assert looked == [1000, len(data)]


def test_many_frames_at_once() -> None:
    """Each frame is cut out of what came, and nothing is kept."""
    messages: list[Message] = [({":event-type": "chunk"}, str(number).encode()) for number in range(20_000)]
    assert ours([b"".join(map(encode, messages))]) == (messages, "")


def test_the_largest_frame() -> None:
    """A frame as large as botocore takes is taken."""
    message: Message = ({}, b"x" * eventstream.MAX_PAYLOAD)
    data = encode(message)
    assert ours([data[:100], data[100:]]) == ([message], "")


@pytest.mark.parametrize("place", [8, -4], ids=["prelude", "frame"])
def test_a_wrong_checksum_is_said_with_the_right_one(place: int) -> None:
    """That of the lengths at the beginning, and that of the whole frame."""
    data = bytearray(encode(({":event-type": "chunk"}, b"{}")))
    right = crc32(data[:place])
    data[place : place + 4 or None] = bytes(4)
    with pytest.raises(ChecksumMismatch) as caught:
        Decoder(lambda *_: None).feed(bytes(data))
    assert str(caught.value) == f"Checksum mismatch: expected 0x00000000, calculated 0x{right:08x}"


def test_headers_that_come_again_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the first 256 kinds, which are more than a service has: another one may send new ones for ever."""
    monkeypatch.setattr(eventstream, "_known_headers", {})
    found = list[dict[str, Any]]()
    kinds = [{":event-type": "chunk", "n": str(number)} for number in range(257)]
    decoder = Decoder(lambda headers, _: found.append(headers))
    for _ in range(2):
        for kind in kinds:
            decoder.feed(encode((kind, b"{}")))
    assert found == kinds * 2
    assert [one is again for one, again in zip(found[:257], found[257:], strict=True)] == [True] * 256 + [False]
