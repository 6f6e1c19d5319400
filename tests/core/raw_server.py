"""A server that sends exactly the bytes it is told to: for answers that no real server makes on purpose."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Answer = Callable[[socket.socket, bytes], object]
    """Sends an answer to a request (head and body) over the socket."""


class RawServer:
    """Serves in greenlets of this process, on a free port of the loopback. Use it through `serving`."""

    def __init__(self, answer: Answer, read: Callable[[socket.socket], bytes]) -> None:
        self.answer = answer
        self._read = read
        self.requests: list[bytes] = []
        """The requests as they came, each whole."""
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._greenlets: list[gevent.Greenlet[..., None]] = [gevent.spawn(self._accept)]

    def _accept(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            self.connections += 1
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._greenlets.append(gevent.spawn(self._serve, peer))

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            try:
                while request := self._read(peer):
                    self.requests.append(request)
                    if self.answer(peer, request) is CLOSE:
                        return
            except OSError:
                return  # the client has gone

    def stop(self) -> None:
        """Stop listening, and close all connections."""
        gevent.killall(self._greenlets, timeout=5)
        self._listener.close()


CLOSE = object()
"""What an Answer returns to have its connection closed."""


@contextmanager
def serving(answer: Answer, read: Callable[[socket.socket], bytes] | None = None) -> Iterator[RawServer]:
    """A server that gives this answer to each request, once it has read it: all of it, or what `read` reads."""
    server = RawServer(answer, read or read_request)
    try:
        yield server
    finally:
        server.stop()


def read_head(peer: socket.socket) -> bytes:
    """The begin of the next request, all of its head included; empty where the client has closed the connection."""
    said = b""
    while b"\r\n\r\n" not in said:
        if not (more := peer.recv(65536)):
            return b""
        said += more
    return said


def read_request(peer: socket.socket) -> bytes:
    """The next request, whole; empty where the client has closed the connection."""
    said = read_head(peer)
    if not said:
        return b""
    head, _, _ = said.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    missing = len(head) + 4 + int(fields.get(b"content-length", b"0")) - len(said)
    while missing > 0:
        if not (more := peer.recv(min(missing, 65536))):
            return b""
        said += more
        missing -= len(more)
    return said


def in_pieces(pieces: Iterable[bytes], gap_s: float = 0.0) -> Answer:
    """Sends these bytes, one piece at a time; other greenlets have their turn in between, for `gap_s` seconds."""
    parts = list(pieces)

    def answer(peer: socket.socket, _: bytes) -> object:
        for part in parts:
            peer.sendall(part)
            gevent.sleep(gap_s)
        return None

    return answer


def response(body: bytes, *headers: str, status: str = "200 OK", content_type: str = "application/json") -> bytes:
    """A response with a length."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(body: bytes, size: int) -> bytes:
    """A body in chunks of this size, and the last chunk."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
