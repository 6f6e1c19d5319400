"""The pool: which connection is used next, and when one is let go."""

from __future__ import annotations

import gc
import socket
from contextlib import closing
from typing import TYPE_CHECKING, cast

import pytest

from bedrock_locust.wire import pool as pool_module
from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bedrock_locust.wire.connection import Connection


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Something to connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(5)
        yield listening


def address_of(listener: socket.socket) -> Address:
    """Where it listens."""
    return Address("127.0.0.1", listener.getsockname()[1], tls=False)


def accept(listener: socket.socket) -> socket.socket:
    """The other end of the next connection."""
    peer, _ = listener.accept()
    peer.settimeout(5)
    return peer


def test_the_connection_used_last_is_used_first(listener: socket.socket) -> None:
    """So that the others grow old, and none is handed out twice."""
    address, pool = address_of(listener), Pool(None, 5, 5)
    first, second = pool.connect(address), pool.connect(address)
    with closing(first), closing(second), accept(listener), accept(listener):
        pool.give(address, first)
        pool.give(address, second)
        assert pool.take(address) is second
        assert pool.take(address) is first
        assert pool.take(address) is None
        pool.give(address, first)
        assert pool.take(Address("127.0.0.1", 1, tls=False)) is None, "it is for its own address only"
        assert pool.take(address) is first


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"], ids=["closed", "spoken"])
def test_a_stale_connection_is_closed(listener: socket.socket, said: bytes) -> None:
    """One that the peer has closed, or on which it has said what nobody asked for, is not handed out."""
    address, pool = address_of(listener), Pool(None, 5, 5)
    connection = pool.connect(address)
    with accept(listener) as peer:
        pool.give(address, connection)
        if said:
            peer.sendall(said)
        else:
            peer.shutdown(socket.SHUT_WR)
        assert pool.take(address) is None
        assert connection._socket.fileno() == -1


def test_no_more_idle_connections_than_the_limit(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """One beyond the limit is closed when it is given back."""
    monkeypatch.setattr(pool_module, "IDLE_LIMIT", 1)
    address, pool = address_of(listener), Pool(None, 5, 5)
    kept, closed = pool.connect(address), pool.connect(address)
    with accept(listener), accept(listener) as peer:
        pool.give(address, kept)
        pool.give(address, closed)
        assert peer.recv(1) == b""
        assert pool.take(address) is kept
        kept.close()


def test_a_pool_that_is_gone_leaves_no_connection_behind(listener: socket.socket) -> None:
    """Its idle connections are closed."""
    address, pool = address_of(listener), Pool(None, 5, 5)
    pool.give(address, pool.connect(address))
    with accept(listener) as peer:
        del pool
        gc.collect()
        assert peer.recv(1) == b""


class Noting:
    """A connection, or a poller, that notes what becomes of it."""

    def __init__(self) -> None:
        self.fate = list[str]()

    def is_stale(self) -> bool:
        """It is in order."""
        return False

    def rest(self) -> None:
        """Take note of it."""
        self.fate.append("rests")

    def close(self) -> None:
        """Take note of it."""
        self.fate.append("closed")


def test_a_thousand_idle_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each address; each rests, one more is closed, and at the end all are, with what watches them."""
    poller = Noting()
    monkeypatch.setattr(pool_module, "new_poller", lambda: poller)
    pool, connections = Pool(None, 5, 5), [Noting() for _ in range(1002)]
    for connection in connections:
        pool.give(Address("a", 1, tls=False), cast("Connection", connection))
    pool.give(Address("b", 1, tls=False), cast("Connection", other := Noting()))
    assert [connection.fate for connection in connections] == [["rests"]] * 1000 + [["rests", "closed"]] * 2
    assert (other.fate, poller.fate) == (["rests"], [])
    assert pool.take(Address("a", 1, tls=False)) is connections[999]  # type: ignore[comparison-overlap]
    del pool
    gc.collect()
    assert {tuple(one.fate) for one in (*connections[:999], *connections[1000:], other)} == {("rests", "closed")}
    assert (connections[999].fate, poller.fate) == (["rests"], ["closed"])
