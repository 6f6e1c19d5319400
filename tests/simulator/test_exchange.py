"""One HTTP request and its answer, message by message."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bedrock_locust.simulator.errors import ServiceError
from bedrock_locust.simulator.exchange import ClientGoneError, Exchange

from .lapse import lapse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .lapse import Lapse

SCOPE = {
    "method": "POST",
    "raw_path": b"/a%20b",
    "query_string": b"c=%2F",
    "headers": [(b"X-Upper", b"\xe4"), (b"x-lower", b"B")],
    "client": ("127.0.0.1", 1),
}
GONE = {"type": "http.disconnect"}
MILLIONS = b"x" * 5_000_000


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lapse]:
    """Time that passes only while something waits."""
    with lapse(monkeypatch) as passing:
        yield passing
        passing.do(ended())


async def ended() -> None:
    """End what still waits for a client to leave."""
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    """A piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def asked(time: Lapse, *messages: Any, waits_s: float = 0.0) -> tuple[Exchange, list[Any], list[Any]]:
    """An exchange whose server has these messages, each after this time; what is left of them, and what was sent."""
    left, sent = list(messages), list[Any]()

    async def receive() -> Any:
        await asyncio.sleep(waits_s if left else 10**6)
        return left.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    return Exchange(SCOPE, receive, send), left, sent


def test_a_request_is_read_as_it_was_sent(time: Lapse) -> None:
    """Path and query as they are, names of headers in small letters, in the encoding of HTTP."""
    exchange, _, _ = asked(time)
    assert (exchange.method, exchange.path, exchange.query) == ("POST", "/a%20b", "c=%2F")
    assert exchange.headers == [("x-upper", "ä"), ("x-lower", "B")]


def test_a_body_comes_in_pieces(time: Lapse) -> None:
    """It is read once, to its end, and a message need not have a body."""
    exchange, _, _ = asked(
        time, piece(b"a"), {"type": "http.request", "more_body": True}, piece(b"b", more=False), GONE
    )
    assert time.do(exchange.body()) == time.do(exchange.body()) == b"ab"
    exchange, _, _ = asked(time, {"type": "http.request"}, GONE)
    assert time.do(exchange.body()) == b""


@pytest.mark.parametrize(
    ("pieces", "last", "read", "refused"),
    [
        (4, 5_000_000, 5, False),
        (5, 1, 6, True),
        (19, 5_000_000, 20, True),
        (20, 0, 21, True),
        (20, 1, 21, True),
        (30, 1, 21, True),
    ],
)
def test_a_body_has_25_million_bytes_at_most(time: Lapse, *, pieces: int, last: int, read: int, refused: bool) -> None:
    """One that is longer is read up to 100 million, as most clients send all of it before they read."""
    messages = [*[piece(MILLIONS)] * pieces, piece(b"x" * last, more=False)]
    exchange, left, _ = asked(time, *messages, GONE)
    if refused:
        with pytest.raises(ServiceError, match="Member must have length less than or equal to 25000000") as caught:
            time.do(exchange.body())
        assert caught.value.code == "ValidationException"
    else:
        assert len(time.do(exchange.body())) == 25_000_000
    assert pieces + 2 - len(left) == read


@pytest.mark.parametrize(("silence_s", "in_time"), [(59.9, True), (60.1, False)])
def test_a_body_may_be_silent_for_a_minute(time: Lapse, silence_s: float, *, in_time: bool) -> None:
    """Before each of its pieces."""
    exchange, _, _ = asked(time, piece(b"a"), piece(b"b", more=False), GONE, waits_s=silence_s)
    if in_time:
        assert time.do(exchange.body()) == b"ab"
        return
    with pytest.raises(ServiceError, match="did not come in time") as caught:
        time.do(exchange.body())
    assert (caught.value.code, caught.value.status) == ("RequestTimeoutException", 408)


def test_a_client_that_leaves_in_its_request(time: Lapse) -> None:
    """Has no body to be read."""
    exchange, _, _ = asked(time, piece(b"a"), GONE)
    with pytest.raises(ClientGoneError):
        time.do(exchange.body())


@pytest.mark.parametrize("detached", [False, True])
def test_a_client_that_leaves_later(time: Lapse, *, detached: bool) -> None:
    """Ends the task that serves it, unless that shall go on."""

    async def served() -> str:
        exchange, _, _ = asked(time, piece(b"a", more=False), GONE, waits_s=1)
        await exchange.body()
        if detached:
            exchange.detach()
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return f"ended after {time.now_s:g} s"
        return f"went on for {time.now_s:g} s"

    async def task() -> str:
        return await asyncio.create_task(served())

    assert time.do(task()) == ("went on for 6 s" if detached else "ended after 2 s")


START = {"type": "http.response.start", "status": 201}


@pytest.mark.parametrize(
    ("answer", "sent"),
    [
        (
            lambda exchange: exchange.respond(201, {"x-a": "ä€"}, b"abc"),
            [
                START | {"headers": [(b"x-a", b"\xe4?"), (b"content-length", b"3")]},
                {"type": "http.response.body", "body": b"abc"},
            ],
        ),
        (lambda exchange: exchange.begin(201, {"x-a": "1"}), [START | {"headers": [(b"x-a", b"1")]}]),
        (lambda exchange: exchange.chunk(b"a"), [{"type": "http.response.body", "body": b"a", "more_body": True}]),
        (lambda exchange: exchange.end(), [{"type": "http.response.body", "body": b""}]),
        (lambda exchange: exchange.cut(), []),
    ],
    ids=["respond", "begin", "chunk", "end", "cut"],
)
def test_what_is_sent(time: Lapse, answer: Callable[[Exchange], Awaitable[None]], sent: list[Any]) -> None:
    """Nothing else; a cut comes once the server had the time to write, after 20 ms."""
    exchange, _, found = asked(time)
    time.do(answer(exchange))
    assert found == sent
    assert time.now_s == pytest.approx(0.0 if sent else 0.02)
