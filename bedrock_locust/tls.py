"""TLS over memory BIOs, so that the reads of the socket stay ours, with the kernel's stamps."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gevent import socket

READ = 16384 + 256
"""A TLS record and what is around it."""


class Tls:
    """The TLS of a connection."""

    def __init__(self, context: ssl.SSLContext, host: str, raw: socket.socket) -> None:
        """Shake hands over the socket."""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                raw.sendall(self._outgoing.read())
                data = raw.recv(READ)
                if not data:
                    raise ssl.SSLError("the peer closed the connection during the TLS handshake") from None
                self._incoming.write(data)
            else:
                break
        raw.sendall(self._outgoing.read())

    def encrypt(self, data: bytes) -> bytes:
        """Plain to encrypted."""
        self._object.write(data)
        return self._outgoing.read()

    def decrypt(self, data: bytes) -> bytes:
        """Encrypted to plain; nothing where more is needed."""
        self._incoming.write(data)
        parts = []
        try:
            while part := self._object.read(READ):
                parts.append(part)
        except ssl.SSLWantReadError:
            pass
        return parts[0] if len(parts) == 1 else b"".join(parts)
