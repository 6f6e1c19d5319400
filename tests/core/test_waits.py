"""How a greenlet waits for a socket: woken, failed, or at the limit; never both, and never for what came before."""

from __future__ import annotations

import socket
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import gevent
import pytest

from bedrock_locust.wire.polling import EagerPoller
from bedrock_locust.wire.waits import Waits

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 0.2


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of a connection."""
    ours, peer = socket.socketpair()
    with ours, peer:
        ours.setblocking(False)
        yield ours, peer


@pytest.fixture
def waits(pair: tuple[socket.socket, socket.socket]) -> Iterator[Waits]:
    """The waits for our end."""
    with closing(EagerPoller()) as poller, closing(Waits(pair[0].fileno(), LIMIT_S, poller)) as made:
        yield made


def fill(end: socket.socket) -> None:
    """Send until there is no more room."""
    with suppress(BlockingIOError):
        while True:
            end.send(b"x" * 65536)


def test_a_wake_lets_it_go_on_once(waits: Waits) -> None:
    """A wake that comes first counts for the next wait, and for that one only."""
    waits.begin()
    waits.wake()
    waits.until_woken()
    waiting = gevent.spawn(waits.until_woken)
    gevent.sleep(0)
    assert not waiting.ready()
    waits.wake()
    waiting.join(5)
    assert waiting.successful()


def test_an_error_stays_until_the_next_response(waits: Waits) -> None:
    """Each wait raises it; `begin` forgets it."""
    waits.begin()
    waits.wake(ConnectionResetError("gone"))
    for _ in range(2):
        with pytest.raises(ConnectionResetError, match="gone"):
            waits.until_woken()
    waits.begin()
    waits.wake()
    waits.until_woken()


def test_the_limit_is_a_timeout(waits: Waits) -> None:
    """After the limit, and not before it."""
    waits.begin()
    begun = time.perf_counter()
    with pytest.raises(TimeoutError, match="timed out"):
        waits.until_woken()
    assert time.perf_counter() - begun >= LIMIT_S


def test_the_limit_counts_from_what_came_last(waits: Waits) -> None:
    """News at half of the limit moves it: a response may take longer than the limit in all."""
    waits.begin()
    begun = time.perf_counter()
    waiting = gevent.spawn(waits.until_woken)
    gevent.sleep(LIMIT_S * 0.6)
    waits.since = time.perf_counter()
    waiting.join(10)
    assert isinstance(waiting.exception, TimeoutError)
    assert time.perf_counter() - begun >= LIMIT_S * 1.6


def test_a_process_that_stood_still_looks_once_more(waits: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its timer is late; what has come meanwhile is read first, and is no timeout."""
    monkeypatch.setattr("bedrock_locust.wire.waits.LAST_LOOK_S", 60)
    waits.begin()
    waiting = gevent.spawn(waits.until_woken)
    gevent.sleep(0)
    frozen_until = time.perf_counter() + LIMIT_S * 1.5
    while time.perf_counter() < frozen_until:
        pass
    gevent.sleep(0.01)
    assert not waiting.ready()
    waits.wake()
    waiting.join(5)
    assert waiting.successful()


def test_at_its_end_no_timer_is_left(waits: Waits) -> None:
    """The limit of a response that is over ends no later wait."""
    waits.begin()
    waits.end()
    waiting = gevent.spawn(waits.until_woken)
    gevent.sleep(LIMIT_S * 1.5)
    assert not waiting.ready()
    waits.wake()
    waiting.join(5)
    assert waiting.successful()


def test_one_that_is_killed_is_not_woken(waits: Waits) -> None:
    """A user that is stopped while it waits: a wake that comes later goes to nobody."""
    waits.begin()
    waiting = gevent.spawn(waits.until_woken)
    gevent.sleep(0)
    waiting.kill(block=False)
    waits.wake()
    waiting.join(5)
    assert isinstance(waiting.value, gevent.GreenletExit)
    gevent.sleep(0.01)
    waits.until_woken()


def test_room_to_write(pair: tuple[socket.socket, socket.socket], waits: Waits) -> None:
    """It waits while the other side takes nothing, and goes on when it does."""
    ours, peer = pair
    peer.setblocking(False)
    waits.begin()
    waits.until_writable()
    fill(ours)
    waiting = gevent.spawn(waits.until_writable)
    gevent.sleep(0.02)
    assert not waiting.ready()
    before = waits.since
    with suppress(BlockingIOError):
        while peer.recv(1 << 20):
            pass
    waiting.join(5)
    assert waiting.successful()
    assert waits.since > before


def test_no_room_to_write_is_a_timeout(pair: tuple[socket.socket, socket.socket], waits: Waits) -> None:
    """The other side never reads."""
    waits.begin()
    fill(pair[0])
    with pytest.raises(TimeoutError):
        waits.until_writable()


def test_room_to_write_is_not_something_to_read(pair: tuple[socket.socket, socket.socket], waits: Waits) -> None:
    """What the other side says does not let it go on; and once there was room, nothing of that wait is left."""
    ours, peer = pair
    peer.setblocking(False)
    waits.begin()
    fill(ours)
    peer.send(b"x")
    done = list[str]()

    def write_and_read() -> None:
        waits.until_writable()
        done.append("written")
        waits.until_woken()
        done.append("woken")

    waiting = gevent.spawn(write_and_read)
    gevent.sleep(0.02)
    assert done == []
    with suppress(BlockingIOError):
        while peer.recv(1 << 20):
            pass
    gevent.sleep(0.02)
    assert done == ["written"]
    waits.wake()
    waiting.join(5)
    assert done == ["written", "woken"]


def test_a_limit_that_passes_while_nobody_waits(waits: Waits) -> None:
    """It is for waits alone: who has been woken, and does something else meanwhile, hears nothing of it."""

    def wait_and_work() -> str:
        waits.until_woken()
        gevent.sleep(LIMIT_S * 1.2)
        return "done"

    fresh = gevent.spawn(wait_and_work)
    gevent.sleep(0)
    assert not fresh.ready()
    waits.begin()
    waits.wake()
    fresh.join(5)
    assert fresh.value == "done"
