"""What the measured transport sends, and where to: bytes of requests over a real socket."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
import gevent
import pytest
from gevent import socket

from bedrock_locust.wire.direct import Direct, Post
from bedrock_locust.wire.in_flight import follow, in_flight, watch
from bedrock_locust.wire.stopwatch import Stopwatch
from bedrock_locust.wire.transport import Transport

from .raw_server import response, serving

if TYPE_CHECKING:
    import socket as stdlib
    from collections.abc import Iterator

ANSWER = response(b'{"a": 1}', "X-Own: Seven")


@contextmanager
def sending(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Transport, list[Any], list[bytes]]]:
    """A transport, the places that it connects to with its limit, and the requests that came; all go to one server."""
    with serving(lambda peer, _: peer.sendall(ANSWER)) as server:
        port, places = int(server.url.rpartition(":")[2]), list[Any]()

        def connect(place: tuple[str, int], limit_s: float) -> stdlib.socket:
            places.append((*place, limit_s))
            return original(("127.0.0.1", port), limit_s)

        original = socket.create_connection
        monkeypatch.setattr(socket, "create_connection", connect)
        yield Transport(None, 4, 5), places, server.requests


def request(url: str, body: Any = None, headers: dict[str, Any] | None = None) -> Any:
    """A signed request, as far as a transport looks at it."""
    return SimpleNamespace(method="POST", url=url, body=body, headers=headers or {})


PLACES = [
    ("http://a.example/", ("a.example", 80), "/", "a.example"),
    ("http://a.example", ("a.example", 80), "/", "a.example"),
    ("http://a.example:80/x?y=1", ("a.example", 80), "/x?y=1", "a.example"),
    ("http://a.example:8080/x?", ("a.example", 8080), "/x", "a.example:8080"),
    ("http://a.example:443/x%3A0", ("a.example", 443), "/x%3A0", "a.example:443"),
    ("https://a.example/x", ("a.example", 443), "/x", "a.example"),
    ("https://a.example:443/x", ("a.example", 443), "/x", "a.example"),
    ("https://a.example:80/x", ("a.example", 80), "/x", "a.example:80"),
    ("http://[::1]:8080/x", ("::1", 8080), "/x", "[::1]:8080"),
]


@pytest.mark.parametrize(("url", "place", "target", "host"), PLACES)
def test_where_a_request_goes(
    monkeypatch: pytest.MonkeyPatch, url: str, place: tuple[str, int], target: str, host: str
) -> None:
    """To the port of the URL, or that of its kind; the header `host` has it where it is another."""
    with sending(monkeypatch) as (transport, places, requests):
        found = transport.send(request(url))
        assert found.content == b'{"a": 1}'
        assert places == [(*place, 4)]
        lines = [f"POST {target} HTTP/1.1", f"host: {host}", "accept-encoding: identity", "content-length: 0", "", ""]
        assert requests == ["\r\n".join(lines).encode()]


BODIES: list[tuple[Any, bytes]] = [
    (None, b""),
    ("", b""),
    ("é", b"\xc3\xa9"),
    (b"\xff", b"\xff"),
    (bytearray(b"ab"), b"ab"),
    (["é", b"x"], b"\xc3\xa9x"),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_what_a_request_holds(monkeypatch: pytest.MonkeyPatch, body: Any, expected: bytes) -> None:
    """Its own headers in small letters, what a client adds where it has none, and the length that the body has."""
    headers = {"X-Own": b"caf\xe9", "Content-Length": "77", "Accept-Encoding": "gzip", "Host": "b.example"}
    with sending(monkeypatch) as (transport, _, requests):
        assert transport.send(request("http://a.example/", body, headers)).content == b'{"a": 1}'
        lines = ["POST / HTTP/1.1", "x-own: café", f"content-length: {len(expected)}", "accept-encoding: gzip"]
        assert requests == ["\r\n".join([*lines, "host: b.example", "", ""]).encode("latin-1") + expected]


def test_what_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A response as botocore has it; the call in flight knows its exchange, and its stopwatch has run."""
    with sending(monkeypatch) as (transport, places, _):
        found = transport.send(request("http://a.example/x"))
        assert (found.url, found.status_code, found.headers["x-own"]) == ("http://a.example/x", 200, "Seven")
        assert (in_flight.exchange, found.content) == (None, b'{"a": 1}')
        watch = Stopwatch()
        in_flight.begin(watch)
        again = transport.send(request("http://a.example/x"))
        assert in_flight.exchange is again.raw
        assert (watch.stage, watch.connect_ms, len(places)) == ("response", None, 1)
        assert again.content == b'{"a": 1}'
        in_flight.clear()
        assert in_flight.exchange is None


def test_a_client_that_is_told_twice_sends_once() -> None:
    """Whichever transport it has: what it is told has a name, and replaces what it was told before."""
    keys: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "y", "region_name": "us-east-1"}
    for attach in (Transport(None, 4, 5).attach, watch):
        with serving(lambda peer, _: peer.sendall(ANSWER)) as server:
            client = boto3.client("bedrock-runtime", endpoint_url=server.url, **keys)
            for tell in (follow, attach, follow, attach):
                tell(client)
            seen, signing = Counted(), list[bool]()
            client.meta.events.register("before-sign.*", lambda seen=signing, **_: seen.append(in_flight.signing))
            in_flight.begin(seen)
            client.converse(modelId="m", messages=[])
            assert (signing, in_flight.signing) == ([True], False)
            assert (len(server.requests), seen.sendings, in_flight.body) == (1, 1, b'{"a": 1}')
            in_flight.clear()
            client.close()


class Counted(Stopwatch):
    """Counts how often a request is sent."""

    __slots__ = ("sendings",)

    def __init__(self) -> None:
        super().__init__()
        self.sendings = 0

    def sent(self) -> None:
        """Count it."""
        self.sendings += 1
        super().sent()


def test_a_call_in_flight_knows_nothing_of_the_one_before() -> None:
    """Nor of what was done between them."""

    def known() -> list[Any]:
        return [in_flight.stopwatch, in_flight.exchange, in_flight.body, in_flight.signing]

    assert known() == [None, None, None, False]
    watch, before = Stopwatch(), cast("Any", object())
    in_flight.exchange, in_flight.body, in_flight.signing = before, b"x", True
    in_flight.begin(watch)
    assert known() == [watch, None, None, False]
    in_flight.exchange, in_flight.body, in_flight.signing = before, b"x", True
    in_flight.clear()
    assert known() == [None, None, None, False]
    in_flight.signing = True
    other = gevent.spawn(known)
    other.join(5)
    assert other.value == [None, None, None, False]
    in_flight.clear()


def test_a_post_is_signed_and_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the headers of all calls, then its own; the call in flight knows while it is signed, and gets its body."""
    headers, seen = {"user-agent": "u", "x-a": "all"}, list[Any]()
    with sending(monkeypatch) as (transport, _, requests):

        def sign(request: Any) -> None:
            seen.append((in_flight.signing, stopwatch.stage, request.url, request.method))
            request.headers["x-signed"] = "yes"

        def send(prepared: Any) -> Any:
            seen.append((in_flight.signing, stopwatch.stage))
            return transport.send(prepared)

        direct = Direct("mantle", "http://a.example/", sign, send, headers)
        stopwatch = Stopwatch()
        in_flight.begin(stopwatch)
        about = direct.post(Post("responses", "/v1/x", b"{}", {"x-a": "own"}, streams=False))
        assert (direct.endpoint, in_flight.body, in_flight.signing) == ("mantle", b'{"a": 1}', False)
        assert seen == [(True, "connect", "http://a.example/v1/x", "POST"), (False, "response")]
        said = {"content-type": "application/json", "content-length": "8", "x-own": "Seven"}
        assert about == {"HTTPStatusCode": 200, "HTTPHeaders": said, "RequestId": "", "RetryAttempts": 0}
        [head] = requests
        fields = {
            b"content-type: application/json",
            b"user-agent: u",
            b"x-a: own",
            b"x-signed: yes",
            b"content-length: 2",
        }
        assert fields <= {*head.split(b"\r\n")}
        assert head.startswith(b"POST /v1/x HTTP/1.1\r\n")
        in_flight.clear()
