"""The final response out of bytes, cut anywhere, with whatever a server or a proxy may put around it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from geventhttpclient.response import HTTPParseError, HTTPResponse
from hypothesis import given
from hypothesis import strategies as st

from bedrock_locust.wire.http_response import FinalResponse

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n"
OK = LENGTH + b"\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n"
cuts = st.lists(st.integers(0, 400), max_size=8)


def read(data: bytes, at: list[int] | None = None, *, then_closed: bool = False) -> tuple[FinalResponse, bytes]:
    """The response that these bytes make, cut at these places, and its body."""
    response = FinalResponse()
    body = b""
    places = [0, *sorted(min(place, len(data)) for place in at or ()), len(data)]
    pieces = [data[start:end] for start, end in pairwise(places) if start < end]
    for piece in [*pieces, *([b""] if then_closed else [])]:
        response.feed(piece)
        body += response.take_body()
    return response, body


INTERIM = {
    "100": b"HTTP/1.1 100 Continue\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\nlink: </b>; rel=preload\r\n\r\n",
    "199": b"HTTP/1.1 199\r\nx: y\r\n\r\n",
    "of HTTP/1.0": b"HTTP/1.0 100 Continue\r\n\r\n",
    "that closes": b"HTTP/1.1 103 Early Hints\r\nconnection: close\r\n\r\n",
    "with a length": b"HTTP/1.1 103 Early Hints\r\ncontent-length: 100\r\n\r\n",
    "in chunks": b"HTTP/1.1 102 Processing\r\ntransfer-encoding: chunked\r\n\r\n",
}


@given(st.lists(st.sampled_from(list(INTERIM.values())), min_size=1, max_size=3), cuts)
def test_interim_responses_are_dropped(interim: list[bytes], at: list[int]) -> None:
    """Only the final response counts, whatever came before it, however it is cut."""
    response, body = read(b"".join(interim) + OK, at)
    assert (response.status, response.head, body) == (200, {"content-length": "2"}, b"hi")
    assert response.message_complete
    assert response.leaves_connection_open


def test_an_interim_response_is_no_response() -> None:
    """Nothing is there until the final one begins."""
    for interim in INTERIM.values():
        response, _ = read(interim)
        assert not response.headers_complete
        assert not response.message_complete
        assert not response.leaves_connection_open
        response, _ = read(interim[:-2], then_closed=True)
        assert not response.headers_complete


def test_another_protocol() -> None:
    """101 is final: nothing that follows it is HTTP."""
    response, body = read(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nabc")
    assert (response.status, body, response.message_complete) == (101, b"", True)
    assert not response.leaves_connection_open


WHOLE = {
    "length": OK,
    "no reason": b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi",
    "empty lines first": b"\r\n\r\n" + OK,
    "chunks": CHUNKED + b"\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
    "chunk extensions": CHUNKED + b"\r\n2;a=b;c\r\nhi\r\n0\r\n\r\n",
    "leading zeros": CHUNKED + b"\r\n0002\r\nhi\r\n000\r\n\r\n",
    "a trailer": CHUNKED + b"trailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 1\r\ncontent-type: text/html\r\n\r\n",
    "HTTP/1.0 that keeps": b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi",
    "an offer": b"HTTP/1.1 200 OK\r\nupgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 2\r\n\r\nhi",
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@given(at=cuts)
def test_a_whole_response(data: bytes, at: list[int]) -> None:
    """A response that says where it ends leaves its connection to the next request."""
    response, body = read(data, at)
    assert (response.status, body, response.message_complete) == (200, b"hi", True)
    assert response.leaves_connection_open
    assert not {"x-sum", "content-type"} & set(response.head), "a trailer is no header"


CLOSING = {
    "close": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
    "close among others": b"HTTP/1.1 200 OK\r\nconnection: foo, close\r\ncontent-length: 2\r\n\r\nhi",
    "proxy-connection": b"HTTP/1.1 200 OK\r\nproxy-connection: close\r\ncontent-length: 2\r\n\r\nhi",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    "close in a trailer": CHUNKED + b"\r\n2\r\nhi\r\n0\r\nconnection: close\r\n\r\n",
    "surplus": OK + b"xx",
    "a second response": OK + OK,
    "the begin of one": OK + b"H",
    "close and surplus": b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi" + OK,
}


@pytest.mark.parametrize("data", CLOSING.values(), ids=CLOSING)
def test_a_connection_that_is_used_up(data: bytes) -> None:
    """What a server says about its connection counts, and bytes that nobody asked for; the response stands."""
    response, body = read(data)
    assert (response.status, body, response.message_complete) == (200, b"hi", True)
    assert not response.leaves_connection_open


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_response_that_ends_with_its_connection(version: bytes) -> None:
    """Without a length or chunks a response is whole when the connection is closed."""
    data = b"HTTP/" + version + b" 200 OK\r\n\r\nhi"
    response, body = read(data)
    assert (body, response.message_complete) == (b"hi", False)
    response, body = read(data, then_closed=True)
    assert (body, response.message_complete, response.leaves_connection_open) == (b"hi", True, False)


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(status: int) -> None:
    """The response ends with its head."""
    response, body = read(f"HTTP/1.1 {status} x\r\n\r\n".encode())
    assert (response.status, body, response.message_complete) == (status, b"", True)
    assert response.leaves_connection_open


def test_before_its_head_a_response_is_nothing() -> None:
    """No status, headers, or body."""
    for said in (b"", LENGTH):
        response, body = read(said)
        assert (response.status, response.head, response.pieces, body) == (0, {}, [], b"")


@pytest.mark.parametrize(("status", "fine"), [(99, False), (100, False), (101, True), (599, True)])
def test_the_lowest_status(status: int, fine: bool) -> None:
    """That of a final response is above those of interim ones; below them there is none."""
    data = f"HTTP/1.1 {status:03} x\r\ncontent-length: 0\r\n\r\n".encode()
    if status < 100:
        with pytest.raises(HTTPParseError):
            read(data)
    else:
        assert read(data)[0].status == (status if fine else 0)


def test_an_end_in_the_middle() -> None:
    """A connection that is closed before the end is an error, or leaves the response unfinished."""
    for data in (OK[:-1], CHUNKED + b"\r\n2\r\nhi\r\n", OK[:20], b"HTTP/1.1 1", b""):
        response = FinalResponse()
        try:
            response.feed(data)
            response.feed(b"")
        except HTTPParseError:
            pass
        assert not response.message_complete
        assert not response.leaves_connection_open


BROKEN = {
    "two lengths": LENGTH + b"content-length: 3\r\n\r\nhi",
    "a list of lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 2, 3\r\n\r\nhi",
    "length and chunks": CHUNKED + b"content-length: 3\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "chunks and length": LENGTH + b"transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nhi",
    "a length beyond all": b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nhi",
    "no chunk size": CHUNKED + b"\r\nhi\r\n0\r\n\r\n",
    "a status below 100": b"HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\nhi",
    "another protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d",
    "nonsense after an interim response": INTERIM["103"] + b"{} and more than that",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_response(data: bytes) -> None:
    """What contradicts itself, or is no HTTP, is an error, never a guess."""
    with pytest.raises(HTTPParseError):
        read(data)


def test_the_callbacks_of_the_library() -> None:
    """What this stands on in geventhttpclient: which callbacks its parser makes, in which order."""
    made: list[str] = []

    class Watched(HTTPResponse):
        def _on_message_begin(self) -> None:
            made.append("begin")
            super()._on_message_begin()

        def _on_headers_complete(self) -> int | bool | None:
            result = super()._on_headers_complete()
            made.append(f"head {self.get_code()} {dict(self.items())} {self.headers_complete}")
            return result

        def _on_body(self, buf: bytearray) -> None:
            made.append(f"body {bytes(buf)!r}")

        def _on_message_complete(self) -> None:
            super()._on_message_complete()
            made.append(f"end {self.message_complete} {self.should_close()}")

    Watched("POST").feed(OK)
    assert made == ["begin", "head 200 {'content-length': '2'} True", "body b'hi'", "end True False"]
