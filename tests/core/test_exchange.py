"""One request and its response, over a real socket."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent
import pytest
from urllib3.exceptions import ProtocolError

from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.exchange import Exchange
from bedrock_locust.wire.polling import STAMPED
from bedrock_locust.wire.pool import Pool
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.skipif(not STAMPED, reason="elsewhere greenlets take turns with the sockets")
def test_an_end_in_the_middle_that_comes_while_the_head_waits_to_be_looked_at() -> None:
    """The head is there, and what came of the body can be read, though all has ended before its greenlet goes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1], tls=False)
        pool = Pool(None, 5, 5)
        exchange = Exchange(pool, address, "http://127.0.0.1", Stopwatch())
        peer, _ = listener.accept()
        sending = gevent.spawn(exchange.send, b"x")
        assert peer.recv(1) == b"x"
        pool._poller.resume(lambda: _be_busy(0.05))
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")
        peer.close()
        sending.get(timeout=5)
        assert exchange.status == 200
        body: list[bytes] = []
        with pytest.raises(ProtocolError):
            exchange._read_body(body.append)
        assert body == [b"hello"]


def _be_busy(seconds: float) -> None:
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        pass


@contextmanager
def _exchange() -> Iterator[tuple[Exchange, socket.socket]]:
    """An exchange and the peer of its connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1], tls=False)
        exchange = Exchange(Pool(None, 5, 5), address, "http://127.0.0.1", Stopwatch())
        peer, _ = listener.accept()
        peer.settimeout(5)
        with peer:
            yield exchange, peer


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
def test_a_user_who_is_killed_while_it_waits_for_the_head(said: bytes) -> None:
    """The connection is closed: nobody will read what comes."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x")
        assert peer.recv(1) == b"x"
        peer.sendall(said)
        gevent.sleep(0.02)
        sending.kill(timeout=5)
        assert peer.recv(1) == b""
        assert exchange._pool.take(exchange._address) is None


def test_a_user_who_is_killed_while_it_sends() -> None:
    """The same when the peer does not take all of the request."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x" * 20_000_000)
        gevent.sleep(0.1)
        assert not sending.ready()
        sending.kill(timeout=5)
        while peer.recv(1_000_000):
            pass


def test_a_connection_is_kept_once_the_response_is_whole() -> None:
    """Not before: a response that is left in the middle leaves no connection behind."""
    for body, kept in ((b"hi", True), (b"h", False)):
        with _exchange() as (exchange, peer):
            sending = gevent.spawn(exchange.send, b"x")
            assert peer.recv(1) == b"x"
            peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n" + body)
            sending.get(timeout=5)
            reading = gevent.spawn(exchange.read)
            gevent.sleep(0.02)
            reading.kill(timeout=5)
            found = exchange._pool.take(exchange._address)
            assert (found is not None) == kept
            if found:
                found.close()
