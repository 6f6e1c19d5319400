"""A connection to an endpoint that knows when its bytes arrived.

On Linux the kernel stamps what a TCP socket receives (SO_TIMESTAMPNS, see socket(7)); the stamp is
true even if the process reads late. It begins to do so a moment after the first socket of the machine
has asked for it; until then, and elsewhere, the time is that of the read. When several segments wait,
the stamp is that of the last one read. With TLS, too: see tls.py.
"""

from __future__ import annotations

import socket as stdlib
import struct
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from gevent import monkey, socket

from bedrock_locust.process.open_files import refuse_if_few
from bedrock_locust.wire.polling import STAMPED
from bedrock_locust.wire.tls import Tls
from bedrock_locust.wire.waits import Waits

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from bedrock_locust.wire.polling import Poller

SO_TIMESTAMPNS = 35
"""Linux, asm-generic/socket.h; Python's socket module does not name it."""
STAMP = struct.Struct("@qq")
"""struct timespec on 64-bit Linux: seconds and nanoseconds of CLOCK_REALTIME."""
READ = 4096
"""Bytes of a read where few are expected: a large buffer for each token would fragment the memory."""
READ_ON = 64 * 1024
"""Bytes of a read after one that was full."""
BUDGET = 1024 * 1024
"""Bytes of a connection that are read before others have their turn."""
MUCH = 16 * 1024
"""If this many bytes come at once, more are on their way: tokens do not come like this."""
ANCILLARY = stdlib.CMSG_SPACE(STAMP.size) if STAMPED else 0
_plain_socket: Any = monkey.get_original("socket", "socket")


class Address(NamedTuple):
    """Where to connect to."""

    host: str
    port: int
    tls: bool


def _step(
    connection: Connection, read: Callable[[int], bytes], tls: Tls | None, size: int, take: Callable[[bytes], int]
) -> Callable[[], bool]:
    """The step that reads a connection whenever something is there: all of it, up to a budget.

    It runs for each token, so it is a closure. It returns whether more is on its way.
    """
    most = size

    def step() -> bool:
        nonlocal size, most
        came = 0
        try:
            while came < BUDGET:
                data = read(size)
                most = tls.pass_on(data, most, take) if tls else take(data)
                if not most:
                    connection.stop()
                    return False
                came += len(data)
                if len(data) < size:
                    size = min(most, READ)
                    return came >= MUCH
                size = min(most, READ_ON)
        except BlockingIOError:
            pass
        except Exception as error:  # noqa: BLE001 - it is raised where the bytes are waited for
            connection.fail(error)
            return False
        return came >= MUCH

    return step


class Connection:
    """A TCP or TLS connection. Raises OSError, TimeoutError and ssl.SSLError like a socket."""

    def __init__(
        self,
        address: Address,
        context: ssl.SSLContext | None,
        connect_s: float,
        read_s: float,
        poller: Poller,
    ) -> None:
        """Connect, within `connect_s` seconds; a read may wait for `read_s` seconds."""
        self.arrived = 0.0
        """When the bytes of the last read had arrived, on time.perf_counter's clock."""
        self.lag_s = 0.0
        """How late they were read, at most. If more was waiting than was read, they may have come before `arrived`."""
        self.sent_all = True
        """Whether the last request was sent to its end."""
        self.send_error: OSError | None = None
        """Why it was not, where sending failed."""
        self._reading = False
        self._poller, self._more_waits, self._earliest = poller, False, 0.0
        made = socket.create_connection((address.host, address.port), connect_s)
        try:
            refuse_if_few(made.fileno())
            made.setsockopt(stdlib.IPPROTO_TCP, stdlib.TCP_NODELAY, 1)
            made.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_KEEPALIVE, 1)
            if STAMPED:
                made.setsockopt(stdlib.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._tls = Tls(context, address.host, made) if address.tls and context else None
        except BaseException:
            made.close()
            raise
        self._socket = _plain_socket(fileno=made.detach())
        self._socket.setblocking(False)
        self._waits = Waits(self._socket.fileno(), read_s, poller)
        self._read: Callable[[int], bytes] = self._read_stamped if STAMPED else self._read_plain

    def read_on(self, size: int, take: Callable[[bytes], int]) -> None:
        """From now on give `take` what comes, in the hub, whatever the greenlets do meanwhile.

        `take` gets at most `size` bytes at first. It says how many it wants at most next, and 0 when it has
        enough; nothing means that the peer has closed. It may not wait; what it raises is raised by `wait`.
        """
        self._reading = True
        self._poller.watch(self._socket.fileno(), _step(self, self._read, self._tls, size, take))

    def fail(self, error: Exception) -> None:
        """Stop reading. The greenlet that waits gets this error."""
        self.stop()
        self._waits.wake(error)

    def send(self, data: bytes) -> None:
        """Send all of it; from now on the peer may be silent for `read_s` seconds at most.

        A peer may answer before it has all of it, and close. So if reading has begun, sending ends when reading
        ends, and an error in sending is not raised but kept in `send_error`, as there may be something to read.
        """
        self._waits.begin()
        was_reading = self._reading
        self.sent_all, self.send_error = False, None
        rest = memoryview(self._tls.encrypt(data) if self._tls else data)
        while rest and self._reading == was_reading:
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                self._waits.until_writable()
            except OSError as error:
                self.send_error = error
                if was_reading:
                    return
                raise
        self.sent_all = not rest

    def wait(self) -> None:
        """Wait for `wake`. Raises what went wrong in reading, and TimeoutError."""
        self._waits.until_woken()

    def wake(self) -> None:
        """Let the greenlet go on that waits."""
        self._waits.wake()

    def stop(self) -> None:
        """Stop reading."""
        self._reading = False
        self._poller.unwatch(self._socket.fileno())

    def rest(self) -> None:
        """Stop the timer of the wait: the response is complete."""
        self._waits.end()

    def _read_stamped(self, size: int) -> bytes:
        data, ancillary, _, _ = self._socket.recvmsg(size, ANCILLARY)
        now = arrived = self._waits.since = time.perf_counter()
        if ancillary:
            seconds, nanoseconds = STAMP.unpack(ancillary[0][2])
            # Only the short lag is taken from the wall clock, so that setting that clock changes no figure.
            arrived -= max(0.0, time.time() - seconds - nanoseconds * 1e-9)
            if not self._more_waits:
                arrived = max(arrived, self._poller.not_before)
        # Two clocks read one after the other differ a little; arrival times must not run backwards because of that.
        self.arrived = max(self.arrived, arrived)
        more_waits = len(data) == size
        # What a read leaves behind may be as old as what it has read.
        if not self._more_waits:
            self._earliest = self._poller.unseen_since if more_waits else self.arrived
        self._more_waits, self.lag_s = more_waits, now - self._earliest
        received: bytes = data
        return received

    def _read_plain(self, size: int) -> bytes:
        data: bytes = self._socket.recv(size)
        self.arrived = self._waits.since = time.perf_counter()
        return data

    def is_stale(self) -> bool:
        """Whether the peer of an idle connection has closed it, or has sent something that nobody asked for."""
        try:
            self._socket.recv(1, stdlib.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Close it."""
        self.stop()
        self._waits.close()
        self._socket.close()
