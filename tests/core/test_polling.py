"""What has arrived: each socket is served, whoever else is, and what comes late keeps its time."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING

import gevent
import pytest

from bedrock_locust.wire.polling import COLLECT_S, FEW, STAMPED, BatchPoller, EagerPoller
from bedrock_locust.wire.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Callable

    from bedrock_locust.wire.polling import Poller

KINDS = [
    pytest.param(EagerPoller, id="eager"),
    pytest.param(BatchPoller, id="batch", marks=pytest.mark.skipif(not STAMPED, reason="epoll is Linux's")),
]
SOCKETS, MESSAGES = 40, 30


class Reader:
    """Reads one end of a pair of sockets, as a step."""

    def __init__(self, stack: ExitStack, poller: Poller, enough: int) -> None:
        self._poller = poller
        self.ours, self.peer = (stack.enter_context(end) for end in socket.socketpair())
        self.ours.setblocking(False)
        self.waits = stack.enter_context(closing(Waits(self.ours.fileno(), 5, poller)))
        self.waits.begin()
        self.received = b""
        self.steps = 0
        self.more_comes = False
        self.enough = enough

    def step(self) -> bool:
        """One read, after which more may be on its way."""
        self.steps += 1
        self.received += self.ours.recv(100)
        if len(self.received) >= self.enough:
            self._poller.unwatch(self.ours.fileno())
            self.waits.wake()
        return self.more_comes

    def read(self) -> bytes:
        """All that is wanted."""
        self._poller.watch(self.ours.fileno(), self.step)
        self.waits.until_woken()
        return self.received


@pytest.mark.parametrize("kind", KINDS)
def test_all_sockets_are_served(kind: Callable[[], Poller]) -> None:
    """Many sockets at once, one message after the other: each greenlet gets all of its own."""
    with ExitStack() as stack:
        poller = stack.enter_context(closing(kind()))
        readers = [Reader(stack, poller, MESSAGES) for _ in range(SOCKETS)]
        greenlets = [gevent.spawn(reader.read) for reader in readers]
        for message in range(MESSAGES):
            for reader in readers:
                reader.peer.send(bytes([message]))
            gevent.sleep(COLLECT_S / 2)
        gevent.joinall(greenlets, timeout=10, raise_error=True)
        assert [greenlet.value for greenlet in greenlets] == [bytes(range(MESSAGES))] * SOCKETS


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_that_ends_the_watch_of_another(kind: Callable[[], Poller]) -> None:
    """Two sockets are ready at once: the one that is served first ends the watch of the other, which is not read."""
    with ExitStack() as stack:
        poller = stack.enter_context(closing(kind()))
        readers = [Reader(stack, poller, 1) for _ in range(2)]
        for reader, other in (readers, reversed(readers)):
            reader.peer.send(b"x")
            poller.watch(reader.ours.fileno(), partial(_read_alone, poller, reader, other))
        gevent.sleep(5 * COLLECT_S)
        assert sorted(reader.received for reader in readers) == [b"", b"x"]


def _read_alone(poller: Poller, reader: Reader, other: Reader) -> bool:
    for each in (reader, other):
        poller.unwatch(each.ours.fileno())
    reader.received += reader.ours.recv(100)
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_raised_where_it_is_waited(kind: Callable[[], Poller]) -> None:
    """What a step hands to `wake` reaches the greenlet, whether it waits yet or not."""
    with ExitStack() as stack:
        poller = stack.enter_context(closing(kind()))
        early, late = (Reader(stack, poller, 1) for _ in range(2))
        for reader in (early, late):
            poller.watch(reader.ours.fileno(), partial(_fail, poller, reader))
        waiting = gevent.spawn(early.waits.until_woken)
        gevent.sleep(0)
        for reader in (early, late):
            reader.peer.send(b"x")
        waiting.join(5)
        gevent.sleep(5 * COLLECT_S)
        assert isinstance(waiting.exception, ConnectionResetError)
        with pytest.raises(ConnectionResetError):
            late.waits.until_woken()


@pytest.mark.skipif(not STAMPED, reason="epoll is Linux's")
@pytest.mark.parametrize("collects", [False, True], ids=["at once", "collected"])
def test_a_poller_that_is_closed_by_a_step_stays_closed(collects: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """The hub that serves it reads no closed set, at once and later, and has nothing to complain of."""
    with ExitStack() as stack:
        poller = BatchPoller()
        readers = [Reader(stack, poller, 100) for _ in range(FEW + 1 if collects else 1)]
        for reader in readers:
            poller.watch(reader.ours.fileno(), reader.step)
        readers[0].peer.send(b"x")
        gevent.sleep(0)
        closer = Reader(stack, poller, 1)
        poller.watch(closer.ours.fileno(), partial(_close, poller))
        for reader in (*readers, closer):
            reader.peer.send(b"x")
        gevent.sleep(5 * COLLECT_S)
    assert "Traceback" not in capfd.readouterr().err


def _close(poller: Poller) -> bool:
    poller.resume(_work)
    poller.resume(_work)
    poller.close()
    return True


def _work() -> None:
    begun = time.perf_counter()
    while time.perf_counter() < begun + 2 * COLLECT_S:
        pass


def _fail(poller: Poller, reader: Reader) -> bool:
    poller.unwatch(reader.ours.fileno())
    reader.waits.wake(ConnectionResetError())
    return False


def _steps(others: int, *, more_comes: bool) -> tuple[int, float]:
    """How often a socket is read on which 500 bytes come one by one, beside idle ones, and in how many COLLECT_S."""
    with ExitStack() as stack:
        poller = stack.enter_context(closing(BatchPoller()))
        reader = Reader(stack, poller, 500)
        reader.more_comes = more_comes
        for idle in [Reader(stack, poller, 1) for _ in range(others)]:
            poller.watch(idle.ours.fileno(), idle.step)
        greenlet = gevent.spawn(reader.read)
        gevent.sleep(0)
        begun = time.perf_counter()
        for _ in range(500):
            reader.peer.send(b"x")
            gevent.sleep(COLLECT_S / 20)
        greenlet.join(10)
        assert len(reader.received) == 500
        return reader.steps, (time.perf_counter() - begun) / COLLECT_S


@pytest.mark.skipif(not STAMPED, reason="epoll is Linux's")
def test_thick_and_fast_is_collected() -> None:
    """Where many sockets are read, bytes that come one after the other are fetched together; none waits for long."""
    steps, periods = _steps(FEW, more_comes=False)
    assert steps <= 2 + periods * 1.5


@pytest.mark.skipif(not STAMPED, reason="epoll is Linux's")
@pytest.mark.parametrize(("others", "more_comes"), [(FEW - 1, False), (FEW, True)])
def test_what_cannot_wait_is_read_at_once(others: int, more_comes: bool) -> None:
    """With few sockets, or while much comes on one, each message is fetched when it comes."""
    steps, _ = _steps(others, more_comes=more_comes)
    assert steps > 400


@pytest.mark.skipif(not STAMPED, reason="epoll is Linux's")
def test_reading_does_not_wait_for_who_goes_on() -> None:
    """When many answers are complete at once and each greenlet then works, tokens of others are read in between."""
    with ExitStack() as stack:
        poller = stack.enter_context(closing(BatchPoller()))
        readers = [Reader(stack, poller, 1) for _ in range(SOCKETS)]
        other = Reader(stack, poller, 2)
        worked_before_other = []

        def go_on(reader: Reader) -> None:
            reader.read()
            begun = time.perf_counter()
            while time.perf_counter() < begun + 2 * COLLECT_S:
                pass
            worked_before_other.append(not other.received)
            if len(worked_before_other) == 1:
                other.peer.send(b"x")

        greenlets = [gevent.spawn(go_on, reader) for reader in readers]
        waiting = gevent.spawn(other.read)
        gevent.sleep(0)
        for reader in readers:
            reader.peer.send(b"x")
        gevent.joinall(greenlets, timeout=10, raise_error=True)
        waiting.kill()
        assert other.received == b"x"
        assert sum(worked_before_other) <= 5, "not only after all of them"
