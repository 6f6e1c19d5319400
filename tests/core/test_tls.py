"""The TLS of a connection, where its end comes together with data, or alone."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import gevent
import pytest
from botocore.exceptions import SSLError
from urllib3.exceptions import ProtocolError

from bedrock_locust.simulator import certificates
from bedrock_locust.wire.connection import Address
from bedrock_locust.wire.exchange import Exchange
from bedrock_locust.wire.pool import Pool
from bedrock_locust.wire.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Peer:
    """The server's end of a TLS connection, which decides what goes out in one piece."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext) -> None:
        self.raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def _receive(self) -> None:
        self.raw.sendall(self._outgoing.read())
        data = self.raw.recv(65536)
        if not data:
            raise ConnectionResetError("the client has gone")
        self._incoming.write(data)

    def shake_hands(self) -> None:
        """Wait for the client's part of it."""
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                self._receive()
            else:
                return

    def read(self) -> bytes:
        """The next bytes of the client."""
        while True:
            try:
                return self._object.read(65536)
            except ssl.SSLWantReadError:
                self._receive()

    def send(self, data: bytes, *, and_end: bool) -> None:
        """Send this, and in the same piece that nothing follows."""
        if data:
            self._object.write(data)
        if and_end:
            with suppress(ssl.SSLWantReadError):
                self._object.unwrap()
        self.raw.sendall(self._outgoing.read())


@contextmanager
def exchange(folder: Path, host: str = "127.0.0.1") -> Iterator[tuple[Exchange, Peer]]:
    """An exchange that has connected to a host, and its peer, whose certificate is for 127.0.0.1."""
    pair = certificates.make("127.0.0.1")
    (folder / "certificate.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    of_client = ssl.create_default_context(cafile=str(folder / "certificate.pem"))
    with socket.create_server((host, 0)) as listener:
        address = Address(host, listener.getsockname()[1], tls=True)
        connecting = gevent.spawn(Exchange, Pool(of_client, 5, 5), address, "https://127.0.0.1", Stopwatch())
        raw, _ = listener.accept()
        with raw:
            raw.settimeout(5)
            peer = Peer(raw, of_server)
            with suppress(ssl.SSLError, OSError):  # that of the client counts
                peer.shake_hands()
                peer.send(b"", and_end=False)
            yield connecting.get(timeout=5), peer


HEAD = b"HTTP/1.1 200 OK\r\n"
WITH_LENGTH = HEAD + b"connection: close\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000
WITHOUT = HEAD + b"\r\n" + b"x" * 5000


@pytest.mark.parametrize("said", [WITH_LENGTH, WITHOUT], ids=["length", "no length"])
@pytest.mark.parametrize("together", [True, False], ids=["together", "apart"])
def test_an_end_that_the_peer_announces(tmp_path: Path, said: bytes, together: bool) -> None:
    """The response is whole, although the connection stays open underneath."""
    with exchange(tmp_path) as (ours, peer):
        sending = gevent.spawn(ours.send, b"request")
        assert peer.read() == b"request"
        peer.send(said, and_end=together)
        sending.get(timeout=5)
        reading = gevent.spawn(ours.read)
        gevent.sleep(0.02)
        if not together:
            peer.send(b"", and_end=True)
        assert reading.get(timeout=5) == b"x" * 5000


@pytest.mark.parametrize("size", [0, 2, 4050, 4096, 20_000])
def test_an_answer_of_any_size(tmp_path: Path, size: int) -> None:
    """Shorter or longer than what is taken out at once, and than a record of TLS; the connection is kept."""
    with exchange(tmp_path) as (ours, peer):
        sending = gevent.spawn(ours.send, b"request")
        assert peer.read() == b"request"
        peer.send(HEAD + b"content-length: %d\r\n\r\n" % size + b"x" * size, and_end=False)
        sending.get(timeout=5)
        assert ours.read() == b"x" * size
        kept = ours._pool.take(ours._address)
        assert kept is not None
        kept.close()


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    """It may be valid: it is not that of the host that we asked for."""
    with pytest.raises(SSLError, match=r"127\.0\.0\.2"), exchange(tmp_path, "127.0.0.2"):
        pass  # pragma: no cover


def test_an_end_in_the_middle(tmp_path: Path) -> None:
    """What was announced as longer is broken."""
    with exchange(tmp_path) as (ours, peer):
        sending = gevent.spawn(ours.send, b"request")
        peer.read()
        peer.send(WITH_LENGTH[:-1], and_end=True)
        sending.get(timeout=5)
        with pytest.raises(ProtocolError):
            ours.read()


def test_a_peer_that_closes_within_the_handshake() -> None:
    """It is said, and nobody waits for more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1], tls=True)
        pool = Pool(ssl.create_default_context(), 5, 5)
        connecting = gevent.spawn(Exchange, pool, address, "https://127.0.0.1", Stopwatch())
        raw, _ = listener.accept()
        with raw:
            raw.recv(65536)
        with pytest.raises(SSLError, match="the peer closed the connection during the TLS handshake"):
            connecting.get(timeout=5)
