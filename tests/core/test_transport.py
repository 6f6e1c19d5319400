"""The measured socket: TLS, IPv6, kept and dead connections, proxies, and when bytes arrived."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer
from urllib3.exceptions import ProtocolError

from bedrock_locust.aws import boto3_client as connection
from bedrock_locust.settings.schema import Settings
from bedrock_locust.wire.connection import Address, Connection, Pool
from bedrock_locust.wire.exchange import Exchange
from bedrock_locust.wire.polling import STAMPED, arrivals
from bedrock_locust.wire.stopwatch import Stopwatch
from tests.simulator.process import Simulator

from .test_client import CLAUDE, OPERATIONS, ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bedrock_locust.client import BedrockClient


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """A simulator with TLS, and its certificate."""
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    simulator = Simulator("--tls-self-made", str(certificate), "--ttft-ms", "20", "--tpot-ms", "2")
    yield simulator, certificate
    simulator.stop()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_tls(
    make_client: Callable[..., BedrockClient],
    secure: tuple[Simulator, Path],
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
) -> None:
    """Calls go over TLS with the certificates of AWS_CA_BUNDLE, again and again on one connection."""
    simulator, certificate = secure
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    client = make_client(url=simulator.url)
    calls = [ask(client, operation) for _ in range(3)]
    assert [call.error_message for call in calls if not call.ok] == []
    if calls[0].mode == "streaming":
        assert all(call.ttft_ms and call.ttft_ms > 15 for call in calls)
        assert all(call.chunks == call.output_tokens for call in calls)


def test_certificates_are_verified(make_client: Callable[..., BedrockClient], secure: tuple[Simulator, Path]) -> None:
    """A certificate that nobody vouches for is a failure to connect, and the message says so."""
    call = ask(make_client(url=secure[0].url), "converse_stream")
    assert (call.error, call.error_code, call.error_stage) == ("ConnectionError", "SSLError", "connect")
    assert "certificate verify failed" in call.error_message


def test_ipv6(make_client: Callable[..., BedrockClient]) -> None:
    """An endpoint may have an IPv6 address."""
    simulator = Simulator("--host", "::1", "--ttft-ms", "10", "--tpot-ms", "1")
    try:
        assert "[::1]" in simulator.url
        call = ask(make_client(url=simulator.url), "converse_stream")
        assert call.ok, call
    finally:
        simulator.process.terminate()
        simulator.process.communicate(timeout=10)


def test_a_new_connection_is_told_apart(client: BedrockClient, transport: str) -> None:
    """The time of connecting is recorded for the call that connects, and is part of what came before the start."""
    ask(client, "converse")
    first, second = ask(client, "converse_stream"), ask(client, "converse_stream")
    if transport == "botocore":
        assert (first.connect_ms, first.read_lag_ms) == (None, None), "botocore does not say"
        return
    assert first.connect_ms is None, "the connection of the call before"
    assert second.connect_ms is None
    assert second.read_lag_ms is not None


def test_dead_connections_are_not_used(make_client: Callable[..., BedrockClient]) -> None:
    """A connection that the service closed while it was idle is replaced without a failure."""
    answers = _Closing()
    client = make_client(url=answers.url)
    calls = []
    for _ in range(3):
        calls.append(ask(client, "converse"))
        gevent.sleep(0.1)
    answers.stop()
    assert [call.error_message for call in calls if not call.ok] == []
    assert answers.connections == 3


class _Closing:
    """A server that answers one request on each connection, promises to keep it, and closes it soon after."""

    LENGTH = True
    BODY = b'{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn"}'

    def __init__(self) -> None:
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._serving = gevent.spawn(self._serve)

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            self.connections += 1
            gevent.spawn(self._answer, peer)

    def _answer(self, peer: socket.socket) -> None:
        with peer:
            said = b""
            while b"\r\n\r\n" not in said or not said.rstrip().endswith(b"}"):
                said += peer.recv(65536)
            length = f"content-length: {len(self.BODY)}\r\n" if self.LENGTH else ""
            peer.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{length}\r\n".encode() + self.BODY)
            gevent.sleep(0.02)

    def stop(self) -> None:
        """Stop listening."""
        self._serving.kill()
        self._listener.close()


class _Unmeasured(_Closing):
    """One that does not say how long its answer is: it ends where the connection does."""

    LENGTH = False


def test_an_answer_that_ends_with_its_connection(make_client: Callable[..., BedrockClient]) -> None:
    """An answer without a length is whole when the connection is closed."""
    answers = _Unmeasured()
    calls = [ask(make_client(url=answers.url), "converse") for _ in range(2)]
    answers.stop()
    assert [call.error_message for call in calls if not call.ok] == []


def test_proxies_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where a proxy is set, botocore's own transport is used, and a line says so."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    settings = Settings.model_validate({"model": {"id": CLAUDE}, "aws": {"region": "us-east-1"}})
    connection.connect(settings, simulator=True, version="test")
    assert "a proxy is set for https://bedrock-runtime.us-east-1.amazonaws.com" in caplog.text
    caplog.clear()
    monkeypatch.setenv("NO_PROXY", "bedrock-runtime.us-east-1.amazonaws.com")
    connection.connect(settings, simulator=True, version="test")
    assert caplog.text == ""


def test_an_answer_in_one_piece(make_client: Callable[..., BedrockClient]) -> None:
    """An answer with a content length, on a connection that closes, is read like any other."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        environ["wsgi.input"].read()
        start("200 OK", [("content-type", "application/json"), ("connection", "close")])
        return [_Closing.BODY]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    call = ask(make_client(url=f"http://127.0.0.1:{server.server_port}"), "converse")
    server.stop()
    assert call.ok, call


@contextmanager
def _pair(read_s: float) -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and its peer."""
    watched = arrivals()
    with closing(watched), socket.create_server(("127.0.0.1", 0)) as listener:
        reader = Connection(Address("127.0.0.1", listener.getsockname()[1], tls=False), None, 5, read_s, watched)
        peer, _ = listener.accept()
        with closing(reader), peer:
            yield reader, peer


def _receive(connection: Connection, size: int) -> bytes:
    """The next bytes of a connection."""
    received = []

    def take(data: bytes) -> int:
        received.append(data)
        connection.wake()
        return 0

    connection.read_on(size, take)
    connection.wait()
    return received[0]


@pytest.mark.skipif(not STAMPED, reason="elsewhere greenlets take turns with the sockets")
def test_an_end_in_the_middle_that_comes_while_the_head_waits_to_be_looked_at() -> None:
    """The head is there, and what came of the body can be read, though all has ended before its greenlet goes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = Address("127.0.0.1", listener.getsockname()[1], tls=False)
        pool = Pool(None, 5, 5)
        exchange = Exchange(pool, address, "http://127.0.0.1", Stopwatch())
        peer, _ = listener.accept()
        sending = gevent.spawn(exchange.send, b"x")
        assert peer.recv(1) == b"x"
        pool._arrivals.resume(lambda: _be_busy(0.05))
        peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")
        peer.close()
        sending.get(timeout=5)
        assert exchange.status == 200
        body: list[bytes] = []
        with pytest.raises(ProtocolError):
            exchange._read_body(body.append)
        assert body == [b"hello"]


def _be_busy(seconds: float) -> None:
    begun = time.perf_counter()
    while time.perf_counter() < begun + seconds:
        pass


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_arrival_is_when_it_arrived() -> None:
    """Bytes that wait while the process is busy keep the time at which they came."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)  # the kernel begins to stamp a moment after the first socket has asked for it
        reader.send(b"x")
        sent = time.perf_counter()
        peer.sendall(b"hello")
        while time.perf_counter() < sent + 0.2:
            pass
        assert _receive(reader, 100) == b"hello"
        assert sent - 0.05 < reader.arrived < sent + 0.1, "not 0.2 s later, when it was read"


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_what_waits_together_may_have_come_earlier() -> None:
    """Of bytes that came one after the other while the process was busy only the last time is known: that is said."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)
        reader.send(b"x")
        gevent.sleep(0.01)
        begun = time.perf_counter()
        for _ in range(3):
            peer.sendall(b"x" * 100)
            while time.perf_counter() < begun + 0.1:
                pass
            begun += 0.1
        assert len(_receive(reader, 150)) == 150
        assert reader.lag_s > 0.25 > time.perf_counter() - reader.arrived
        assert len(_receive(reader, 300)) == 150
        assert reader.lag_s > 0.25, "the rest came with them"
        gevent.spawn_later(0.05, peer.sendall, b"y")
        assert _receive(reader, 100) == b"y"
        assert reader.lag_s < 0.05


@pytest.mark.skipif(not STAMPED, reason="only Linux stamps what arrives")
def test_a_clock_that_is_set_bends_no_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that wait while the wall clock is set forth have not come before they were looked for last."""
    with _pair(read_s=5) as (reader, peer):
        gevent.sleep(0.2)
        reader.send(b"x")
        waiting = gevent.spawn(_receive, reader, 100)
        gevent.sleep(0.02)
        sent = time.perf_counter()
        peer.sendall(b"hello")
        wall = time.time
        monkeypatch.setattr(time, "time", lambda: wall() + 5)
        waiting.join(5)
        assert sent - 0.1 < reader.arrived <= time.perf_counter()


def test_what_is_there_does_not_time_out() -> None:
    """A process that stands still for longer than a limit reads what has come in time."""
    with _pair(read_s=0.3) as (reader, peer):
        reader.send(b"x")
        waiting = gevent.spawn(_receive, reader, 100)
        gevent.sleep(0.02)
        peer.sendall(b"hello")
        begun = time.perf_counter()
        while time.perf_counter() < begun + 0.5:
            pass
        waiting.join(5)
        assert waiting.value == b"hello"


def test_silence_has_a_limit() -> None:
    """A read that waits for longer than it may times out; one that is served in time starts anew."""
    with _pair(read_s=0.3) as (reader, peer):
        reader.send(b"x")
        begun = time.perf_counter()
        for _ in range(3):
            gevent.spawn_later(0.2, peer.sendall, b"hello")
            assert _receive(reader, 100) == b"hello"
        with pytest.raises(TimeoutError):
            _receive(reader, 100)
        assert time.perf_counter() - begun > 0.8
