"""What a connection reads of a socket whose bytes come when a script says: how much at a time, and since when it knows.

`UPDATE_GOLDEN=1 pytest tests/core/test_scripted_socket.py` writes the golden file anew: read the difference.
"""

from __future__ import annotations

import errno
import resource
import ssl
import struct
from typing import TYPE_CHECKING, Any

import pytest
from gevent import socket

from bedrock_locust.wire import connection as connection_module
from bedrock_locust.wire.connection import Address, Connection
from bedrock_locust.wire.polling import STAMPED

from .golden_files import check_text
from .scripted import Time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Came = tuple[float, float, bytes | Exception]
"""When something came, when it is read, in seconds from the start, and what it is."""
pytestmark = pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")


class Kernel:
    """A socket, and the poller beside it. What comes has the time at which it came; reading takes none."""

    def __init__(self, time: Time) -> None:
        self._time = time
        self.came: list[tuple[float, bytes | Exception]] = []
        self.reads: list[int] = []
        self.options: list[Any] = []
        self.step: Callable[[], bool] = lambda: False
        self.unseen_since = self.not_before = time.perf_counter()
        self.watched = False
        self.closed = 0
        self.waits = [True]
        """Whether it waits for what is not there yet, as it was told."""

    def fileno(self) -> int:
        """No file."""
        return 3

    def setsockopt(self, *option: Any) -> None:
        """Take note of it."""
        self.options.append(option)

    def detach(self) -> int:
        """Nothing to detach from."""
        return 3

    def setblocking(self, flag: bool) -> None:
        """Take note of it."""
        self.waits.append(flag)

    def recvmsg(self, size: int, room: int) -> tuple[bytes, list[Any], int, None]:
        """The bytes that have come, with the stamp of the last of them."""
        assert room >= 16
        self.reads.append(size)
        if not self.came:
            raise BlockingIOError
        at, what = self.came.pop(0)
        if isinstance(what, Exception):
            raise what
        while len(what) < size and self.came and isinstance(more := self.came[0][1], bytes):
            at, what = self.came.pop(0)[0], what + more
        if len(what) > size:
            self.came.insert(0, (at, what[size:]))
            what = what[:size]
        wall = at + self._time.now - self._time.perf_counter()
        return what, [(1, 35, struct.pack("@qq", int(wall), round((wall % 1) * 1e9)))], 0, None

    def close(self) -> None:
        """Take note of it."""
        self.closed += 1

    def watch(self, _: int, step: Callable[[], bool]) -> None:
        """The poller's."""
        self.step, self.watched = step, True

    def unwatch(self, _: int) -> None:
        """The poller's."""
        self.watched = False

    def resume(self, _: Callable[[], None]) -> None:
        """The poller's."""


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """A clock that the script sets."""
    made = Time()
    monkeypatch.setattr(connection_module, "time", made)
    return made


@pytest.fixture
def make(time: Time, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[Connection, Kernel]]:
    """Makes connections, each with what is below it."""

    def made() -> tuple[Connection, Kernel]:
        kernel: Any = Kernel(time)
        monkeypatch.setattr(socket, "create_connection", lambda *_: kernel)
        monkeypatch.setattr(connection_module, "_plain_socket", lambda fileno: kernel)
        return Connection(Address("host", 80, tls=False), None, 5, 5, kernel), kernel

    return made


MB = 1024 * 1024
CASES: dict[str, tuple[int, list[Came]]] = {
    "a token at a time": (256, [(0.1, 0.1, b"x" * 90), (0.2, 0.25, b"x" * 90), (0.3, 0.3, b"x" * 256)]),
    "more than was asked for": (256, [(0.1, 0.1, b"x" * 255), (0.2, 0.2, b"x" * 257), (0.3, 0.3, b"x" * 600)]),
    "several that waited together": (256, [(0.10, 0.4, b"x" * 90), (0.15, 0.4, b"x" * 90), (0.2, 0.4, b"x" * 190)]),
    "in large pieces": (MB, [(0.1, 0.1, b"x" * 4095), (0.2, 0.2, b"x" * 4096), (0.3, 0.3, b"x" * 4097)]),
    "much at once": (MB, [(0.1, 0.1, b"x" * 16_383), (0.2, 0.2, b"x" * 16_384), (0.3, 0.3, b"x" * 200_000)]),
    "much, in parts of 8 kB": (8192, [(0.1, 0.1, b"x" * 16_384), (0.2, 0.2, b"x" * 12_288)]),
    "more than its turn": (MB, [(0.1, 0.1, b"x" * (MB + 100_000))]),
    "the end": (256, [(0.1, 0.1, b"x" * 90), (0.2, 0.2, b"")]),
    "a reset": (256, [(0.1, 0.1, b"x" * 90), (0.2, 0.2, ConnectionResetError(104, "reset"))]),
    "stamped before it was looked for last": (256, [(0.10, 0.2, b"x" * 10), (0.05, 0.3, b"x" * 10)]),
    "stamped in the future": (256, [(0.9, 0.2, b"x" * 10), (0.1, 0.3, b"x" * 10)]),
}


def read(
    time: Time, connection: Connection, kernel: Kernel, case: tuple[int, list[Came]], known_since_s: float
) -> Iterator[str]:
    """What a connection reads of what comes, in words, each time that it looks."""
    size, steps = case
    start, origin, got = time.perf_counter(), time.now, list[str]()

    def take(data: bytes) -> int:
        arrived_ms, lag_ms = (
            round(1000 * seconds, 3) + 0.0 for seconds in (connection.arrived - start, connection.lag_s)
        )
        got.append(f"{len(data)} arrived {arrived_ms} ms, {lag_ms} ms late")
        return size

    connection.read_on(size, take)
    for read_at in dict.fromkeys(at for _, at, _ in steps):
        time.now = origin + read_at
        kernel.came = [(start + came_at, what) for came_at, at, what in steps if at == read_at]
        kernel.unseen_since = kernel.not_before = start + min(known_since_s, read_at)
        more = kernel.step()
        assert isinstance(more, bool)
        reads = f"{kernel.reads} -> {'; '.join(got)}"
        yield f"read at {1000 * read_at:g} ms: {reads}; {'more comes' if more else 'no more'}, {kernel.watched}"
        kernel.reads.clear()
        got.clear()
    time.now = origin


@pytest.mark.parametrize("known_since_s", [0.0, 0.18])
def test_what_is_read_is_as_it_was_read_and_approved(
    time: Time, make: Callable[[], tuple[Connection, Kernel]], known_since_s: float
) -> None:
    """Sizes of the reads and what they bring, when it had arrived, how late it was read, and whether more is near."""
    told = [f"{name}, {line}" for name, case in CASES.items() for line in read(time, *make(), case, known_since_s)]
    check_text(f"socket_{1000 * known_since_s:g}.txt", "\n".join(told) + "\n")


def test_a_connection_is_made_for_tokens(make: Callable[[], tuple[Connection, Kernel]]) -> None:
    """Small packets at once, a peer that is gone is noticed, and the kernel stamps what comes."""
    _, kernel = make()
    assert kernel.options == [(6, 1, 1), (1, 9, 1), (1, 35, 1)]
    assert (kernel.waits, kernel.closed) == ([True, False], 0)


def test_a_connection_that_nobody_has_used(make: Callable[[], tuple[Connection, Kernel]]) -> None:
    """It has read nothing, and has nothing left to send."""
    connection, _ = make()
    assert (connection.arrived, connection.lag_s, connection.sent_all, connection.send_error) == (0.0, 0.0, True, None)


@pytest.mark.parametrize("what", [b"x" * 20_000, b""], ids=["bytes", "end"])
def test_who_has_enough_is_not_read_for(time: Time, make: Callable[[], tuple[Connection, Kernel]], what: bytes) -> None:
    """Nothing more is read, and nothing of it is near, however much has come."""
    connection, kernel = make()
    got = list[int]()

    def take(data: bytes) -> int:
        got.append(len(data))
        return 0 if got == [1000, 0] or len(got) == 2 else 1000

    connection.read_on(1000, take)
    kernel.came = [(time.perf_counter(), b"x" * 1000), (time.perf_counter(), what)]
    assert kernel.step() is False
    assert (kernel.watched, got, kernel.reads) == (False, [1000, min(len(what), 1000)], [1000, 1000])


def test_a_connection_without_tls_has_none(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though there are certificates that it could trust."""
    kernel: Any = Kernel(time)
    monkeypatch.setattr(socket, "create_connection", lambda *_: kernel)
    monkeypatch.setattr(connection_module, "_plain_socket", lambda fileno: kernel)
    connection = Connection(Address("host", 80, tls=False), ssl.create_default_context(), 5, 5, kernel)
    kernel.came = [(time.perf_counter(), b"plain")]
    got = list[bytes]()

    def take(data: bytes) -> int:
        got.append(data)
        return 256

    connection.read_on(256, take)
    kernel.step()
    assert got == [b"plain"]


def test_where_few_files_are_left_no_connection_stays(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed, and why is raised."""
    kernel: Any = Kernel(time)
    monkeypatch.setattr(socket, "create_connection", lambda *_: kernel)
    monkeypatch.setattr(connection_module, "_plain_socket", lambda fileno: kernel)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (19, 19))
    with pytest.raises(OSError, match="the last 16 of 19 are for the run itself") as caught:
        Connection(Address("host", 80, tls=False), None, 5, 5, kernel)
    assert (caught.value.errno, kernel.closed) == (errno.EMFILE, 1)
