"""A network between workers and master: a TCP relay that can stand still, be slow, or cut its connections."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class Relay(threading.Thread):
    """Relays connections to a port of this machine."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.delay_s = 0.0
        """How long each piece of at most 1460 bytes is on its way; the next one waits for it."""
        self.bytes_per_s = float("inf")
        self._target = port
        self._open = threading.Event()
        self._open.set()
        self._threads: list[threading.Thread] = []
        self._pairs: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.start()

    def block(self) -> None:
        """Let nothing pass from now on; the connections stay."""
        self._open.clear()

    def unblock(self) -> None:
        """Let all pass that has waited."""
        self._open.set()

    def cut(self) -> None:
        """End all connections; what is on its way is lost. New ones can be made."""
        pairs, self._pairs = self._pairs, []
        for one in pairs:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End."""
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.unblock()
        self.cut()
        for thread in (self, *self._threads):
            thread.join(5)

    def run(self) -> None:
        """Relay until it is closed."""
        while True:
            try:
                inside = self._server.accept()[0]
            except OSError:
                return
            try:
                outside = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                inside.close()
                continue
            self._pairs += [inside, outside]
            pair = threading.Thread(target=self._connect, args=(inside, outside), daemon=True)
            pair.start()
            self._threads.append(pair)

    def _connect(self, inside: socket.socket, outside: socket.socket) -> None:
        """Relay both ways until one side ends."""
        back = threading.Thread(target=self._relay, args=(outside, inside), daemon=True)
        back.start()
        self._relay(inside, outside)
        back.join()
        inside.close()
        outside.close()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(1460):
                time.sleep(self.delay_s + len(data) / self.bytes_per_s)
                self._open.wait()
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
