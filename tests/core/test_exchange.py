"""One request and its response, over a real socket."""

from __future__ import annotations

import socket
import time

import gevent
import pytest
from urllib3.exceptions import ProtocolError

from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.exchange import Exchange
from bedrock_locust.wire.polling import STAMPED
from bedrock_locust.wire.pool import Pool
from bedrock_locust.wire.stopwatch import Stopwatch


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
