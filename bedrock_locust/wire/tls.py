"""TLS over memory buffers, so that the socket is read by our own code, with the kernel's stamps."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gevent import socket

HANDSHAKE = 1024
"""Bytes of a read. It is small because a BIO never gives back the size that it has once reached."""
PLAIN = 4096
"""Bytes taken out at once. A buffer as large as a whole record for each event would fragment the memory."""


class Tls:
    """The TLS of a connection."""

    def __init__(self, context: ssl.SSLContext, host: str, raw: socket.socket) -> None:
        """Do the TLS handshake over the socket. Raises ssl.SSLError and OSError."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                raw.sendall(self._outgoing.read())
                data = raw.recv(HANDSHAKE)
                if not data:
                    raise ssl.SSLError("the peer closed the connection during the TLS handshake") from None
                self._incoming.write(data)
            else:
                break
        raw.sendall(self._outgoing.read())

    def encrypt(self, data: bytes) -> bytes:
        """Encrypt what is to be sent."""
        self._object.write(data)
        return self._outgoing.read()

    def pass_on(self, data: bytes, size: int, take: Callable[[bytes], int]) -> int:
        """Decrypt what was read and give it to `take`. Returns what `take` returns, or `size` if nothing came.

        The end is an empty read, or the close_notify of the peer, which may come together with data.
        """
        self._incoming.write(data)
        parts, ended = [], not data
        try:
            while part := self._object.read(PLAIN):
                parts.append(part)
            ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            ended = True
        if parts:
            size = take(parts[0] if len(parts) == 1 else b"".join(parts))
        return take(b"") if ended and size else size
