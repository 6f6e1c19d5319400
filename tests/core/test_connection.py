"""A connection: when its bytes arrived, and how long it waits for them."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import gevent
import pytest

from bedrock_locust.wire.connection import Address, Connection
from bedrock_locust.wire.polling import STAMPED, new_poller

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _pair(read_s: float) -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and its peer."""
    poller = new_poller()
    with closing(poller), socket.create_server(("127.0.0.1", 0)) as listener:
        reader = Connection(Address("127.0.0.1", listener.getsockname()[1], tls=False), None, 5, read_s, poller)
        peer, _ = listener.accept()
        with closing(reader), peer:
            yield reader, peer


def _receive(connection: Connection, size: int) -> bytes:
    """The next bytes of a connection."""
    received = []

    def take(data: bytes) -> int:
        received.append(data)
        connection.wake()
        return 0

    connection.read_on(size, take)
    connection.wait()
    return received[0]


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_arrival_is_when_it_arrived() -> None:
    """Bytes that wait while the process is busy keep the time at which they came."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)  # the kernel begins to stamp a moment after the first socket has asked for it
        reader.send(b"x")
        sent = time.perf_counter()
        peer.sendall(b"hello")
        while time.perf_counter() < sent + 0.2:
            pass
        assert _receive(reader, 100) == b"hello"
        assert sent - 0.05 < reader.arrived < sent + 0.1, "not 0.2 s later, when it was read"


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_what_waits_together_may_have_come_earlier() -> None:
    """Of bytes that came one after the other while the process was busy only the last time is known: that is said."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)
        reader.send(b"x")
        gevent.sleep(0.01)
        begun = time.perf_counter()
        for _ in range(3):
            peer.sendall(b"x" * 100)
            while time.perf_counter() < begun + 0.1:
                pass
            begun += 0.1
        assert len(_receive(reader, 150)) == 150
        assert reader.lag_s > 0.25 > time.perf_counter() - reader.arrived
        assert len(_receive(reader, 300)) == 150
        assert reader.lag_s > 0.25, "the rest came with them"
        gevent.spawn_later(0.05, peer.sendall, b"y")
        assert _receive(reader, 100) == b"y"
        assert reader.lag_s < 0.05


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_a_clock_that_is_set_bends_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that wait while the wall clock is set forth have not come before they were looked for last."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)
        reader.send(b"x")
        waiting = gevent.spawn(_receive, reader, 100)
        gevent.sleep(0.02)
        sent = time.perf_counter()
        peer.sendall(b"hello")
        wall = time.time
        monkeypatch.setattr(time, "time", lambda: wall() + 5)
        waiting.join(5)
        assert sent - 0.1 < reader.arrived <= time.perf_counter()


def test_what_is_there_does_not_time_out() -> None:
    """A process that stands still for longer than a limit reads what has come in time."""
    with _pair(read_s=0.3) as (reader, peer):
        reader.send(b"x")
        waiting = gevent.spawn(_receive, reader, 100)
        gevent.sleep(0.02)
        peer.sendall(b"hello")
        begun = time.perf_counter()
        while time.perf_counter() < begun + 0.5:
            pass
        waiting.join(5)
        assert waiting.value == b"hello"


def test_what_is_there_does_not_time_out_later_either() -> None:
    """The same after a read in time: the timer has run once by then, with some of the limit left."""
    with _pair(read_s=0.3) as (reader, peer):
        reader.send(b"x")
        begun = time.perf_counter()
        gevent.spawn_later(0.15, peer.sendall, b"first")
        assert _receive(reader, 100) == b"first"
        waiting = gevent.spawn(_receive, reader, 100)
        gevent.sleep(0.33 - (time.perf_counter() - begun))
        peer.sendall(b"hello")
        while time.perf_counter() < begun + 0.7:
            pass
        waiting.join(5)
        assert waiting.value == b"hello"


def test_silence_has_a_limit() -> None:
    """A read that waits for longer than it may times out; one that is served in time starts anew."""
    with _pair(read_s=0.3) as (reader, peer):
        reader.send(b"x")
        begun = time.perf_counter()
        for _ in range(3):
            gevent.spawn_later(0.2, peer.sendall, b"hello")
            assert _receive(reader, 100) == b"hello"
        with pytest.raises(TimeoutError):
            _receive(reader, 100)
        assert time.perf_counter() - begun > 0.8


def test_a_request_that_is_not_taken_whole() -> None:
    """Its connection knows, whether sending failed, or ended because reading did: nobody may use it again."""
    with _pair(read_s=5) as (reader, peer):
        reader.read_on(100, len)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        peer.close()
        reader.send(b"x")
        assert isinstance(reader.send_error, OSError)
        assert reader.sent_all is False
    with _pair(read_s=5) as (reader, peer):

        def enough(_: bytes) -> int:
            reader.wake()
            return 0

        reader.read_on(100, enough)
        gevent.spawn_later(0.02, peer.sendall, b"no")
        reader.send(b"x" * 20_000_000)
        assert (reader.sent_all, reader.send_error) == (False, None)
    with _pair(read_s=5) as (reader, peer):
        reader.send(b"x")
        assert (reader.sent_all, peer.recv(9)) == (True, b"x")


def test_a_peer_that_has_gone_before_anything_is_read() -> None:
    """The error in sending is raised: nobody reads yet what may be there, and the next try fails as well."""
    with _pair(read_s=5) as (sender, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        peer.close()
        for _ in range(2):
            with pytest.raises(OSError, match=r"Connection reset|Broken pipe"):
                sender.send(b"x")
            assert isinstance(sender.send_error, OSError)
            assert sender.sent_all is False
