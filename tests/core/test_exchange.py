"""One request and its response, over a real socket."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

import gevent
import pytest
from urllib3.exceptions import ProtocolError

from bedrock_locust.errors import AnswerTooLargeError
from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.content import LIMIT
from bedrock_locust.wire.exchange import FIRST_BYTES, FIRST_READ, HEAD_LIMIT, BrokenResponseError, Exchange
from bedrock_locust.wire.polling import STAMPED
from bedrock_locust.wire.pool import Pool
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.wire.connection import Connection


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
        with peer, closing(exchange):
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


JSON = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream; x=y\r\ncontent-length: %d\r\n\r\n"


def _pieces(head: bytes, body: bytes) -> list[int]:
    """The sizes of the pieces in which a response that comes at once is read."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x")
        peer.recv(1)
        serving = gevent.spawn(peer.sendall, head % len(body) + body)
        sending.get(timeout=5)
        pieces: list[bytes] = []
        exchange.read_stream(pieces.append)
        serving.get(timeout=5)
        assert b"".join(pieces) == body
        return [len(piece) for piece in pieces]


def test_only_the_begin_of_a_stream_is_read_in_small_pieces() -> None:
    """Each piece has the time of its last byte, which matters while the first token is awaited, and not else."""
    small = _pieces(STREAM, b"x" * 3000)
    assert max(small) <= FIRST_READ
    large = _pieces(STREAM, b"x" * 1_000_000)
    assert sum(size <= FIRST_READ for size in large) <= FIRST_BYTES / FIRST_READ + 1
    assert len(large) < 400
    assert len(_pieces(JSON, b"x" * 3000)) <= 3


def test_what_is_there_is_read_at_one_waking() -> None:
    """A response that has come is whole when its greenlet goes on: it does not wait for another round of reads."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x")
        peer.recv(1)
        peer.sendall(STREAM % 100_000 + b"x" * 100_000)
        sending.get(timeout=5)
        assert exchange._response.message_complete


@pytest.mark.parametrize("head", [JSON, STREAM], ids=["whole", "stream"])
def test_a_response_beyond_all_bounds(head: bytes) -> None:
    """A response that does not end is a failure of its own, and the connection is closed."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x")
        peer.recv(1)
        endless = gevent.spawn(_send_for_ever, peer, head % (LIMIT * 2))
        sending.get(timeout=5)
        with pytest.raises(AnswerTooLargeError, match="larger than 64 MB"):
            exchange.read()
        endless.get(timeout=5)


@pytest.mark.parametrize("status", ["103 Early Hints", "200 OK"])
@pytest.mark.parametrize("unit", [b"x", b"x: y\r\n"], ids=["a line", "lines"])
def test_a_head_beyond_all_bounds(status: str, unit: bytes) -> None:
    """A head that does not end is a failure of the connection."""
    with _exchange() as (exchange, peer):
        sending = gevent.spawn(exchange.send, b"x")
        peer.recv(1)
        head = f"HTTP/1.1 {status}\r\nx: ".encode() + unit * (2 * HEAD_LIMIT // len(unit))
        gevent.spawn(_send_for_ever, peer, head)
        with pytest.raises(BrokenResponseError, match="head of the response is larger than 256 kB"):
            sending.get(timeout=10)


def _send_for_ever(peer: socket.socket, begin: bytes) -> None:
    with suppress(OSError):  # what it sees when the client closes depends on what was on its way
        peer.sendall(begin)
        while True:
            peer.sendall(b"x" * 1_000_000)


class SlowPool(Pool):
    """Needs 50 ms to connect."""

    def connect(self, address: Address) -> Connection:
        """Connect, late."""
        gevent.sleep(0.05)
        return super().connect(address)


def test_the_time_of_connecting() -> None:
    """It is that of making the connection, in ms; a connection that is there takes none."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address, pool = Address("127.0.0.1", listener.getsockname()[1], tls=False), SlowPool(None, 5, 5)
        begun, stopwatch = time.perf_counter(), Stopwatch()
        exchange = Exchange(pool, address, "http://127.0.0.1", stopwatch)
        took_ms = (time.perf_counter() - begun) * 1000
        assert stopwatch.connect_ms is not None
        assert 49 < stopwatch.connect_ms <= took_ms
        pool.give(address, exchange._connection)
        again = Stopwatch()
        with closing(Exchange(pool, address, "http://127.0.0.1", again)):
            assert again.connect_ms is None
